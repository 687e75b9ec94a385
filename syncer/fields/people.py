"""People in a column by something else than their open_id: ``person: email`` and its like in a mapping file.

The field holds open_ids; who that is, a directory says. What it knows is its own business: here it is only asked.
"""

from collections.abc import Callable, Iterable
from typing import Protocol, TypeAlias

from syncer.core.mapping import Manner, Misfit
from syncer.core.records import Side
from syncer.core.values import Value
from syncer.fields.documents import parsed_json, spelled
from syncer.fields.forms import Bridge, alien
from syncer.fields.told import MEMBERS

PERSON_TYPES = frozenset({11, 1003, 1004, MEMBERS})
"""Person, created by, modified by, and the people that a source lists."""

_BETWEEN = ","
"""What stands between several people in one text; no id and no address holds it."""

Meet: TypeAlias = Callable[[Side, Iterable[Value]], None]
"""Tells of values that will be carried from a side, so that whoever they name is looked up in few calls."""


class Directory(Protocol):
    """Who is who, of one Feishu app. ``what`` is one of the words of ``person:``."""

    def said(self, open_id: str, what: str) -> str:
        """What a person is called in a column. Raises ``Misfit`` with the reason for one who is not known."""
        ...

    def found(self, text: str, what: str) -> str:
        """The open_id of whom a column names. Raises ``Misfit`` with the reason for nobody."""
        ...

    def meet(self, open_ids: Iterable[str], texts: Iterable[str], what: str) -> None:
        """Look up many people in few calls."""
        ...


class Nobody:
    """A directory that was not asked: what only looks at types needs none."""

    def said(self, open_id: str, what: str) -> str:
        """Nobody."""
        raise Misfit(f"which {what} {open_id} has was not asked of Feishu's directory")

    def found(self, text: str, what: str) -> str:
        """Nobody."""
        raise Misfit(f"whose {what} is {text} was not asked of Feishu's directory")

    def meet(self, open_ids: Iterable[str], texts: Iterable[str], what: str) -> None:
        """Nothing to do."""


NOBODY = Nobody()


def known_as(manner: Manner, directory: Directory) -> Bridge:
    """The way between open_ids and what the column holds of people, whatever shape both stand in."""
    what = str(manner.person)

    def said(open_id: str) -> str | None:
        try:
            return directory.said(open_id, what)
        except Misfit as misfit:
            return _instead(manner, misfit)

    def found(text: str) -> str | None:
        try:
            return directory.found(text, what)
        except Misfit as misfit:
            other = _instead(manner, misfit)
            return other if other is None else directory.found(other, what)

    return Bridge(lambda value: _each(value, said), lambda value: _each(value, found))


def meeting(manner: Manner, directory: Directory) -> Meet | None:
    """What tells the directory of values to come; ``None`` where nobody need be looked up."""
    if manner.person is None:
        return None
    what = manner.person

    def meet(side: Side, values: Iterable[Value]) -> None:
        named = {name for value in values for name in _names(value)}
        if manner.split and side is Side.DATABASE:
            named = {part.strip() for name in named for part in name.split(manner.split)} - {""}
        if side is Side.FEISHU:
            directory.meet(named, (), what)
        else:
            directory.meet((), named, what)

    return meet


def _instead(manner: Manner, misfit: Misfit) -> str | None:
    """What stands for somebody who is not known. Raises the misfit where nothing does."""
    if manner.unknown in ("empty", "default"):
        return manner.instead
    raise misfit


def _names(value: Value) -> list[str]:
    """The people a value names, in any of the shapes."""
    if isinstance(value, frozenset):
        return sorted(value)
    if not isinstance(value, str) or not value:
        return []
    if value.startswith("["):
        found = parsed_json(value)
        return [str(item) for item in found if isinstance(item, str)] if isinstance(found, list) else []
    return value.split(_BETWEEN)


def _each(value: Value, turn: Callable[[str], str | None]) -> Value:
    """A value with every name turned into another one, in the shape it had."""
    if isinstance(value, str) and not value.startswith("["):
        told = [name for one in value.split(_BETWEEN) if (name := turn(one)) is not None] if value else []
        return _BETWEEN.join(told) or None
    if isinstance(value, frozenset):
        return frozenset(name for one in value if (name := turn(one)) is not None) or None
    names = parsed_json(value) if isinstance(value, str) else None
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise alien(value, "a list of people")
    turned = {name for one in names if (name := turn(str(one))) is not None}
    return spelled(sorted(turned)) if turned else None
