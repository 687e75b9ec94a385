"""The frozen body of an intent: all that is needed to understand, after a crash, what a batch did to which line."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from syncer.core.newborns import Newborns
from syncer.core.plan import Action, Fate, Operation
from syncer.core.records import Base, Side, base_items, load_bases
from syncer.core.series import Forms, items_of
from syncer.core.values import Json, Value, load, pack


@dataclass(frozen=True, slots=True)
class Frozen:
    """One operation inside an intent. ``record`` and ``key`` are the line's ids as known when it was sent.

    ``cells`` are what was sent to Feishu, by field name; ``bases`` the link's before, ``after`` those it confirms.
    """

    id: str
    link: int
    action: Action
    record: str | None
    key: str | None
    values: Mapping[str, Value]
    before: Mapping[str, Value]
    bases: Mapping[str, Base]
    after: Mapping[str, Base]
    reason: str
    fate: Fate = Fate.KEEP
    severed: Side | None = None
    cells: Mapping[str, Json] = field(default_factory=dict)
    match: Mapping[str, Json] = field(default_factory=dict)
    """The match cells of a create, by field name."""


def freeze(operations: Sequence[Frozen]) -> bytes:
    """The stored form of a batch."""
    return pack([_form(one) for one in operations])


def thaw(body: bytes) -> list[Frozen]:
    """The operations of a stored batch."""
    found = orjson.loads(body)
    if isinstance(found, dict):
        return [_newborn(found, place) for place, _ in enumerate(found["links"])]
    return [_load(form) for form in found]


def thaw_some(body: bytes, records: Collection[str]) -> dict[str, Frozen]:
    """Those operations of a stored batch of updates that are of these records, by record."""
    return {form["record"]: _load(form) for form in orjson.loads(body) if form["record"] in records}


def freeze_newborns(
    born: Newborns,
    lines: Sequence[str],
    links: Sequence[int],
    reason: str,
    cells: Mapping[str, Forms],
    match: Sequence[str],
) -> bytes:
    """The stored form of a batch of nothing but plain creates, series by series: as ``freeze``, but a fifth as long.

    ``lines`` are those they are made from, ``cells`` what is sent to Feishu by field name, ``match`` the fields that
    find a record again. Cells that are the very forms of a pair are not stored twice.
    """
    known = {id(forms): name for name, forms in born.forms.items()}
    sent = {field: known.get(id(series), series) for field, series in cells.items()}
    form = {"on": born.on.value, "reason": reason, "links": list(links), "lines": lines, "bases": born.bases}
    return orjson.dumps({**form, "cells": sent, "match": match})


def number_newborns(body: bytes, links: Sequence[int]) -> bytes:
    """A batch of creates that was frozen without links, with those of its lines."""
    return body.replace(b'"links":[]', b'"links":' + orjson.dumps(list(links)), 1)


def _newborn(form: Mapping[str, Any], place: int) -> Frozen:
    on, line = Side(form["on"]), form["lines"][place]
    after = load_bases({name: items_of(short[place]) for name, short in form["bases"].items()})
    cells = {name: cell for name in form["cells"] if (cell := _cell(form, name, place)) is not None}
    return Frozen(
        str(place),
        form["links"][place],
        Action.CREATE,
        line if on is Side.DATABASE else None,
        line if on is Side.FEISHU else None,
        _created(on, after),
        {},
        {},
        after,
        form["reason"],
        cells=cells,
        match={name: cells[name] for name in form["match"]} if cells.keys() >= set(form["match"]) else {},
    )


def _cell(form: Mapping[str, Any], name: str, place: int) -> Json:
    series = form["cells"][name]
    if isinstance(series, str):  # the pair whose values were sent as they are stored
        return items_of(form["bases"][series][place])[0]
    cell: Json = series[place]
    return cell


def as_operation(side: Side, frozen: Frozen) -> Operation:
    """The planner's operation that was frozen."""
    line = frozen.record if side is Side.FEISHU else frozen.key
    return Operation(side, frozen.action, line, frozen.values, frozen.before, frozen.after, frozen.reason)


def _form(one: Frozen) -> dict[str, object]:
    return {
        "id": one.id,
        "link": one.link,
        "action": one.action.value,
        "record": one.record,
        "key": one.key,
        "values": None if one.action is Action.CREATE else one.values,
        "before": one.before,
        "bases": {name: base_items(base) for name, base in one.bases.items()},
        "after": {name: base_items(base) for name, base in one.after.items()},
        "reason": one.reason,
        "fate": one.fate.value,
        "severed": one.severed.value if one.severed else None,
        "cells": dict(one.cells),
        "match": dict(one.match),
    }


def _created(on: Side, after: Mapping[str, Base]) -> dict[str, Value]:
    """The values of a new line: all that its bases say of its side, but what is empty."""
    return {name: value for name, base in after.items() if (value := base.of(on)) is not None}


def _load(form: Mapping[str, object]) -> Frozen:
    get = dict(form)
    get["action"] = Action(str(form["action"]))
    get["fate"] = Fate(str(form["fate"]))
    get["severed"] = Side(str(form["severed"])) if form["severed"] else None
    for name in ("bases", "after"):
        get[name] = load_bases(form[name])  # type: ignore[arg-type]
    for name in ("values", "before"):
        if form[name] is not None:
            get[name] = {pair: load(value) for pair, value in form[name].items()}  # type: ignore[attr-defined]
    if form["values"] is None:
        on = Side.DATABASE if form["key"] is None and not form["cells"] else Side.FEISHU
        get["values"] = _created(on, get["after"])  # type: ignore[arg-type]
    return Frozen(**get)  # type: ignore[arg-type]
