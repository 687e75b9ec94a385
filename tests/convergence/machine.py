"""The machine: one seed makes a mapping, two tables, people, faults and crashes, and runs the engine through them."""

from datetime import datetime, timedelta
from random import Random

from syncer.engine.lens import Lens
from syncer.engine.pending import PendingLines
from syncer.engine.report import Report
from syncer.engine.run import run
from syncer.engine.tools import Options, Tools
from syncer.errors import OutsideError, StaleNameError, UnreachableError
from syncer.ports import FieldInfo
from syncer.ports.progress import Reporter
from syncer.testing import FakeClock, InMemoryMemory, InMemoryRecords, InMemoryRows, SeededIds
from tests.convergence.linked import LINK, WorldLines
from tests.convergence.mappings import F, draw, related, scoped
from tests.convergence.noticing import Noticer
from tests.convergence.people import Line, People

WRITES = {"records.create": "create", "records.update": "update", "records.delete": "delete"}
OFTEN = {**dict.fromkeys([*WRITES, "rows.write", "rows.insert"], 6), "memory.intend": 4, "memory.remember": 4}
"""How much likelier a fault or crash is at a step; at those not named here a tenth, so that runs come to write."""
MOST_ACTS = 40
"""What people do during one run, at most: a run that deals with all of it between two steps would never end."""
LATEST = 7
"""Seconds after which a late call has taken effect: within the engine's grace, whatever one more step takes."""


OVERWRITTEN = "edited between the look and the write"
DELETED = "edited between the look and the deletion"


class CrashError(BaseException):
    """The process ended here, as far as the run can tell."""


class Tap:
    """Stands before a door: the machine may act before and after every call."""

    def __init__(self, name, door, machine) -> None:
        self._name, self._door, self._machine = name, door, machine

    def __getattr__(self, name):
        found = getattr(self._door, name)
        if not callable(found):
            return found
        step, tell = f"{self._name}.{name}", self._machine.step

        def tapped(*args, **kwargs):
            tell("before", step, args)
            answer = found(*args, **kwargs)
            if name == "read":
                return self._pages(step, answer)
            if name in ("survey", "anteroom"):
                answer = Tap(name, answer, self._machine)
            tell("after", step, args)
            return answer

        return tapped

    def _pages(self, step, pages):
        for page in pages:
            yield page
            self._machine.step("after", step, ())


class HookedClock(FakeClock):
    """Lets late calls arrive while somebody waits."""

    def __init__(self) -> None:
        super().__init__()
        self.machine = None

    def sleep(self, seconds: float) -> None:
        self.move(seconds)
        if seconds:
            self.machine.wait_over()


class Machine:
    """One world of one seed. ``trace`` tells every step of it."""

    def __init__(self, seed: int) -> None:
        self.seed, self.rng = seed, Random(seed)
        self.clock, self.ids = HookedClock(), SeededIds(seed)
        self.clock.machine = self
        self.setup = draw(self.rng, timedelta(seconds=Random(seed + 2).choice([0, 1, 4])) if seed % 5 == 2 else None)
        if seed % 7 == 3:
            self.setup = scoped(self.setup, Random(seed + 3), Random(seed + 4))
        if seed % 11 == 4:
            self.setup = related(self.setup, Random(seed + 5))
        self.records, self.rows = self.setup.records(self.clock), self.setup.rows(self.clock)
        self.timed = seed % 4 > 1
        """Whether a field of the table tells when its records were changed, so that polls need not read all."""
        if self.timed:
            self.records.fields += (FieldInfo("fldModified", "改于", 1002, ""),)
        self.trace: list[str] = []
        self.memory: InMemoryMemory | None = None
        self.people = People(self.rng, self.setup, self.records, self.rows, self.tell, self.partner)
        info, lines = InMemoryRecords(self.records).info(), WorldLines(self, keeps=False)
        self.rules = self.setup.rules(self.records, self.rows, info, lines)
        self.people.translators = {pair.name: pair.translator for pair in self.rules.pairs}
        self.layout = [(pair.name, "1") for pair in self.rules.pairs]
        self.ties: set[tuple[str, str]] = set()
        self.chaotic = False
        self.acts = 0
        self.breathed = False
        """Whether the last run dealt with something beside its own plan."""
        self.looked = 0
        self.due: datetime | None = None
        self.late: list[tuple[int, dict[str, set[str] | None]]] = []
        """Calls that may take effect later: what the people had done when they were decided, and what they touch."""
        self.odds = {"act": self.rng.choice([0, 0.02, 0.05, 0.1]), "fault": self.rng.choice([0, 0.01, 0.03, 0.05])}
        self.odds["crash"] = self.rng.choice([0, 0, 0.01, 0.03])
        self.gaps = Random(seed + 2)
        self.odds["gap"] = self.gaps.choice([0, 0.1, 0.5])
        self.touching: dict[str, set[str] | None] = {}
        self.records.gap = self._in_the_gap
        noticing = Random(seed + 1)  # of its own, so that seeds tell the same stories with and without it
        self.noticer = Noticer(noticing, self.records, self.rows, self.clock) if seed % 3 else None
        self.tell(f"mapping {self.setup.mapping}")

    def tell(self, sentence: str) -> None:
        self.trace.append(f"{self.clock.now():%M:%S.%f} {sentence}")

    # the life of a seed

    def live(self) -> None:
        """A start, some troubled runs with people at work, and quiet."""
        self.people.begin(self.rng.randint(0, 6))
        for _ in range(self.rng.randint(1, 5)):
            for _ in range(self.rng.randint(0, 4)):
                self.clock.move(self.rng.choice([0.1, 1, 5]))
                self.people.act()
            self.chaotic = True
            self.run()
            self.chaotic = False
            if self.rng.random() < 0.3:
                self.desk()
        self.wait_over()

    def desk(self) -> None:
        """People at the desk: they settle a conflict, or have failures tried again."""
        memory = self.memory
        if memory is None:
            return
        for (link, pair), note in list(memory.book.conflicts.items()):
            if note.winner is None and self.rng.random() < 0.5:
                winner = self.rng.choice(["feishu", "database"])
                memory.resolve(link, pair, winner)
                self.tell(f"desk: conflict of link {link} in {pair} goes to {winner}")
        if self.rng.random() < 0.3:
            memory.retry()
            self.tell("desk: retry all failures")

    def run(self, *, full: bool | None = None, approve: str | None = None) -> Report | None:
        """One run by a new process. ``None`` if it did not end by itself."""
        self.memory = (
            self.memory.again(approved_run=approve) if self.memory else InMemoryMemory(self.clock, self.layout)
        )
        records = InMemoryRecords(self.records)
        full = self.rng.random() < 0.3 if full is None else full
        options = Options(full=full, batch=self.rng.choice([1, 2, 3, 1000, 1000]))
        if self.noticer:
            self.noticer.look()
            options = self.noticer.options(options) if self.chaotic else options
        report = Report("orders", self.memory.run)
        info = records.info()
        lines = WorldLines(self, keeps=True)
        rules = self.setup.rules(self.records, self.rows, info, lines)
        rows = InMemoryRows(self.rows, self.setup.read_columns(), self.clock, self.setup.mapping.watermark)
        tapped = Tap("rows", rows, self)
        tools = Tools(
            rules=rules,
            records=Tap("records", records, self),
            rows=tapped,
            anteroom=tapped.anteroom,
            memory=Tap("memory", self.memory, self),
            clock=self.clock,
            ids=self.ids,
            report=report,
            reporter=Reporter(),
            options=options,
            lens=Lens(rules),
            signals=Tap("signals", self.noticer.signals(), self) if self.noticer else None,
            capture=self.noticer.capture if self.noticer else None,
            table="tbl",
            pending=PendingLines(own=LINK in self.setup.kinds, forget=lines.forget),
        )
        self.acts = 0
        self.tell(f"--- run {self.memory.run} {options}")
        try:
            run(tools, info)
        except CrashError:
            report = None
            self.tell("*** the process ended")
        except (OutsideError, StaleNameError) as error:
            report = None
            self.tell(f"*** {type(error).__name__}: {error}")
        self.note_ties()
        self.breathed = bool(tools.overtaken)
        if report:
            self.tell(
                f"--- {report.status} {dict(report.written)} guard={report.guard and report.guard.name} {self.links()}"
            )
        return report

    # what happens between two steps

    def step(self, when: str, step: str, args) -> None:
        """The engine is about to do something, or has done it."""
        if step.startswith("survey.") and step != "survey.cases":
            return
        if step == "records.recent" and not self.timed:
            return  # asks nobody
        self.tell(f"{when} {step} {self._shown(step, args) if when == 'before' else ''}")
        if when == "after" and step == "memory.remember":
            self.note_ties()
        if when == "before" and step in ("records.revision", "records.fetch"):
            self.looked = self.people.count
        self.clock.move(0.001)
        if self.noticer:
            self.noticer.look()
        if self.due is not None and self.clock.now() >= self.due:
            self.wait_over()
        if self.chaotic:
            self.clock.move(self.rng.choice([0.01, 0.01, 0.3, 2]))
            self._trouble(when, step)
        if when == "before" and step in ("records.update", "records.delete"):
            self._excuse(step, args[0])

    def _trouble(self, when: str, step: str) -> None:
        often = OFTEN.get(step, 0.1)
        act, fault, crash = self.odds["act"], often * self.odds["fault"], often * self.odds["crash"]
        dice = self.rng.random()
        if dice < act and self.acts < MOST_ACTS:
            self.acts += 1
            self.people.act()
        elif dice < act + fault and when == "before":
            self._fault(step)
        elif dice > 1 - crash:
            raise CrashError(f"{when} {step}")

    def _fault(self, step: str) -> None:
        if step in WRITES:
            effect = self.rng.choice(["none", "done", "late"])
            self.tell(f"*** the answer will be lost: {effect}")
            self.records.lose(WRITES[step], effect)
            if effect == "late":
                self.due = self.clock.now() + timedelta(seconds=LATEST)
        elif step in ("rows.write", "rows.insert"):
            effect = self.rng.choice(["none", "done"])
            self.tell(f"*** the connection will break: {effect}")
            self.rows.lose(effect)
        else:
            raise UnreachableError(f"{step} did not answer")

    def wait_over(self) -> None:
        """Enough time has passed for what was late."""
        if self.records.land():
            self.tell("*** a late call took effect")
        for looked, touched in self.late:
            self._forgive(looked, touched)
        self.late, self.due = [], None

    def _excuse(self, step: str, sent) -> None:
        """Bitable has no compare-and-set: what is edited between the last look and the write may be overwritten."""
        touched = dict.fromkeys(sent) if step == "records.delete" else {one.id: set(one.cells) for one in sent}
        self.touching = touched
        self._forgive(self.looked, touched)
        if self.records.is_late(WRITES[step]):
            self.late.append((self.looked, touched))

    def _in_the_gap(self) -> None:
        """Between the last look at the table and our write: somebody edits the very cells."""
        if self.chaotic and self.touching and self.gaps.random() < self.odds["gap"]:
            record, fields = self.gaps.choice(sorted(self.touching.items(), key=lambda item: item[0]))
            self.tell("*** somebody edits what is being written")
            self.people.interfere(record, fields)
            self._forgive(self.people.count - 1, {record: fields})

    def _forgive(self, looked: int, touched: dict[str, set[str] | None]) -> None:
        for edit in self.people.edits:
            if edit.at > looked and edit.line[0] is F and edit.line[1] in touched:
                fields = touched[edit.line[1]]
                if fields is None:
                    edit.excused = DELETED
                elif self.people.pairs[edit.pair].field in fields and not edit.excused:
                    edit.excused = OVERWRITTEN

    def _shown(self, step, args) -> str:
        if step == "memory.remember":
            return _told(args[0])
        looks = ("rows.write", "rows.insert", "records.fetch", "rows.fetch", "records.find")
        return str(args) if step in WRITES or step in looks else ""

    # what is known of the world

    def links(self) -> list[str]:
        return [
            f"{one.link.id}:{one.link.record}={one.link.key}{'!' if one.link.severed else ''}"
            for one, _ in self.memory.book.links.values()
        ]

    def note_ties(self) -> None:
        for remembered, _ in self.memory.book.links.values():
            link = remembered.link
            if link.record is not None and link.key is not None:
                self.ties.add((link.record, link.key))

    def partner(self, line: Line, pair: str | None = None) -> Line | None:
        """The line linked with this one now, and compared with it in a pair."""
        if self.memory is None:
            return None
        for remembered, _ in self.memory.book.links.values():
            link = remembered.link
            if pair is not None and pair not in link.bases:
                continue
            if link.line(line[0]) == line[1] and link.line(line[0].other) is not None:
                return (line[0].other, link.line(line[0].other))
        return None

    def state(self):
        """All that both tables hold."""
        records = {name: dict(kept.cells) for name, kept in self.records.records.items()}
        rows = {
            key: {name: value for name, value in row.items() if name != "updated_at"}
            for key, row in self.rows.rows.items()
        }
        return records, rows


def _told(memo) -> str:
    parts = {
        "links": [(one.link.id, one.link.record, one.link.key, one.link.severed) for one in memo.links],
        "forgotten": list(memo.forgotten),
        "conflicts": [(one.link, one.pair, one.winner) for one in memo.conflicts],
        "closed": list(memo.closed_conflicts),
        "failures": [(one.record, one.key, one.pair, one.code) for one in memo.failures],
        "intents": [state.value for state in memo.intents.values()],
    }
    return " ".join(f"{name}={part}" for name, part in parts.items() if part)
