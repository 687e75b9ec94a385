"""Newcomers brought over by the slice leave what the same newcomers leave one by one: whatever the mapping."""

from dataclasses import replace
from random import Random

import pytest

from syncer.engine.drafts import Drafts
from syncer.engine.lens import Lens
from syncer.engine.record_drafts import RecordDrafts
from syncer.engine.record_nursery import RecordNursery
from syncer.engine.report import Report
from syncer.engine.row_nursery import RowNursery
from syncer.engine.run import run
from syncer.engine.tools import Options, Tools
from syncer.ports.progress import Reporter
from syncer.testing import FakeClock, InMemoryMemory, InMemoryRecords, InMemoryRows, SeededIds
from tests.convergence.mappings import D, F, draw
from tests.convergence.people import People

SEEDS, CHUNK = 400, 100


class World:
    """One run over two tables that people filled; always the same for a seed."""

    def __init__(self, seed):
        rng = Random(seed)
        self.clock, self.setup = FakeClock(), draw(rng)
        self.records, self.rows = self.setup.records(self.clock), self.setup.rows(self.clock)
        people = People(rng, self.setup, self.records, self.rows, lambda _: None, lambda *_: None)
        rules = self.setup.rules(self.records, self.rows, InMemoryRecords(self.records).info())
        people.translators = {pair.name: pair.translator for pair in rules.pairs}
        people.begin(rng.randint(0, 12))
        for _ in range(rng.randint(0, 4)):
            people.act()
        if seed % 3 == 0:  # a first load: its rows are drafted while the records are read
            self.rows.rows.clear()
        elif seed % 3 == 1:  # likewise, of records
            self.records.records.clear()
        self.before = {F: set(self.records.records), D: set(self.rows.rows)}
        self.memory = InMemoryMemory(self.clock, [(pair.column, "1") for pair in self.setup.mapping.pairs])
        self.batch = rng.choice([2, 3, 1000])
        self.reports = []

    def run(self, tap=lambda _, door: door):
        """One run; ``tap`` may stand before its doors."""
        records = InMemoryRecords(self.records)
        info = records.info()
        rules = self.setup.rules(self.records, self.rows, info)
        self.memory, self.match = self.memory.again(), rules.match
        rows = InMemoryRows(self.rows, self.setup.read_columns(), self.clock, self.setup.mapping.watermark)
        rows = tap("rows", rows)
        tools = Tools(
            rules=rules,
            records=tap("records", records),
            rows=rows,
            anteroom=rows.anteroom,
            memory=tap("memory", self.memory),
            clock=self.clock,
            ids=SeededIds(1),
            report=Report("orders", self.memory.run),
            reporter=Reporter(),
            options=Options(full=True, batch=self.batch),
            lens=Lens(rules),
        )
        run(tools, info)
        self.reports.append(tools.report)

    # what is left, with the names of new lines left out: they are given in the order in which lines are written

    def named(self, side, line):
        return line if line in self.before[side] or line is None else "new"

    def links(self):
        found = []
        for remembered, _ in self.memory.book.links.values():
            link = remembered.link
            names = (self.named(F, link.record), self.named(D, link.key))
            prints = [remembered.prints.get(side) is not None for side in (F, D)]
            bases = _without_id(link.bases)
            match = remembered.match if "id" not in self.match else remembered.match is None
            found.append((names, bases, link.severed, link.predicted, prints, match, remembered.settled))
            self.check_prints(remembered)
        return sorted(found, key=repr)

    def check_prints(self, remembered):
        """A print that is remembered is that of the line as it stands."""
        door = InMemoryRows(self.rows, self.setup.read_columns(), self.clock, self.setup.mapping.watermark)
        fields = [pair.field for pair in self.setup.mapping.pairs]
        fields += [target for target in [self.setup.mapping.from_database.target] if target]
        for side, print_ in remembered.prints.items():
            line = remembered.link.line(side)
            if line is None or print_ is None:
                continue
            found = (
                InMemoryRecords(self.records).fetch([line], fields).records if side is F else door.fetch([line]).rows
            )
            assert [one.print for one in found] in ([print_], [])

    def audits(self):
        return sorted(
            repr(
                (
                    *(
                        audit.side,
                        audit.action,
                        self.named(F, audit.record),
                        self.named(D, audit.key),
                        audit.reason,
                        audit.read_at,
                    ),
                    [sorted(forms.items()) for forms in (_without_id(audit.before), _without_id(audit.after))],
                )
            )
            for audit in self.memory.book.audits
        )

    def held(self):
        records = sorted(
            repr(sorted((name, cell) for name, cell in kept.cells.items() if name != "编号"))
            for kept in self.records.records.values()
        )
        rows = sorted(
            repr(sorted((name, value) for name, value in row.items() if name not in ("id", "updated_at")))
            for row in self.rows.rows.values()
        )
        return records, rows

    def rest(self):
        book = self.memory.book
        failures = sorted(repr((self._unnamed(failed.note), failed.attempts)) for failed in book.failures.values())
        conflicts = sorted(repr(replace(note, link=0, key="", record="")) for note in book.conflicts.values())
        open_now = [intent.id for intent, state in book.intents.values() if state.value == "open"]
        return failures, conflicts, open_now, self.rows.applied

    def _unnamed(self, note):
        return replace(note, link=None, key=self.named(D, note.key), record=self.named(F, note.record))

    def told(self):
        return [
            (+report.written, report.failures, report.conflicts, report.held, report.loose, report.status)
            for report in self.reports
        ]


def _without_id(pairs):
    """Generated numbers are given in the order in which lines are written."""
    return {name: held for name, held in pairs.items() if name != "id"}


@pytest.mark.parametrize("first", range(0, SEEDS, CHUNK))
def test_by_the_slice_or_one_by_one_the_same_is_left(first, monkeypatch):
    for seed in range(first, first + CHUNK):
        worlds = []
        for one_by_one in (False, True):
            with monkeypatch.context() as patch:
                if one_by_one:
                    patch.setattr(RowNursery, "room", lambda _: 0)
                    patch.setattr(Drafts, "stand", lambda *_: False)
                    patch.setattr(RecordDrafts, "stand", lambda *_: False)
                    patch.setattr(RecordNursery, "room", lambda _: 0)
                world = World(seed)
                for _ in range(2):
                    world.run()
            worlds.append(world)
        fast, slow = worlds
        for look in (World.told, World.held, World.links, World.audits, World.rest):
            assert look(fast) == look(slow), f"seed {seed}: {look.__name__}"
