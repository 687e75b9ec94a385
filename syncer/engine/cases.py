"""Turns what a survey found into lines ready for planning."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TypeVar

import orjson

from syncer.core.mapping import Pairing
from syncer.core.marks import MARK
from syncer.core.plan import Fate, LinePlan
from syncer.core.planner import Desk
from syncer.core.records import Link, Side, Version
from syncer.core.values import digest, dump
from syncer.engine.lens import absent, from_bases
from syncer.engine.line import Line
from syncer.engine.resolutions import resolutions
from syncer.engine.tools import Tools
from syncer.ports import Case, CaseKind, Look

T = TypeVar("T")


class Bench:
    """Lays out cases as lines: current versions of both sides, the link, what people and earlier runs left about it."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._approved = tools.memory.approval()
        self._first_pairings = self._approved.get("first_pairing", frozenset())
        standing = tools.memory.standing()
        waiting = standing.open_failures or standing.open_conflicts or self._first_pairings
        self._began_calm = not (tools.repairs or waiting)

    def lines(self, cases: Sequence[Case]) -> list[Line]:
        """The cases' lines, planned."""
        lines = [self._line(case) for case in cases]
        self._complete(lines)
        self._desks(lines)
        self._plan(lines)
        for case, line in zip(cases, lines, strict=True):
            if case.kind is CaseKind.MOVED:
                _spare_newcomer(line)
        return lines

    def _plan(self, lines: Sequence[Line]) -> None:
        """Plan the lines; of all contested fields together it is asked when they were changed."""
        now = self._tools.clock.now()
        for line in lines:
            line.noticed, line.planned_at = self._tools.noticed.of(line), now
        plans, witnesses = [self._tools.draft(line) for line in lines], self._tools.witnesses
        if witnesses is not None:
            witnesses.ask([line for line, plan in zip(lines, plans, strict=True) if witnesses.lack(line, plan)])
        for line, plan in zip(lines, plans, strict=True):
            line.adopt(self._tools.plan(line) if plan.collisions else plan)
        for line in [*self.examine(lines), *self._read_to_mark(lines)]:
            line.adopt(self._tools.plan(line))

    def examine(self, lines: Sequence[Line]) -> list[Line]:
        """Read whole what is to be deleted; the lines that turn out to be edited in parts that nothing carries."""
        return self._tools.wholes.examine(lines) if self._tools.wholes is not None else []

    def _read_to_mark(self, lines: Sequence[Line]) -> list[Line]:
        """Read lines that are to be marked of which only bases are known, which say nothing of the mark."""
        found = []
        for side in self._tools.rules.marks:
            some = [line for line in lines if _is_marked_blindly(line, side)]
            self.refresh(side, some)
            found += some
        return found

    def approved(self, guard: str, line: Line) -> bool:
        """Whether a person approved, for this guard, this very state of this line."""
        marks = self._approved.get(guard)
        return marks is not None and mark_of(line) in marks

    def approves(self, guard: str) -> bool:
        """Whether anything at all was approved for this guard."""
        return bool(self._approved.get(guard))

    @staticmethod
    def bare(case: Case, now: datetime) -> Line:
        """A case without a link as a line that is only to be told of."""
        versions = {
            side: found if isinstance(found := case.side(side), Version) else absent(side, "", now) for side in Side
        }
        return Line(versions)

    def _line(self, case: Case) -> Line:
        link = case.remembered.link if case.remembered else None
        line = Line({}, link, stored=link is not None)
        for side in Side:
            line.versions[side] = self._version(case, side)
            line.prints[side] = _print(case, side)
        if case.kind is CaseKind.MOVED and link is not None:
            line.link = replace(link, record=line.id_on(Side.FEISHU), key=line.id_on(Side.DATABASE))
        if link is not None:
            line.bases = dict(link.bases)
            line.gone_as = case.remembered.match if case.remembered else None
        return line

    def _version(self, case: Case, side: Side) -> Version:
        found = case.side(side)
        link = case.remembered.link if case.remembered else None
        if isinstance(found, Version):
            return Version(side, found.line, {}, found.read_at) if _is_outdated(found, link) else found
        now = self._tools.clock.now()
        name = (link.line(side) if link else None) or ""
        if found is Look.UNCHANGED and case.remembered is not None and link is not None:
            if case.remembered.settled:
                return from_bases(side, name, link.bases, now)
            return Version(side, name, {}, now)  # completed below
        return absent(side, name, now)

    def _complete(self, lines: Sequence[Line]) -> None:
        """Fetch the lines of which neither the survey nor the bases tell all."""
        bare = {side: [line for line in lines if line.versions[side].values == {}] for side in Side}
        self.refresh(Side.FEISHU, bare[Side.FEISHU])
        self.refresh(Side.DATABASE, bare[Side.DATABASE])

    def refresh(self, side: Side, lines: Sequence[Line]) -> None:
        """Read one side of these lines anew."""
        names = [line.versions[side].line for line in lines]
        if not names:
            return
        versions, prints = self._fetch_records(names) if side is Side.FEISHU else self._fetch_rows(names)
        self._tools.lens.meet(list(versions.values()))
        for line, name in zip(lines, names, strict=True):
            line.versions[side] = versions.get(name) or absent(side, name, self._tools.clock.now())
            line.prints[side] = prints.get(name)

    def _fetch_records(self, names: Sequence[str]) -> tuple[dict[str, Version], dict[str, bytes]]:
        lens = self._tools.lens
        fetched = self._tools.records.fetch(names, lens.fields)
        versions = {raw.id: lens.record(raw, fetched.read_at) for raw in fetched.records}
        return versions, {raw.id: raw.print for raw in fetched.records}

    def _fetch_rows(self, names: Sequence[str]) -> tuple[dict[str, Version], dict[str, bytes]]:
        lens = self._tools.lens
        page = self._tools.rows.fetch(names)
        return {raw.key: lens.row(raw, page.read_at) for raw in page.rows}, {raw.key: raw.print for raw in page.rows}

    def failed(self, side: Side, lines: Sequence[str]) -> Collection[str]:
        """Those of these lines, none of them linked, of which something failed before."""
        return () if self._is_calm() else self._tools.memory.failed_lines(side, lines)

    def _is_calm(self) -> bool:
        """Whether nothing of this mapping failed or waits for a person, so that no line has to be asked about."""
        return self._began_calm and not (self._tools.report.failures or self._tools.report.conflicts)

    def _desks(self, lines: Sequence[Line]) -> None:
        if self._is_calm():
            desk = Desk(now=self._tools.clock.now())
            for line in lines:
                line.desk = desk
            return
        memory = self._tools.memory
        linked = [line.link.id for line in lines if line.link is not None and line.link.id is not None]
        failed = _by_link(memory.failed_values(linked)) if linked else {}
        conflicts = _by_link(memory.open_conflicts(linked)) if linked else {}
        loose = {
            side: memory.failed_lines(side, names)
            for side in Side
            if (names := [name for line in lines if line.link is None and (name := line.id_on(side))])
        }
        for line in lines:
            if line.link is not None and line.link.id is not None:
                line.open_conflicts = conflicts.get(line.link.id, {})
                line.desk = self._desk(line, failed.get(line.link.id, {}))
            else:
                line.desk = self._desk(line, _loose(line, loose))

    def _desk(self, line: Line, failed: Mapping[str, bytes]) -> Desk:
        asked = bool(self._first_pairings) and mark_of(line) in self._first_pairings
        pairing = Pairing.POLICY if asked or (self._tools.repairs and line.stored) else None
        said = resolutions(self._tools.rules, line.open_conflicts)
        return Desk(failed, said, pairing, self._tools.clock.now())


def _spare_newcomer(line: Line) -> None:
    """Dissolve a pair instead of deleting a line that was never a part of it: the other half left the scope before."""
    if any(map(line.plan.removes, line.plan.operations)):
        line.adopt(LinePlan(fate=Fate.SEVER, deleted_on=line.plan.deleted_on))


def _is_marked_blindly(line: Line, side: Side) -> bool:
    operation, held = line.operation(side), line.versions[side].values
    return operation is not None and operation.mark is not None and held is not None and MARK not in held


def _print(case: Case, side: Side) -> bytes | None:
    """The fingerprint of what a case says of a side: of a line that was dealt with since, not the one staged before."""
    known = case.remembered.prints.get(side) if case.remembered else None
    return (case.prints.get(side) or known) if isinstance(case.side(side), Version) else known


def _is_outdated(version: Version, link: Link | None) -> bool:
    """Whether a line was read before its base moved: it is read again then."""
    return link is not None and link.moved_at is not None and version.read_at < link.moved_at


def _loose(line: Line, failed: Mapping[Side, Mapping[str, Mapping[str, bytes]]]) -> Mapping[str, bytes]:
    for side in Side:
        name = line.id_on(side)
        if name and name in failed.get(side, {}):
            return failed[side][name]
    return {}


def _by_link(found: Mapping[tuple[int, str], T]) -> dict[int, dict[str, T]]:
    nested: dict[int, dict[str, T]] = {}
    for (link, pair), item in found.items():
        nested.setdefault(link, {})[pair] = item
    return nested


def mark_of(line: Line) -> str:
    """What identifies a line in exactly this state, for approvals."""
    parts = [orjson.dumps([line.id_on(Side.FEISHU), line.id_on(Side.DATABASE)])]
    for side in Side:
        values = line.versions[side].values or {}
        parts.append(orjson.dumps({name: _form(held) for name, held in values.items()}, option=orjson.OPT_SORT_KEYS))
    return digest(*parts).hex()


def _form(held: object) -> object:
    try:
        return dump(held)  # type: ignore[arg-type]  # an unreadable cell has no stored form
    except TypeError:
        return str(held)
