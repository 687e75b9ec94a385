"""Links in the order they were made, some at a time.

What is read often comes in the order in which it was linked. Then a page is compared with the links that are next in
line, instead of looking for each of its lines in an index.
"""

from collections.abc import Collection, Sequence
from typing import LiteralString

from psycopg import Connection

from syncer.core.records import Side

MOST = 30_000
"""So many links are held at most. If that many were passed over, lines come in another order."""

LEAST = 5_000
"""So many are read at once, or more for a large page."""

# All that is asked for stands in one index, in its order.
_NEXT: LiteralString = """
SELECT id, {line}, {print} FROM syncer_state.link
WHERE mapping = %s AND layout = %s AND restless = 0 AND id > %s
ORDER BY mapping, layout, restless, id LIMIT %s
"""


class Window:
    """Those links of one side of a mapping that are next in line, with what was read of them last.

    Only what is found to be as it was can be relied on: whatever is not found here is to be looked for.
    """

    def __init__(self, connection: "Connection[tuple[int, str, bytes]]", side: Side, mapping: int, layout: int) -> None:
        line, print_ = ("record", "record_print") if side is Side.FEISHU else ("key", "key_print")
        self._next = _NEXT.format(line=line, print=print_)
        self._connection = connection
        self._of = mapping, layout
        self._held: dict[str, tuple[int, bytes]] = {}
        self._moved: set[int] = set()
        self._last: int | None = 0  # None: there is nothing more to be had

    def forget(self, links: Collection[int]) -> None:
        """These links were stored anew or are no more: what was read of them before tells nothing."""
        if self._held or self._last is not None:
            self._moved.update(links)

    def take(self, lines: Sequence[str], prints: Sequence[bytes]) -> tuple[list[int], list[int]]:
        """The links of the lines that are as they were, and the places of all others."""
        same: list[int] = []
        others = self._compare(lines, prints, range(len(lines)), same)
        for _ in range(2):
            if not others or self._last is None:
                break
            self._read_on(self._last, max(LEAST, 2 * len(lines)))
            others = self._compare(lines, prints, others, same)
        return same, others

    def _compare(
        self, lines: Sequence[str], prints: Sequence[bytes], places: Sequence[int], same: list[int]
    ) -> list[int]:
        """Add the links of lines that are as they were; the places of the others. No line is held any longer."""
        others: list[int] = []
        for place in places:
            link, print_ = self._held.pop(lines[place], (0, None))
            if print_ == prints[place] and link not in self._moved:
                same.append(link)
            else:
                others.append(place)
        return others

    def _read_on(self, last: int, count: int) -> None:
        if len(self._held) > MOST:
            self._held, self._last = {}, None
            return
        rows = self._connection.execute(self._next, [*self._of, last, count], binary=True).fetchall()
        self._held.update((line, (link, print_)) for link, line, print_ in rows)
        self._last = rows[-1][0] if len(rows) == count else None
