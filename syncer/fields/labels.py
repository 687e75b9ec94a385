"""``values:`` in a mapping file: one-to-one maps between an option's name and what the column holds for it."""

from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

from syncer.core.mapping import Misfit
from syncer.core.records import Side
from syncer.core.values import Value
from syncer.fields.forms import Bridge, Carry, ColumnForm, ImpossiblePair, Kind, alien, excerpt

_From = TypeVar("_From")
_To = TypeVar("_To")
_NO_OTHER: Mapping[Side, str] = {}


def labelled(values: Mapping[str, str], column: ColumnForm, otherwise: Mapping[Side, str] = _NO_OTHER) -> Bridge:
    """The bridge of a map from label to column text; ``otherwise`` is what a side gets for what the map does not name.

    Every entry is tried on the column first, so that a map it cannot hold is found before anything runs. Raises
    ``ImpossiblePair``.
    """
    label, text = otherwise.get(Side.FEISHU), otherwise.get(Side.DATABASE)
    other = None if text is None else _held(column, "otherwise", text)
    held = {name: _held(column, name, text) for name, text in values.items()}
    if column.kind is Kind.CHOICES:
        only = None if other is None else _only("otherwise", other)
        bridge = _many({name: _only(name, value) for name, value in held.items()}, label, only)
    else:
        bridge = _one(held, label, other)
    _demand_a_way_back(bridge, label, other, several=column.kind is Kind.CHOICES)
    return bridge


def _demand_a_way_back(bridge: Bridge, label: str | None, other: Value, *, several: bool) -> None:
    """What stands for everything else must mean itself again, or values would wander from one to the next."""
    for word, there, back in ((label, bridge.over, bridge.back), (other, bridge.back, bridge.over)):
        value = frozenset([str(word)]) if several and isinstance(word, str) else word
        if word is not None and (again := _again(value, there, back)) not in (None, value):
            raise ImpossiblePair(f"`otherwise:` {excerpt(word)} comes back as {excerpt(again)}; name that instead")


def _again(value: Value, there: Carry, back: Carry) -> Value:
    """What a value comes back as; ``None`` where a side does not take it at all."""
    try:
        return back(there(value))
    except Misfit:
        return None


def _one(held: Mapping[str, Value], label: str | None, other: Value) -> Bridge:
    over, back = _finder(held, "field", other), _finder(_turned(held), "column", label)

    def to_column(value: Value) -> Value:
        return over(value) if isinstance(value, str) else _no_name(value)

    def to_field(value: Value) -> Value:
        return None if value == "" and "" not in held.values() else back(value)

    return Bridge(to_column, to_field)


def _many(held: Mapping[str, str], label: str | None, other: str | None) -> Bridge:
    over, back = _finder(held, "field", other), _finder(_turned(held), "column", label)

    def to_column(value: Value) -> Value:
        return frozenset([over(name) for name in value]) if isinstance(value, frozenset) else _no_name(value)

    def to_field(value: Value) -> Value:
        return frozenset([back(text) for text in value]) if isinstance(value, frozenset) else _no_name(value)

    return Bridge(to_column, to_field)


def _finder(entries: Mapping[_From, _To], side: str, other: _To | None) -> Callable[[_From], _To]:
    def find(value: _From) -> _To:
        try:
            return entries[value]
        except KeyError:
            if other is not None:
                return other
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
