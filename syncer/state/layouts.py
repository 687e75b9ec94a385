"""Which pairs a stored link's bases stand for, in which order, and whether they still mean the same.

A layout lists a mapping's pairs, each with a signature of how it is translated. Links keep the id of the layout they
were stored under; after a change, those under an older one are looked at once more. Nothing is rewritten.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from psycopg import Connection

from syncer.core.records import Base, base_items, load_bases
from syncer.core.values import Json, pack
from syncer.errors import FaultError

Pairs = tuple[tuple[str, str], ...]
"""Name and signature of each pair, in the order of the stored bases."""

_UNCONFIRMED: list[Json] = []


@dataclass(frozen=True, slots=True)
class Layouts:
    """The layout of this run, and the older ones that links may still be stored under."""

    current: int
    known: Mapping[int, Pairs]

    def pack(self, bases: Mapping[str, Base]) -> bytes:
        """The stored form of bases: one item per pair of the current layout; one value where both sides held it."""
        packed = [_pack(bases.get(name)) for name, _ in self.known[self.current]]
        if len(bases) > len(packed) - packed.count(_UNCONFIRMED):
            lacking = set(bases) - {name for name, _ in self.known[self.current]}
            raise FaultError(f"bases of pairs that the run's layout lacks: {', '.join(sorted(lacking))}")
        return pack(packed)

    def unpack(self, layout: int, packed: bytes) -> dict[str, Base]:
        """The bases that still mean what they did; the others are left out, that is, unconfirmed."""
        wanted = self.known[self.current]
        forms: list[Json] = orjson.loads(packed)
        stored = zip(self.known[layout], forms, strict=True)
        return load_bases(
            {
                pair[0]: _unpack(form)
                for pair, form in stored
                if form != [] and (layout == self.current or pair in wanted)
            }
        )


def _pack(base: Base | None) -> object:
    """``[value]`` becomes ``value``, unless that is itself a list and would be taken for something else."""
    if base is None:
        return _UNCONFIRMED
    if base.owed is None and base.feishu == base.database and type(base.feishu) is type(base.database) is not tuple:
        return base.feishu
    items = base_items(base)
    return items[0] if len(items) == 1 and not isinstance(items[0], tuple) else items


def _unpack(form: Json) -> list[Json]:
    return form if isinstance(form, list) else [form]


def open_layouts(
    connection: "Connection[Any]", mapping: int, pairs: Sequence[tuple[str, str]], paused: Collection[str] = ()
) -> Layouts:
    """All layouts of a mapping, with that of ``pairs`` as the current one; the order of ``pairs`` does not matter.

    Bases of ``paused`` pairs, which nobody can translate now, are kept as they were last translated.
    """
    rows = connection.execute("SELECT id, pairs FROM syncer_state.layout WHERE mapping = %s", [mapping]).fetchall()
    known = {row[0]: _loaded(row[1]) for row in rows}
    last = {name: signature for number in sorted(known) for name, signature in known[number]}
    kept = [(name, last[name]) for name in paused if name in last]
    wanted: Pairs = tuple(sorted((name, signature) for name, signature in (*pairs, *kept)))
    current = next((number for number, stored in known.items() if stored == wanted), None)
    if current is None:
        current = _insert(connection, mapping, wanted)
    return Layouts(current, {**known, current: wanted})


def _insert(connection: "Connection[Any]", mapping: int, pairs: Pairs) -> int:
    row = connection.execute(
        "INSERT INTO syncer_state.layout (mapping, pairs) VALUES (%s, %s) RETURNING id",
        [mapping, orjson.dumps(pairs).decode()],
    ).fetchone()
    assert row is not None
    return int(row[0])


def _loaded(stored: list[list[str]]) -> Pairs:
    return tuple((name, signature) for name, signature in stored)
