"""New links and the audits of what was created, by the thousand: copied into their tables in PostgreSQL's binary form.

Nothing is looked at line by line on the way: a link that is new takes no other's place, so it needs none of the care of
``links``; a line that is linked already makes the copy fail as a whole.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import repeat
from struct import Struct
from typing import Any, LiteralString

from psycopg import Connection

from syncer.core.records import Side
from syncer.core.series import Forms, texts
from syncer.core.values import microseconds
from syncer.errors import FaultError
from syncer.ports.births import Births, contents
from syncer.state.layouts import Layouts
from syncer.state.tables import SIDE_CODES

_LINKS: LiteralString = """
COPY syncer_state.link (id, moved_at, mapping, layout, restless, severed, predicted, settled, match, record_print,
  key_print, record, key, bases) FROM STDIN (FORMAT BINARY)
"""

_AUDITS: LiteralString = """
COPY syncer_state.audit (link, mapping, run, side, action, before, reason, at, read_at, record, key, after)
FROM STDIN (FORMAT BINARY)
"""

_HEAD, _TAIL = b"PGCOPY\n\xff\r\n\0" + bytes(8), b"\xff\xff"
_NULL = b"\xff\xff\xff\xff"
_EPOCH = microseconds(datetime(2000, 1, 1, tzinfo=UTC))
"""Of PostgreSQL's times."""

_fields = Struct("!h").pack
_length = Struct("!i").pack
_int2, _int4, _int8 = Struct("!ih").pack, Struct("!ii").pack, Struct("!iq").pack
_flag = Struct("!i?").pack


def store_births(connection: "Connection[Any]", births: Births, mapping: int, run: int, layouts: Layouts) -> None:
    """Store new links and their audits, within the caller's transaction. Raises psycopg's ``UniqueViolation``."""
    lines = [list(map(str.encode, births.records)), list(map(str.encode, births.keys))]
    _copy(connection, _LINKS, _link_parts(births, lines, mapping, layouts))
    _copy(connection, _AUDITS, _audit_parts(births, lines, mapping, run))


def _copy(connection: "Connection[Any]", statement: LiteralString, parts: Iterable[bytes]) -> None:
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        copy.write(b"".join([_HEAD, *parts, _TAIL]))


def _link_parts(births: Births, lines: Sequence[Sequence[bytes]], mapping: int, layouts: Layouts) -> Iterator[bytes]:
    """The fields of every link, in the order of the statement's columns."""
    before = _fields(14)
    restless = sum(code for side, code in SIDE_CODES.items() if side not in births.prints)
    behind = b"".join(
        [
            *(_moment(births.at), _int4(4, mapping), _int4(4, layouts.current), _int2(2, restless)),
            *(_NULL, _int2(2, 0), _flag(1, True)),  # noqa: FBT003 - not severed, nothing predicted, settled
        ]
    )
    prints = [births.prints.get(side, repeat(None)) for side in Side]
    for number, match, record_print, key_print, record, key, bases in zip(
        births.links, births.matches, *prints, *lines, _packed_bases(births, layouts), strict=False
    ):
        yield before + _int8(8, number) + behind + _bytes(match) + _bytes(record_print) + _bytes(key_print)
        yield _length(len(record)) + record + _length(len(key)) + key + _length(len(bases)) + bases


def _packed_bases(births: Births, layouts: Layouts) -> Sequence[bytes]:
    packed = births.packed
    if packed is None:
        return _bases(births.bases, layouts)
    if packed.names == tuple(name for name, _ in layouts.known[layouts.current]):
        return packed.bases
    return _bases(packed.series(), layouts)


def _bases(bases: Mapping[str, Forms], layouts: Layouts) -> Sequence[bytes]:
    """What ``Layouts.pack`` makes of each line's bases."""
    names = [name for name, _ in layouts.known[layouts.current]]
    if not set(names) >= set(bases):
        raise FaultError(f"bases of pairs that the run's layout lacks: {', '.join(sorted(bases))}")
    nothing: Forms = [[]] * len(next(iter(bases.values()), ()))  # of a pair that is paused nothing was ever agreed
    return texts(list(zip(*(bases.get(name, nothing) for name in names), strict=True)))


def _audit_parts(births: Births, lines: Sequence[Sequence[bytes]], mapping: int, run: int) -> Iterator[bytes]:
    before = _fields(12)
    behind = b"".join(
        [
            *(_int4(4, mapping), _int8(8, run), _text(births.side.value), _text("create"), _text("{}")),
            *(_text(births.reason), _moment(births.at)),
        ]
    )
    read = {at: _moment(at) for at in set(births.read_at)}
    created = births.packed.created if births.packed else contents(births.created)
    for number, read_at, record, key, after in zip(births.links, births.read_at, *lines, created, strict=True):
        yield before + _int8(8, number) + behind + read[read_at]
        yield _length(len(record)) + record + _length(len(key)) + key + _length(len(after)) + after


def _moment(at: datetime) -> bytes:
    return _int8(8, microseconds(at) - _EPOCH)


def _text(text: str) -> bytes:
    return _bytes(text.encode())


def _bytes(content: bytes | None) -> bytes:
    return _NULL if content is None else _length(len(content)) + content
