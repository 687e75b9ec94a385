"""``values:`` in a mapping file: one-to-one maps between an option's name and what the column holds for it."""

from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

from syncer.core.mapping import Misfit
from syncer.core.values import Value
from syncer.fields.forms import Bridge, ColumnForm, ImpossiblePair, Kind, alien, excerpt

_From = TypeVar("_From")
_To = TypeVar("_To")


def labelled(values: Mapping[str, str], column: ColumnForm) -> Bridge:
    """The bridge of a map from label to column text. Raises ``ImpossiblePair``.

    Every entry is tried on the column first, so that a map it cannot hold is found before anything runs.
    """
    if column.kind is Kind.CHOICES:
        return _many({label: _only(label, _held(column, label, text)) for label, text in values.items()})
    return _one({label: _held(column, label, text) for label, text in values.items()})


def _one(held: Mapping[str, Value]) -> Bridge:
    over, back = _finder(held, "field"), _finder(_turned(held), "column")

    def to_column(value: Value) -> Value:
        return over(value) if isinstance(value, str) else _no_name(value)

    def to_field(value: Value) -> Value:
        return None if value == "" and "" not in held.values() else back(value)

    return Bridge(to_column, to_field)


def _many(held: Mapping[str, str]) -> Bridge:
    over, back = _finder(held, "field"), _finder(_turned(held), "column")

    def to_column(value: Value) -> Value:
        return frozenset([over(name) for name in value]) if isinstance(value, frozenset) else _no_name(value)

    def to_field(value: Value) -> Value:
        return frozenset([back(text) for text in value]) if isinstance(value, frozenset) else _no_name(value)

    return Bridge(to_column, to_field)


def _finder(entries: Mapping[_From, _To], side: str) -> Callable[[_From], _To]:
    def find(value: _From) -> _To:
        try:
            return entries[value]
        except KeyError:
            raise Misfit(
                f"the {side} holds {excerpt(value)}, which `values:` does not name; {_known(entries)}"
            ) from None

    return find


def _known(entries: Iterable[object]) -> str:
    return f"it names: {', '.join(str(entry) for entry in entries)}"


def _no_name(value: Value) -> Value:
    raise alien(value, "what `values:` could name")


def _held(column: ColumnForm, label: str, text: str) -> Value:
    """What the column holds for a label."""
    try:
        value = column.scalar(text)
    except Misfit as misfit:
        raise ImpossiblePair(f"`values:` maps {excerpt(label)} to {excerpt(text)}, but {misfit.reason}") from None
    if value is None:
        raise ImpossiblePair(f"`values:` maps {excerpt(label)} to nothing; leave the entry out, empty is empty anyway")
    return value


def _only(label: str, value: Value) -> str:
    assert isinstance(value, frozenset)
    if not value or not label:
        raise ImpossiblePair(f"`values:` maps {excerpt(label)}; give every entry a text")
    (text,) = value
    return text


def _turned(held: Mapping[str, _To]) -> dict[_To, str]:
    """The map the other way round."""
    back: dict[_To, str] = {}
    for label, value in held.items():
        if value in back:
            both = f"{excerpt(back[value])} and {excerpt(label)}"
            raise ImpossiblePair(f"`values:` maps {both} to the same value of the column; it must be one to one")
        back[value] = label
    return back
