"""Births taken apart: the link and the audit of every line, as a memo tells them one by one."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

import orjson

from syncer.core.records import Link, Side, load_bases
from syncer.core.series import Forms, items_of
from syncer.core.survey import Remembered
from syncer.ports.births import Births, Packed
from syncer.ports.memory import Audit


def each(births: Births) -> Iterator[tuple[Remembered, Audit]]:
    """What the births say of each line."""
    if births.packed is not None:
        births = replace(births, bases=births.packed.series(), created=_created(births.packed), packed=None)
    for place, number in enumerate(births.links):
        yield _link(births, place, number), _audit(births, place, number)


def _created(packed: Packed) -> Mapping[str, Forms]:
    """What the new lines hold, by pair; nothing where a pair is left out."""
    found = list(map(orjson.loads, packed.created))
    return {name: [each.get(name) for each in found] for name in sorted(set().union(*found))}


def _link(births: Births, place: int, number: int) -> Remembered:
    bases = load_bases({name: items_of(short[place]) for name, short in births.bases.items()})
    link = Link(number, births.records[place], births.keys[place], bases, None, births.at)
    prints = {side: births.prints[side][place] if side in births.prints else None for side in Side}
    return Remembered(link, prints, births.matches[place], settled=True)


def _audit(births: Births, place: int, number: int) -> Audit:
    held = {name: forms[place] for name, forms in births.created.items() if forms[place] is not None}
    lines = (births.records[place], births.keys[place])
    times = (births.at, births.read_at[place])
    return Audit(number, births.side, "create", *lines, {}, held, births.reason, *times)
