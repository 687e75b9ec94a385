"""Links as rows of the table ``link``."""

from collections.abc import Mapping, Sequence
from typing import Any

from psycopg import Connection

from syncer.core.records import Link, Side
from syncer.core.survey import Remembered
from syncer.errors import FaultError
from syncer.ports.births import Births
from syncer.ports.memory import Seen
from syncer.state.arrays import array_text
from syncer.state.births import store_births
from syncer.state.layouts import Layouts
from syncer.state.tables import SIDE_CODES
from syncer.state.windows import Window

_LINE = {Side.FEISHU: "record", Side.DATABASE: "key"}
_PRINT = {Side.FEISHU: "record_print", Side.DATABASE: "key_print"}
_SIDES = {code: side for side, code in SIDE_CODES.items()}
_SETS = {
    sum(SIDE_CODES[side] for side in sides): frozenset(sides)
    for sides in ((), (Side.FEISHU,), (Side.DATABASE,), tuple(Side))
}

_COLUMNS = (
    "id, moved_at, mapping, layout, restless, severed, predicted, settled, record, key, match, record_print, key_print,"
    " bases"
)

_STAGE = """
CREATE TEMPORARY TABLE IF NOT EXISTS memo_link ON COMMIT DELETE ROWS AS
SELECT {columns} FROM syncer_state.link WITH NO DATA
"""

# Lines may change places among the links of one memo; letting go first keeps them from colliding on the way. The ids
# are given as well, because nobody knows how many rows a table just filled holds: the join must not read all links.
_LET_GO = """
UPDATE syncer_state.link l SET record = NULL, key = NULL FROM memo_link m
WHERE l.id = ANY(CAST(%(ids)s AS bigint[])) AND l.id = m.id
  AND (l.record IS DISTINCT FROM m.record OR l.key IS DISTINCT FROM m.key)
"""

_UPSERT = """
INSERT INTO syncer_state.link ({columns}) SELECT {columns} FROM memo_link
ON CONFLICT (id) DO UPDATE SET
  moved_at = excluded.moved_at, layout = excluded.layout, restless = excluded.restless, severed = excluded.severed,
  predicted = excluded.predicted, settled = excluded.settled, record = excluded.record, key = excluded.key,
  match = excluded.match, record_print = excluded.record_print, key_print = excluded.key_print, bases = excluded.bases
"""

_SEEN = """
SELECT {line}, id, CASE WHEN layout = %s THEN {print} END FROM syncer_state.link
WHERE mapping = %s AND {line} = ANY(CAST(%s AS text[]))
"""

_ANY = "SELECT 1 FROM syncer_state.link WHERE mapping = %s LIMIT 1"

_LOAD = """
SELECT id, moved_at, layout, severed, predicted, settled, record, key, match, record_print, key_print, bases
FROM syncer_state.link WHERE mapping = %s AND id = ANY(%s)
"""

_HOLDERS = "SELECT id FROM syncer_state.link WHERE mapping = %s AND match = ANY(%s) ORDER BY id"

# Three ranges of one index, because `<>` would read all of it.
_RESTLESS = """
SELECT {line} FROM (
  SELECT {line}, severed FROM syncer_state.link
  WHERE mapping = %(mapping)s AND layout = %(layout)s AND restless IN (%(side)s, 3)
  UNION ALL
  SELECT {line}, severed FROM syncer_state.link WHERE mapping = %(mapping)s AND layout < %(layout)s
  UNION ALL
  SELECT {line}, severed FROM syncer_state.link WHERE mapping = %(mapping)s AND layout > %(layout)s
) moved
WHERE {line} IS NOT NULL AND severed IS DISTINCT FROM %(side)s
UNION ALL
SELECT DISTINCT {line} FROM syncer_state.failure
WHERE mapping = %(mapping)s AND link IS NULL AND value IS NULL AND {line} IS NOT NULL
LIMIT %(limit)s
"""


class LinkTable:
    """The links of one mapping, through the connection of one run."""

    def __init__(self, connection: "Connection[Any]", mapping: int, layouts: Layouts) -> None:
        self._connection = connection
        self._mapping = mapping
        self._layouts = layouts
        self._windows: list[Window] = []
        connection.execute(_STAGE.format(columns=_COLUMNS))
        row = connection.execute(_ANY, [mapping]).fetchone()
        self._empty = row is None

    @property
    def empty(self) -> bool:
        """Whether there is no link yet."""
        return self._empty

    @property
    def layout(self) -> int:
        """The layout under which a print counts."""
        return self._layouts.current

    def window(self, side: Side) -> Window:
        """Links in the order they were made; told of whatever is stored from now on, until ``close_windows``."""
        window = Window(self._connection, side, self._mapping, self.layout)
        self._windows.append(window)
        return window

    def close_windows(self) -> None:
        """Nobody looks through a window any more."""
        self._windows.clear()

    def new_ids(self, count: int) -> Sequence[int]:
        """Fresh link ids."""
        rows = self._connection.execute(
            "SELECT nextval('syncer_state.link_id') FROM generate_series(1, %s)", [count]
        ).fetchall()
        return [row[0] for row in rows]

    def seen(self, side: Side, lines: Sequence[str]) -> Mapping[str, Seen]:
        """The links of these lines; a print taken under another layout counts as unset."""
        if self._empty:
            return {}
        rows = self._connection.execute(
            _SEEN.format(line=_LINE[side], print=_PRINT[side]),
            [self._layouts.current, self._mapping, array_text(lines)],
            binary=True,
        )
        return {line: Seen(link, digest) for line, link, digest in rows}

    def load(self, ids: Sequence[int]) -> Sequence[Remembered]:
        """Links by id, in the order of the ids; those forgotten are missing."""
        rows = self._connection.execute(
            _LOAD,
            [self._mapping, list(ids)],
            binary=True,
        )
        found = {row[0]: self._loaded(row) for row in rows}
        return [found[number] for number in dict.fromkeys(ids) if number in found]

    def holders(self, matches: Sequence[bytes]) -> Sequence[int]:
        """The links that hold one of these match digests."""
        rows = self._connection.execute(_HOLDERS, [self._mapping, list(matches)])
        return [row[0] for row in rows]

    def restless(self, side: Side, limit: int) -> Sequence[str]:
        """Lines whose print is unset or of another layout, and unlinked ones that somebody wants retried."""
        rows = self._connection.execute(
            _RESTLESS.format(line=_LINE[side]),
            {"mapping": self._mapping, "layout": self._layouts.current, "side": SIDE_CODES[side], "limit": limit},
        )
        return [row[0] for row in rows]

    def store(self, links: Sequence[Remembered], forgotten: Sequence[int]) -> None:
        """Insert or update links and forget others, within the caller's transaction."""
        for window in self._windows:
            window.forget([*forgotten, *(remembered.link.id for remembered in links if remembered.link.id is not None)])
        if forgotten:
            self._connection.execute(
                "DELETE FROM syncer_state.link WHERE mapping = %s AND id = ANY(%s)", [self._mapping, list(forgotten)]
            )
        if links:
            self._empty = False
            self._stage(links)
            ids = array_text([str(remembered.link.id) for remembered in links])
            self._connection.execute(_LET_GO, {"ids": ids})
            self._connection.execute(_UPSERT.format(columns=_COLUMNS))

    def store_births(self, births: Births, run: int) -> None:
        """Insert links that are new, and the audits of what was created, within the caller's transaction."""
        self._empty = False
        store_births(self._connection, births, self._mapping, run, self._layouts)

    def _stage(self, links: Sequence[Remembered]) -> None:
        last = {remembered.link.id: remembered for remembered in links}
        with self._connection.cursor() as cursor, cursor.copy(f"COPY memo_link ({_COLUMNS}) FROM STDIN") as copy:
            for remembered in last.values():
                copy.write_row(self._row(remembered))

    def _row(self, remembered: Remembered) -> tuple[object, ...]:
        link = remembered.link
        if link.id is None:
            raise FaultError(f"a link is stored without an id: record {link.record}, row {link.key}")
        prints = {side: remembered.prints.get(side) for side in Side if side is not link.severed}
        return (
            link.id,
            link.moved_at,
            self._mapping,
            self._layouts.current,
            sum(SIDE_CODES[side] for side, digest in prints.items() if digest is None),
            SIDE_CODES[link.severed] if link.severed else None,
            sum(SIDE_CODES[side] for side in link.predicted),
            remembered.settled,
            link.record,
            link.key,
            remembered.match,
            remembered.prints.get(Side.FEISHU),
            remembered.prints.get(Side.DATABASE),
            self._layouts.pack(link.bases),
        )

    def _loaded(self, row: tuple[Any, ...]) -> Remembered:
        number, moved_at, layout, severed, predicted, settled, record, key, match, record_print, key_print, bases = row
        fresh = layout == self._layouts.current
        link = Link(
            number,
            record,
            key,
            self._layouts.unpack(layout, bases),
            _SIDES[severed] if severed else None,
            moved_at,
            _SETS[predicted],
        )
        prints = {Side.FEISHU: record_print, Side.DATABASE: key_print} if fresh else dict.fromkeys(Side)
        return Remembered(link, prints, match, settled and fresh)
