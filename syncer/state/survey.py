"""Both sides of a mapping, staged line by line and joined by the database.

What is staged lives in temporary tables of the run's own connection: nothing of it is written ahead, and nothing is
left when the run ends, however it ends.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from itertools import groupby
from typing import Any, LiteralString

from psycopg import Connection

from syncer.core.records import Side, Version
from syncer.core.survey import Case, CaseKind, Look, Newcomers, Remembered, Staged, Totals
from syncer.state import joins
from syncer.state.arrays import array_text, joined, number_array
from syncer.state.links import LinkTable
from syncer.state.tables import SIDE_CODES
from syncer.state.versions import VersionForms

_SIFT = {
    Side.FEISHU: joins.SIFT.format(line="record", print="record_print"),
    Side.DATABASE: joins.SIFT.format(line="key", print="key_print"),
}
_MOST_SAME = 10_000  # links of lines that are as they were, staged at once
_SIDES = {code: side for side, code in SIDE_CODES.items()}

Found = tuple[Version | Look | None, bytes | None]
"""How a case's line was found on one side, and its print if it was read."""


class PostgresSurvey:
    """A survey (``ports.Survey``). A line staged twice counts as it was staged last.

    ``links`` are those of its mapping, ``reading`` tells what a lost session means. ``Totals.gone`` counts the
    lines of ``CHANGED`` cases alone: what a newcomer replaced is not gone. Of many duplicates a case names no more than
    ``joins.MOST_OTHERS``.
    """

    def __init__(
        self,
        connection: "Connection[Any]",
        mapping: int,
        links: LinkTable,
        reading: Callable[[], AbstractContextManager[None]],
    ) -> None:
        self._connection = connection
        self._mapping = mapping
        self._links = links
        self._reading = reading
        self._forms = VersionForms()
        links.close_windows()
        self._windows = {side: links.window(side) for side in Side}
        self._same: dict[Side, list[int]] = {side: [] for side in Side}
        for statement in joins.OPEN:
            connection.execute(statement)

    def sift(self, side: Side, lines: Sequence[str], prints: Sequence[bytes]) -> Sequence[tuple[int, int | None]]:
        """Stage the lines that are as they were; tell the places of the others, and their links."""
        if self._links.empty:
            return [(place, None) for place in range(len(lines))]
        with self._reading():
            same, rest = self._windows[side].take(lines, prints)
            self._same[side] += same
            if sum(map(len, self._same.values())) >= _MOST_SAME:
                self._stage_same()
            if not rest:
                return []
            others = self._looked_for(side, [lines[place] for place in rest], [prints[place] for place in rest])
        return [(rest[place], link) for place, link in others]

    def _stage_same(self) -> None:
        """Stage what was found to be as it was; before anything else is staged, for what comes last counts."""
        for side, links in self._same.items():
            if links:
                self._connection.execute(joins.STAGE_SAME, [SIDE_CODES[side], number_array(links)])
                links.clear()

    def _looked_for(self, side: Side, lines: Sequence[str], prints: Sequence[bytes]) -> list[tuple[int, int | None]]:
        page = {
            "lines": array_text(lines),
            "prints": b"".join(prints),
            "side": SIDE_CODES[side],
            "mapping": self._mapping,
            "layout": self._links.layout,
        }
        self._stage_same()
        rows = self._connection.execute(_SIFT[side], page, binary=True).fetchall()
        return sorted((place - 1, link) for place, link in rows)

    def stage(self, side: Side, lines: Sequence[Staged]) -> None:
        """Add lines just read."""
        links = [line.link for line in lines]
        prints, matches = [line.print for line in lines], [line.match for line in lines]
        self._stage(side, [line.line for line in lines], links, prints, matches, self._dumped(lines))

    def stage_newcomers(self, newcomers: Newcomers) -> None:
        """Add new lines just read."""
        links = [None] * len(newcomers.lines)
        versions = self._forms.dump_series(newcomers.times, newcomers.held, newcomers.forms)
        self._stage(newcomers.side, newcomers.lines, links, newcomers.prints, newcomers.matches, versions)

    def _stage(
        self,
        side: Side,
        lines: Sequence[str],
        links: Sequence[int | None],
        prints: Sequence[bytes],
        matches: Sequence[bytes | None],
        versions: Sequence[bytes | None],
    ) -> None:
        if not lines:
            return
        page: dict[str, object] = {
            "side": SIDE_CODES[side],
            "lines": array_text(lines),
            "links": number_array(links),
        }
        for plural, name, parts in (("prints", "print", prints), ("matches", "match", matches)):
            page[plural], page[f"{name}_starts"], page[f"{name}_lengths"] = joined(parts)
        page["versions"], page["version_starts"], page["version_lengths"] = joined(versions)
        with self._reading():
            self._stage_same()
            self._connection.execute(joins.STAGE, page)

    def _dumped(self, lines: Sequence[Staged]) -> Sequence[bytes | None]:
        forms = iter(self._forms.dump([line.version for line in lines if line.version is not None]))
        return [None if line.version is None else next(forms) for line in lines]

    def unstaged(self, side: Side, after: int, limit: int) -> Sequence[tuple[int, str]]:
        """The linked lines of a side that live as far as is known and were not staged: next links by id, and lines."""
        line: LiteralString = "record" if side is Side.FEISHU else "key"
        page = {"mapping": self._mapping, "side": SIDE_CODES[side], "after": after, "limit": limit}
        with self._reading():
            self._stage_same()
            rows = self._connection.execute(joins.UNSTAGED.format(line=line), page).fetchall()
        return [(link, name) for link, name in rows]

    def newcomers(self, side: Side, limit: int) -> Sequence[Staged]:
        """Staged lines of a side without a link, as far as they have match values, up to a limit."""
        page = {"side": SIDE_CODES[side], "limit": limit}
        with self._reading():
            rows = self._connection.execute(joins.NEWCOMERS, page, binary=True).fetchall()
        versions = self._forms.load([(side, row[0]) for row in rows], [row[3] for row in rows])
        return [
            Staged(line, print_, None, match, version)
            for (line, print_, match, _), version in zip(rows, versions, strict=True)
        ]

    def close(
        self,
        unread: frozenset[Side] = frozenset(),
        gone: Collection[tuple[Side, str]] = frozenset(),
        overtaken: Collection[tuple[Side, str]] = frozenset(),
    ) -> Totals:
        """Join what was staged; a side in ``unread`` was not read as a whole, lines in ``gone`` are not there.

        Lines in ``overtaken`` were dealt with since they were staged.
        """
        settings = {
            "mapping": self._mapping,
            "feishu_unread": Side.FEISHU in unread,
            "database_unread": Side.DATABASE in unread,
            "feishu_gone": _named(gone, Side.FEISHU),
            "database_gone": _named(gone, Side.DATABASE),
            "feishu_overtaken": _named(overtaken, Side.FEISHU),
            "database_overtaken": _named(overtaken, Side.DATABASE),
            "others": joins.MOST_OTHERS,
        }
        self._links.close_windows()
        with self._reading():
            with self._connection.transaction():
                self._stage_same()
                for side in {side for side, _ in overtaken}:
                    self._overtake(side, _named(overtaken, side))
                lines, others = self._drop_repeated()
                links = self._count_links()
                if not (others or gone or overtaken) and _all_read(lines, *links):
                    statements = joins.CLOSE_QUIET
                else:
                    alone = len(lines) == 1 and not any(links)
                    statements = joins.CLOSE_FRESH if alone and self._is_each_its_own() else joins.CLOSE
                for statement in statements:
                    self._connection.execute(statement, settings)
            return self._totals(lines, *links)

    def _overtake(self, side: Side, lines: str) -> None:
        line: LiteralString = "record" if side is Side.FEISHU else "key"
        settings = {"mapping": self._mapping, "side": SIDE_CODES[side], "lines": lines}
        self._connection.execute(joins.OVERTAKE.format(line=line), settings)

    def _drop_repeated(self) -> tuple[dict[int, int], int]:
        """Keep of every line what was staged last; how many lines a side has, and how many are new or changed."""
        staged = self._connection.execute(joins.COUNT_STAGED).fetchall()
        if any(repeated for _, _, repeated, _ in staged):
            self._connection.execute(joins.DROP_REPEATED)
        return {side: count - repeated for side, count, repeated, _ in staged}, sum(row[-1] for row in staged)

    def _is_each_its_own(self) -> bool:
        """Whether no two of all lines have the same match values."""
        counted = self._connection.execute(joins.COUNT_MATCHES).fetchone()
        assert counted is not None
        matches, lines = counted
        return bool(matches == lines)

    def _count_links(self) -> tuple[int, int]:
        """How many links there are, and how many of them are severed."""
        counted = self._connection.execute(joins.COUNT_LINKS, {"mapping": self._mapping}).fetchone()
        assert counted is not None
        linked, severed = counted
        return linked, severed

    def _totals(self, lines: Mapping[int, int], linked: int, severed: int) -> Totals:
        gone = self._connection.execute(joins.COUNT_GONE).fetchone()
        kinds = dict(self._connection.execute("SELECT kind, count(*) FROM survey_case GROUP BY kind").fetchall())
        assert gone is not None
        return Totals(
            lines={side: lines.get(code, 0) for side, code in SIDE_CODES.items()},
            gone={Side.FEISHU: gone[0], Side.DATABASE: gone[1]},
            cases={kind: kinds.get(kind.value, 0) for kind in CaseKind},
            linked=linked,
            severed=severed,
        )

    def fresh(self, after: str | None, limit: int) -> Sequence[Newcomers]:
        """The next cases of kind ``FRESH``, many at once, in the order they were staged."""
        with self._reading():
            page = {"after": int(after or 0), "limit": limit}
            rows = self._connection.execute(joins.FRESH, page, binary=True).fetchall()
        groups = ((side, list(some)) for side, some in groupby(rows, lambda row: _SIDES[row[1]]))
        return [newcomers for side, some in groups for newcomers in self._newcomers(side, some)]

    def fresh_of(self, side: Side, lines: Sequence[str]) -> Sequence[Newcomers]:
        """The cases of kind ``FRESH`` of these lines, in their order."""
        with self._reading():
            page = {"side": SIDE_CODES[side], "lines": array_text(lines)}
            rows = self._connection.execute(joins.FRESH_OF, page, binary=True).fetchall()
        return list(self._newcomers(side, rows)) if rows else []

    def _newcomers(self, side: Side, rows: Sequence[tuple[Any, ...]]) -> Iterator[Newcomers]:
        for places, spread in self._forms.spread([row[-1] for row in rows]):
            _, _, lines, prints, matches, _ = zip(*[rows[place] for place in places], strict=True)
            yield Newcomers(side, str(rows[-1][0]), lines, prints, matches, spread.times, spread.held, spread.forms)

    def cases(self, kind: CaseKind, after: str | None, limit: int) -> Sequence[Case]:
        """The next cases of a kind: links by id, newcomers in the order they were staged, duplicates side by side."""
        page = {"kind": kind.value, "after": int(after or 0), "limit": limit}
        with self._reading():
            rows = self._connection.execute(joins.PAGE, page).fetchall()
            read = self._read([place for row in rows for place in row[2:4] if place is not None])
            linked = [row[1] for row in rows if row[1] is not None]
            remembered = self._links.load(linked) if linked else ()
        links = {each.link.id: each for each in remembered}
        return [self._case(kind, row, read, links) for row in rows]

    def _read(self, places: Sequence[str]) -> Mapping[str, tuple[Found, bytes | None]]:
        """Staged lines by where they lie: how each was found, and its match."""
        rows = self._connection.execute(joins.READ, {"places": array_text(places)}, binary=True).fetchall()
        changed = [row for row in rows if row[-1] is not None]
        lines = [(_SIDES[side], line) for _, side, line, *_ in changed]
        versions = iter(self._forms.load(lines, [row[-1] for row in changed]))
        return {
            place: ((Look.UNCHANGED if form is None else next(versions), digest), match)
            for place, _, _, digest, match, form in rows
        }

    def _case(
        self,
        kind: CaseKind,
        row: tuple[Any, ...],
        read: Mapping[str, tuple[Found, bytes | None]],
        links: Mapping[int | None, Remembered],
    ) -> Case:
        at, link, feishu_at, database_at, feishu_look, database_look, match, others = row
        remembered = links.get(link)
        feishu, feishu_print = read[feishu_at][0] if feishu_at else (_look(feishu_look), None)
        database, database_print = read[database_at][0] if database_at else (_look(database_look), None)
        prints = {Side.FEISHU: feishu_print, Side.DATABASE: database_print}
        if remembered is not None:  # a line that is as it was left no print of its own
            for side, place in ((Side.FEISHU, feishu_at), (Side.DATABASE, database_at)):
                prints[side] = remembered.prints.get(side) if place and prints[side] is None else prints[side]
        return Case(
            kind,
            str(at),
            feishu,
            database,
            remembered,
            {side: digest for side, digest in prints.items() if digest is not None},
            match,
            tuple(others or ()),
        )


def _all_read(lines: Mapping[int, int], linked: int, severed: int) -> bool:
    """Whether so many lines are all of the links, where each line belongs to one of them."""
    return not severed and all(lines.get(code, 0) == linked for code in SIDE_CODES.values())


def _named(lines: Collection[tuple[Side, str]], side: Side) -> str:
    return array_text([line for where, line in lines if where is side])


def _look(word: str | None) -> Look | None:
    return None if word is None else Look(word)
