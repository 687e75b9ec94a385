"""``where:`` of a mapping file: structured conditions, checked in their shape, and built against the real table.

A condition names a column (a field on Feishu's side) and one test or more, all of which must hold; several conditions
stand in a list, or under ``all:`` or ``any:``.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias
from zoneinfo import ZoneInfo

from syncer.catalog.faults import Key, did_you_mean
from syncer.core.mapping import Misfit, PairSpec, SyncMapping, WhereSpec
from syncer.core.records import Side
from syncer.core.values import Value
from syncer.core.where import Clause, Condition, Group, Test, Where
from syncer.errors import MendError, SchemaError
from syncer.fields import registry
from syncer.fields.forms import ColumnForm, FieldForm, ImpossiblePair, Kind
from syncer.fields.number import plain_number
from syncer.fields.readonly import ReadOnly

if TYPE_CHECKING:
    from syncer.catalog.pairs import Tables

Finding: TypeAlias = "tuple[Key, str]"
Form: TypeAlias = FieldForm | ColumnForm

WORDS = {Side.FEISHU: "field", Side.DATABASE: "column"}
"""How a condition names what it is about."""
_SEVERAL = ("in", "not_in")
_TESTS: Mapping[str, tuple[Test, bool]] = {
    "is": ("in", False),
    "not": ("in", True),
    "in": ("in", False),
    "not_in": ("in", True),
    "contains": ("contains", False),
    "empty": ("empty", False),
    "gt": ("gt", False),
    "gte": ("gte", False),
    "lt": ("lt", False),
    "lte": ("lte", False),
}
_EQUAL, _ORDERED = frozenset({"is", "not", "in", "not_in", "empty"}), frozenset({"gt", "gte", "lt", "lte"})
_ALLOWED: Mapping[Kind, frozenset[str]] = {
    Kind.TEXT: _EQUAL | {"contains"},
    Kind.NUMBER: _EQUAL | _ORDERED,
    Kind.MOMENT: _EQUAL | _ORDERED,
    Kind.DAY: _EQUAL | _ORDERED,
    Kind.FLAG: _EQUAL - {"empty"},
    Kind.CHOICES: frozenset({"contains", "empty"}),
    Kind.JSON: frozenset({"empty"}),
}


# The shape.


def misshapen(given: Any, side: Side, key: Key) -> Iterator[Finding]:
    """Everything wrong with the shape of a ``where:``, each with the key at which it stands."""
    if isinstance(given, list):
        if not given:
            yield key, "holds no condition; write one or leave it out"
        for at, part in enumerate(given):
            yield from misshapen(part, side, (*key, at))
    elif not isinstance(given, dict):
        yield key, f"must be a condition, such as {_example(side)}, or a list of them"
    elif {"all", "any"} & given.keys():
        yield from _misshapen_group(given, side, key)
    else:
        yield from _misshapen_condition(given, side, key)


def _misshapen_group(given: Mapping[str, Any], side: Side, key: Key) -> Iterator[Finding]:
    if len(given) != 1:
        yield key, "holds more than one of all, any and a condition; write each as an item of a list"
    for word in ("all", "any"):
        if word in given:
            if not isinstance(given[word], list):
                yield (*key, word), "must be a list of conditions"
            else:
                yield from misshapen(given[word], side, (*key, word))


def _misshapen_condition(given: Mapping[str, Any], side: Side, key: Key) -> Iterator[Finding]:
    word = WORDS[side]
    if not isinstance(given.get(word), str) or not given[word]:
        yield key, f"names no {word}; write {_example(side)}"
    tests = [name for name in given if name != word]
    if not tests:
        yield key, f"tests nothing; add one of {', '.join(_TESTS)}"
    for name in tests:
        if name not in _TESTS:
            yield (*key, name), f"is no test{did_you_mean(name, [word, *_TESTS])}"
        else:
            yield from _misshapen_value(name, given[name], (*key, name))


def _misshapen_value(name: str, value: Any, key: Key) -> Iterator[Finding]:
    if name == "empty":
        if not isinstance(value, bool):
            yield key, "must be true or false"
    elif name in _SEVERAL:
        if not isinstance(value, list) or not value:
            yield key, "must be a list of values, such as [CN, HK]"
        elif any(isinstance(item, list | dict) for item in value):
            yield key, "holds a list or keys; write plain values"
    elif isinstance(value, dict) or (isinstance(value, list) and (name != "contains" or not value)):
        yield key, f"must be one value{'' if name not in ('is', 'not') else '; for several write in: or not_in:'}"


def _example(side: Side) -> str:
    return f"{{{WORDS[side]}: {'状态, not: 草稿' if side is Side.FEISHU else 'region, in: [CN, HK]'}}}"


def names_in(given: Any, side: Side) -> tuple[str, ...]:
    """The fields or columns that the conditions name, each once, in their order."""
    if isinstance(given, list | tuple):
        return tuple(dict.fromkeys(name for part in given for name in names_in(part, side)))
    if not isinstance(given, Mapping):
        return ()
    inner = [part for word in ("all", "any") if word in given for part in given[word]]
    own = (given[WORDS[side]],) if isinstance(given.get(WORDS[side]), str) else ()
    return (*own, *names_in(inner, side)) if inner else own


def renamed(given: Any, side: Side, ids: Mapping[str, str]) -> Any:
    """The same conditions with the names that are in ``ids`` replaced."""
    if isinstance(given, list | tuple):
        return [renamed(part, side, ids) for part in given]
    if not isinstance(given, Mapping):
        return given
    changed = {word: renamed(part, side, ids) if word in ("all", "any") else part for word, part in given.items()}
    if WORDS[side] in changed:
        changed[WORDS[side]] = ids.get(changed[WORDS[side]], changed[WORDS[side]])
    return changed


# Against the real table.


@dataclass(frozen=True, slots=True)
class _Named:
    """What a condition is about: its present name and how it is read."""

    name: str
    form: Form


def build_where(mapping: SyncMapping, tables: "Tables", zone: ZoneInfo) -> Mapping[Side, Where]:
    """The scope of each side that has one. Raises ``SchemaError`` with every fault."""
    found = {side: _where(side, spec, tables, zone) for side, spec in mapping.where.items()}
    faults = [
        f"mapping {mapping.name}: {'.'.join(map(str, key))}: {message}"
        for _, wrong in found.values()
        for key, message in wrong
    ]
    if faults:
        raise SchemaError(faults)
    return {side: where for side, (where, _) in found.items() if where is not None}


def wrong_where(mapping: SyncMapping, tables: "Tables", zone: ZoneInfo) -> Iterator[Finding]:
    """Every fault of the conditions against the tables, each with the key at which it stands."""
    for side, spec in mapping.where.items():
        yield from _where(side, spec, tables, zone)[1]


def forgotten(mapping: SyncMapping, tables: "Tables", zone: ZoneInfo) -> Iterator[Finding]:
    """Scopes whose leaving deletes, by what no pair carries: nobody would know that a line was inside before."""
    for side, spec in mapping.where.items():
        where, _ = _where(side, spec, tables, zone)
        if where is None or spec.on_leave != "delete":
            continue
        carried = {_present(pair, side, tables) for pair in mapping.pairs}
        if missing := [name for name in where.reads if name not in carried]:
            told = (
                f"delete needs {', '.join(missing)} among fields: (one way is enough); what is not carried is not "
                "remembered, and nobody could tell a line that was taken out of scope from one that we wrote there"
            )
            yield (side.value, "on_leave"), told


def _present(pair: PairSpec, side: Side, tables: "Tables") -> str:
    """What a pair's field or column is called now."""
    if side is Side.DATABASE:
        return pair.column
    return next((one.name for one in tables.records.fields if pair.field in (one.name, one.id)), pair.field)


def _where(side: Side, spec: WhereSpec, tables: "Tables", zone: ZoneInfo) -> tuple[Where | None, list[Finding]]:
    builder = _Builder(side, tables, zone)
    clause = builder.clause(spec.conditions, (side.value, "where"))
    if builder.wrong:
        return None, builder.wrong
    reads = {named.name: named.form.read for named in builder.known.values()}
    return Where(clause, reads, spec.on_leave), []


class _Builder:
    """Builds the clauses of one side, and gathers what is wrong with them."""

    def __init__(self, side: Side, tables: "Tables", zone: ZoneInfo) -> None:
        self._side, self._tables, self._zone = side, tables, zone
        self.known: dict[str, _Named] = {}
        self.wrong: list[Finding] = []

    def clause(self, given: Any, key: Key) -> Clause:
        """The clause of conditions of the right shape; of something else when anything is wrong."""
        if isinstance(given, list | tuple):
            return Group(every=True, parts=tuple(self.clause(part, (*key, at)) for at, part in enumerate(given)))
        for word, every in (("all", True), ("any", False)):
            if word in given:
                parts = enumerate(given[word])
                return Group(every=every, parts=tuple(self.clause(part, (*key, word, at)) for at, part in parts))
        return Group(every=True, parts=tuple(self._conditions(given, key)))

    def _conditions(self, given: Mapping[str, Any], key: Key) -> Iterator[Condition]:
        word = WORDS[self._side]
        try:
            named = self._named(given[word])
        except (MendError, ImpossiblePair) as error:
            self.wrong.append(((*key, word), str(error)))
            return
        for name, raw in given.items():
            if name != word:
                try:
                    yield _condition(named, name, raw)
                except Misfit as misfit:
                    self.wrong.append(((*key, name), misfit.reason))

    def _named(self, given: str) -> _Named:
        if given not in self.known:
            self.known[given] = self._column(given) if self._side is Side.DATABASE else self._field(given)
        return self.known[given]

    def _column(self, given: str) -> _Named:
        column = self._tables.column(given)
        return _Named(column.name, registry.column_form(column, self._zone))

    def _field(self, given: str) -> _Named:
        field = self._tables.field(given)
        return _Named(field.name, registry.field_form(field, self._zone))


def _condition(named: _Named, name: str, raw: Any) -> Condition:
    kind = named.form.kind
    if name not in _ALLOWED[kind]:
        fits = ", ".join(test for test in _TESTS if test in _ALLOWED[kind])
        raise Misfit(f"cannot be asked of {named.name}, which holds {_WHAT[kind]}; {fits} can")
    test, negated = _TESTS[name]
    if name == "empty":
        return Condition(named.name, test, (), negated=not raw)
    several = raw if isinstance(raw, list | tuple) else [raw]
    scalar = _scalar(named.form, test)
    values = tuple(scalar(item) for item in several)
    if any(value is None for value in values):
        raise Misfit("names no value; write empty: true or empty: false for that")
    return Condition(named.name, test, values, negated)


_WHAT = {
    Kind.TEXT: "a text",
    Kind.NUMBER: "a number",
    Kind.MOMENT: "a time",
    Kind.DAY: "a day",
    Kind.FLAG: "true or false",
    Kind.CHOICES: "several values",
    Kind.JSON: "JSON",
}


def _scalar(form: Form, test: Test) -> Callable[[object], Value]:
    """What a value in the file means. Numbers are not rounded to what the column holds: 1.5 is between 1 and 2."""
    inner = form.form if isinstance(form, ReadOnly) else form
    if form.kind is Kind.NUMBER:
        return plain_number
    if test == "contains":
        return _text
    return inner.scalar


def _text(raw: object) -> str:
    if not isinstance(raw, str) or not raw:
        raise Misfit(f"{raw!r} is no text; put it in quotation marks")
    return raw
