"""What must hold of a world once it is quiet (section 9 of the design), one function a promise."""

import json
from collections import Counter

from syncer.core.mapping import DeletePolicy, Direction
from syncer.core.records import Side
from syncer.core.values import dump, is_empty
from tests.convergence.linked import LINK, pends
from tests.convergence.machine import DELETED, OVERWRITTEN, Machine
from tests.convergence.mappings import D, F
from tests.convergence.people import Edit, Line

QUIET_RUNS = 12
RHYTHM = 601
"""Seconds after which the fields that Feishu computes are read of every record."""


class BrokenError(AssertionError):
    """A promise was broken."""


def settle(machine: Machine) -> None:
    """Quiet runs until nothing is written any more, and every check after them."""
    machine.chaotic = False
    machine.tell("=== quiet")
    if machine.noticer:
        machine.noticer.hurry()
    report, quiet = None, 0
    for _ in range(QUIET_RUNS):
        machine.clock.move(machine.rng.choice([1, 100]))
        before, settled = machine.state(), not machine.memory or not machine.memory.open_intents()
        report = machine.run(full=quiet == 0)
        demand(report is not None, "a quiet run did not end by itself")
        if report.guard is not None and report.guard.stops and not machine.breathed:
            demand(not settled or machine.state() == before, "a guard stopped the run, but it wrote")
            demand(not report.writes, "a guard stopped the run, but it counts writes")
        if report.guard is not None and report.guard.stops and machine.rng.random() < 0.7:
            report = approve(machine, report)
        quiet = 0 if report.writes else quiet + 1
        if quiet == 3:
            break
    demand(quiet >= 2, f"still writing after {QUIET_RUNS} quiet runs: {dict(report.written)}")
    demand(not machine.memory.open_intents(), "intents are left open")
    if report.guard is None:
        Checks(machine).all()
        if machine.setup.lag is not None:
            follow(machine)


def follow(machine: Machine) -> None:
    """A formula follows an edit after a while, and another time changes by itself: a poll finds it in its rhythm."""
    for step in ("its field is edited", "the day changes"):
        machine.tell(f"=== {step}")
        if step == "the day changes":
            machine.records.salt += 1
        elif machine.records.records:
            machine.people.rename_one()
        machine.run(full=False)
        machine.clock.move(RHYTHM)
        for _ in range(3):
            report = machine.run(full=False)
            demand(report is not None, "a quiet run did not end by itself")
            machine.clock.move(10)
            if report.guard is not None:
                return
        Checks(machine).computed_follow()


def approve(machine: Machine, report):
    """A person lets a run go on, whatever guards it meets on its way; the report of the run that did."""
    for _ in range(5):
        machine.tell(f"desk: approve {report.run}")
        report = machine.run(full=True, approve=report.run)
        demand(report is not None, "an approved run did not end by itself")
        if report.guard is None:
            return report
    raise BrokenError(f"approved again and again, and still stopped by {report.guard}")


def demand(truth: bool, told: str) -> None:
    if not truth:
        raise BrokenError(told)


class Checks:
    """The checks of one world at rest."""

    def __init__(self, machine: Machine) -> None:
        self.machine, self.people, self.rules = machine, machine.people, machine.rules
        self.pairs = {pair.name: pair for pair in machine.rules.pairs}
        self.book = machine.memory.book
        self.lines = [(F, name) for name in machine.records.records] + [(D, key) for key in machine.rows.rows]
        self.held = {line: machine.people.held(line) for line in self.lines}
        self.groups = Groups()
        for record, key in machine.ties:
            self.groups.join((F, record), (D, key))
        for old, new in machine.people.renamed:
            self.groups.join(old, new)
        self.link_of = {}
        for remembered, _ in self.book.links.values():
            for side in Side:
                if remembered.link.line(side) is not None:
                    self.link_of[side, remembered.link.line(side)] = remembered.link

    def all(self) -> None:
        self.links_stand()
        self.sides_agree()
        self.strangers_are_explained()
        self.nothing_doubled()
        self.no_edit_lost()
        self.deleted_stays_deleted()

    def links_stand(self) -> None:
        for remembered, _ in self.book.links.values():
            link = remembered.link
            for side in Side:
                if link.severed is not side and link.line(side) is not None and not self._waits(link, side):
                    demand(
                        (side, link.line(side)) in self.held,
                        f"link {link.id} names {side} {link.line(side)}, which is gone",
                    )

    def _waits(self, link, gone: Side) -> bool:
        """Whether the missing half cannot be made: a failure says why, or a stranger holds its match values."""
        if any(failed.note.link == link.id for failed in self.book.failures.values()):
            return True
        if self._lacks_required(gone.other, link.line(gone.other)):
            return True
        survivor = self.held.get((gone.other, link.line(gone.other)), {})
        mine = [survivor.get(name) for name in self.rules.match]
        others = [self.held[line] for line in self.lines if line[0] is gone]
        return bool(mine) and any([other[name] for name in self.rules.match] == mine for other in others)

    def sides_agree(self) -> None:
        for remembered, _ in self.book.links.values():
            link = remembered.link
            here, there = self.held.get((F, link.record)), self.held.get((D, link.key))
            if link.severed is not None or here is None or there is None:
                continue
            for pair in self.rules.pairs:
                if not all(pair.accepts(side) for side in Side) or self._parked(link.id, pair.name):
                    continue
                feishu, database = here[pair.name], there[pair.name]
                if pair.name == LINK and pends(pair, feishu, database):
                    continue
                demand(
                    pair.same(feishu, database),
                    f"link {link.id} ({link.record}={link.key}) {pair.name}: {feishu!r} in Feishu, {database!r} in the "
                    f"database, base {link.bases.get(pair.name)}",
                )

    def computed_follow(self) -> None:
        """Every linked row holds what Feishu works out, or a failure says why not."""
        for remembered, _ in self.book.links.values():
            link = remembered.link
            here, there = self.held.get((F, link.record)), self.held.get((D, link.key))
            if link.severed is not None or here is None or there is None or self._parked(link.id, "computed"):
                continue
            base = link.bases.get("computed")
            if (D, link.key) in self.people.made and base is not None and base.feishu == here["computed"]:
                continue  # a row that people put in the place of another came with a value of its own: it stays
            is_ours, told = (F, link.record) not in self.people.made, base is not None and base.feishu is not None
            if is_ours and not told and here["computed"] is None:
                continue  # of a record that we made for a row: a formula that never told anything empties nothing
            told = f"{here['computed']!r} in Feishu, {there['computed']!r} in the database"
            demand(self.pairs["computed"].same(here["computed"], there["computed"]), f"computed {link.id}: {told}")

    def _parked(self, link: int, pair: str) -> bool:
        return (link, pair) in self.book.conflicts or self._failed(link, pair) or self._failed(link, "")

    def _failed(self, link: int, pair: str) -> bool:
        return any(failed.note.link == link and failed.note.pair == pair for failed in self.book.failures.values())

    def strangers_are_explained(self) -> None:
        for side, line in self.lines:
            if (side, line) not in self.link_of:
                demand(
                    self._explained(side, line),
                    f"{side} {line} has no partner, and nobody says why: {self.held[side, line]}",
                )

    def _explained(self, side: Side, line: str) -> bool:
        if not self.rules.direction.carries_from(side):
            return True
        if any(self._names(failed.note, side, line) for failed in self.book.failures.values()):
            return True
        return self._marked(side, line) or self._lacks_required(side, line) or self._is_outside(side, line)

    def _is_outside(self, side: Side, line: str) -> bool:
        """Whether a line may not enter."""
        where, held = self.rules.where.get(side), self.held[side, line]
        return where is not None and not where.clause.holds(lambda _: held["order_no"])

    @staticmethod
    def _names(note, side: Side, line: str) -> bool:
        return (note.record if side is F else note.key) == line

    def _marked(self, side: Side, line: str) -> bool:
        if side is F:
            return bool(self.machine.records.records[line].cells.get("作废"))
        return bool(self.machine.rows.rows[line]["deleted"])

    def _lacks_required(self, side: Side, line: str) -> bool:
        held = self.held.get((side, line), {})
        return any(
            pair.required and pair.accepts(side.other) and is_empty(held.get(pair.name)) for pair in self.rules.pairs
        )

    def nothing_doubled(self) -> None:
        counts = Counter((side, self.held[side, line]["origin"]) for side, line in self.lines)
        ours = {(line[0], self.held[line]["origin"]) for line in self.lines if line not in self.people.made}
        told = {(line[0], self.held[line]["origin"]) for line in self.lines if self._is_stray(line)}
        for side, origin in ours - told:
            count = counts[side, origin]
            if not is_empty(origin) and self.pairs["origin"].direction is Direction.BOTH:
                if not self.rules.match or origin in self.people.rekeyed:
                    continue  # nobody can tell by what it holds which line was made of which
                made = max(1, self.people.origins.get((side, origin), 0))
                demand(count <= made, f"{count} lines of {origin} in {side}")

    def _is_stray(self, line: Line) -> bool:
        """Whether a line is told to share its match values with another one."""
        strays = [one.note for one in self.book.failures.values() if one.note.code in ("rival", "duplicate")]
        return any(self._names(note, *line) for note in strays)

    def no_edit_lost(self) -> None:
        for edit in self.people.edits:
            if edit.before != edit.value and not self._accounted(edit):
                raise BrokenError(f"the edit {edit} is lost")

    def gone(self) -> list[Edit]:
        """The edits that are in none of the three places, for all that excuses them."""
        real = [edit for edit in self.people.edits if edit.before != edit.value]
        return [edit for edit in real if not self._accounted(edit, excuses=False)]

    def _accounted(self, edit: Edit, *, excuses: bool = True) -> bool:
        side, pair = edit.line[0], self.pairs[edit.pair]
        if not edit.linked and is_empty(edit.value):
            return True  # a first pairing fills what is empty
        if is_empty(edit.value) and self.machine.setup.kinds[edit.pair].fills is not None:
            return True  # the column's own default fills it
        if excuses and self._is_excused(edit):
            return True
        if edit.pair == LINK and not self._names_a_pair(edit):
            return True
        if not pair.accepts(side.other) or not self.rules.direction.carries_from(side):
            return True
        group = self.groups.of(edit.line)
        if any(other.at > edit.at and other.pair == edit.pair and other.line in group for other in self.people.edits):
            return True
        if any(
            self._taken_back(edit, other) for other in self.people.edits if other.at < edit.at and other.line in group
        ):
            return True
        wins = self.rules.delete_policy is DeletePolicy.DELETE
        if any(
            loss.line in group and (wins or loss.at > edit.at or loss.line == edit.line) for loss in self.people.losses
        ):
            return True
        if any(left.line in group and (wins or left.at > edit.at) for left in self.leavings()):
            return True
        return self._present(edit, group) or self._told(edit, group)

    def _names_a_pair(self, edit: Edit) -> bool:
        """Whether all lines that somebody named are linked, and have always been as they are."""
        for name in self._named(edit):
            line = (edit.line[0], name)
            group, link = self.groups.of(line), self.link_of.get(line)
            moved = any(sum(one[0] is side for one in group) > 1 for side in Side)
            if moved or link is None or link.severed is not None or not all(one in self.held for one in group):
                return False
        return True

    @staticmethod
    def _named(edit: Edit) -> list[str]:
        if edit.line[0] is F or isinstance(edit.value, frozenset):
            return [name if edit.line[0] is F else f"[{name}]" for name in edit.value or ()]
        return [] if edit.value is None else [f"[{edit.value}]"]

    def leavings(self) -> list[Edit]:
        """The edits that took a line out of a scope whose leaving counts as a deletion."""
        scopes = {side: where for side, where in self.rules.where.items() if where.on_leave == "delete"}
        moves = [edit for edit in self.people.edits if edit.pair == "order_no" and edit.line[0] in scopes]
        return [edit for edit in moves if not scopes[edit.line[0]].clause.holds(lambda _, edit=edit: edit.value)]

    def _is_excused(self, edit: Edit) -> bool:
        """Whether an edit may have been lost: our write came after it, and no event told of either of the two."""
        noticer = self.machine.noticer
        if edit.excused not in (OVERWRITTEN, DELETED) or noticer is None:
            return bool(edit.excused)
        return not noticer.has_told(edit.line[1], self.pairs[edit.pair].field, edit.cell)

    @staticmethod
    def _taken_back(edit: Edit, other: Edit) -> bool:
        """Whether an edit gave a field back what it held before another edit: then nothing changed."""
        return other.pair == edit.pair and edit.value in (other.before, other.value)

    def _present(self, edit: Edit, group: set[Line]) -> bool:
        side = edit.line[0]
        for line in group:
            if line[0] is not side or line not in self.held or self.held[line][edit.pair] != self._tidied(edit):
                continue
            link = self.link_of.get(line)
            if link is None or link.severed is not None:
                return True
            other = (side.other, link.line(side.other))
            if other not in self.held:
                return self._waits(link, side.other)
            halves = {side: self.held[line][edit.pair], side.other: self.held[other][edit.pair]}
            if edit.pair == LINK and pends(self.pairs[LINK], halves[F], halves[D]):
                return True
            return self._same(edit.pair, halves) or self._parked(link.id, edit.pair)
        return self.pairs[edit.pair].merge != "register"

    def _same(self, name: str, halves) -> bool:
        """Whether both halves are the same, or would be but for what a trigger makes of it in the database alone."""
        pair, tidy = self.pairs[name], self.machine.setup.kinds[name].tidy
        if pair.same(halves[F], halves[D]):
            return True
        one_way = not (pair.accepts(F) and pair.accepts(D))
        return bool(tidy) and one_way and pair.same(tidy(halves[F]) or None, halves[D])

    def _tidied(self, edit: Edit):
        tidy = self.machine.setup.kinds[edit.pair].tidy
        held = [self.held[line][edit.pair] for line in self.groups.of(edit.line) if line in self.held]
        if tidy and edit.value is not None and edit.value not in held:
            return tidy(edit.value) or None
        return edit.value

    def _told(self, edit: Edit, group: set[Line]) -> bool:
        links = {link.id for line, link in self.link_of.items() if line in group}
        side, value = edit.line[0], dump(edit.value)
        raw = json.dumps(edit.cell)  # a form that nobody understands is kept as it came
        notes = [note for note in [*self.book.settled, *self.book.conflicts.values()] if self._in(note, group)]
        if any(note.pair == edit.pair and getattr(note, side.value) in (value, raw) for note in notes):
            return True
        for failed in self.book.failures.values():
            if failed.note.pair in (edit.pair, "") and (failed.note.link in links or self._in(failed.note, group)):
                return True
        return not edit.linked and any(
            audit.side is side and audit.before.get(edit.pair) == value and self._in(audit, group)
            for audit in self.book.audits
        )

    @staticmethod
    def _in(note, group: set[Line]) -> bool:
        return (F, note.record) in group or (D, note.key) in group

    def deleted_stays_deleted(self) -> None:
        for loss in self.people.losses:
            group = self.groups.of(loss.line)
            edited = any(
                edit.line in group and edit.line[0] is not loss.line[0] and (edit.linked or edit.before is not None)
                for edit in self.people.edits
            )
            moved = any(sum(line[0] is side for line in group) > 1 for side in Side)  # the link was given another line
            moved = moved or any(line in group for pair in self.people.renamed for line in pair)
            rule = self.rules.on_deleted[loss.line[0]]
            if (
                moved
                or LINK in self.pairs  # whose partner is deleted is unlinked by Feishu, which is an edit
                or not self.rules.direction.carries_from(loss.line[0])
                or (edited and self.rules.delete_policy is not DeletePolicy.DELETE)
            ):
                continue
            lost = {other.line for other in self.people.losses}  # a key may come back with another row
            anew = {edit.line for edit in self.people.edits if edit.pair == "origin" and edit.at > loss.at}
            left = [line for line in group - lost - anew if line in self.held and line[0] is not loss.line[0]]
            if rule.action == "delete":
                left = [line for line in left if not self._explained_survivor(line)]
                demand(not left, f"{loss.line} was deleted, but {left} still lives")
            elif rule.action == "mark":
                left = [line for line in left if not self._marked(*line) and not self._explained_survivor(line)]
                demand(not left, f"{loss.line} was deleted, but {left} bears no mark")

    def _explained_survivor(self, line: Line) -> bool:
        link = self.link_of.get(line)
        failed = any(self._names(one.note, *line) for one in self.book.failures.values())
        if any(where.on_leave != "keep" for where in self.rules.where.values()) and (not link or link.severed):
            return True  # the pair may have been dissolved before
        if failed or link is None or link.severed is not None:
            return failed
        return (line[0].other, link.line(line[0].other)) in self.held or self._waits(link, line[0].other)


class Groups:
    """Lines that are, or were, the same line: linked with one another, or renamed."""

    def __init__(self) -> None:
        self._groups: dict[Line, set[Line]] = {}

    def of(self, line: Line) -> set[Line]:
        return self._groups.get(line, {line})

    def join(self, one: Line, other: Line) -> None:
        together = self.of(one) | self.of(other)
        for line in together:
            self._groups[line] = together
