"""Two tables of 5,000 orders, people who edit both, and a Feishu of whose answers three in ten are something else.

Time is told as a real Feishu would take it: a call lasts ``CALL`` seconds and one without an answer ``TIMEOUT``, though
here they may be over sooner; waits that Feishu ordered (``x-ogw-ratelimit-reset``) are left out.
"""

import time
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta

import requests

from syncer.batching.redis_pacer import RedisPacer
from syncer.errors import OutsideError, SyncerError
from syncer.feishu.patience import AgainError
from tests.engine.stage import HastyClock, Stage, TappedSyncer, load_settings
from tests.engine.tables import orders

APART = 1.7
"""Seconds between two runs: what was written closer to a look than clocks can tell counts as edited since, and here our
clock jumps while Feishu's does not."""

SHARE, DECK, STORM = 0.3, 40, 240
CALL, TIMEOUT, RESET = 0.15, 2.0, 1
LINES, CHANGED, NEW, GONE = 5000, 1200, 100, 40
MOST_RUNS = 6
RULES = "deletes: {guard: {lines: 100000, share: 0.9}}\n"


@dataclass(frozen=True)
class Pressure:
    """How hard time is pressed: seconds a call and a timeout really take, and by how much waits are cut short."""

    call: float = 0.0
    timeout: float = 0.4
    haste: float = 20.0
    grace: float = 0.2


HURRIED = Pressure()
REAL = Pressure(call=CALL, timeout=TIMEOUT, haste=1.0, grace=10.0)


class StormStage(Stage):
    """A stage whose syncer keeps to a short timeout."""

    pressure = HURRIED

    def environment(self):
        return super().environment() | {"SYNCER_FEISHU_TIMEOUT": str(self.pressure.timeout)}

    def _make(self):
        syncer = LongCalls(load_settings(self.environment(), None), grace=self.pressure.grace)
        syncer.pressure, syncer.clock = self.pressure, SkippingClock(self.pressure.haste)
        # Redis' own time does not hurry: waits that Feishu ordered would last as many times longer.
        syncer.shared.pacer = RedisPacer(syncer.shared.link, syncer.clock, 0, time=syncer.clock.now)
        return syncer


class LongCalls(TappedSyncer):
    """A syncer for whose clock every call lasts as long as a real Feishu would let it."""

    pressure = HURRIED

    def _make_client(self, app):
        client = super()._make_client(app)
        send, pressure, clock = client._sent, self.pressure, self.clock

        def slowly(*args):
            try:
                return send(*args)
            except (AgainError, SyncerError) as error:
                if isinstance(error.__cause__, requests.Timeout):
                    clock.lasted(TIMEOUT - CALL, pressure.timeout)
                raise
            finally:
                clock.lasted(CALL, pressure.call)

        client._sent = slowly
        return client


class SkippingClock(HastyClock):
    """Waits are cut short, and told as if they were not; threads that wait at once are told one after the other."""

    told = 0.0

    def sleep(self, seconds):
        self.told += seconds
        super().sleep(seconds)

    def lasted(self, seconds, really):
        """Something took so many seconds, of which some have really passed."""
        self.told += seconds
        self.skipped += timedelta(seconds=max(0.0, seconds - really))

    def reading(self):
        """Seconds told so far. Our own work counts by its CPU seconds: others use this machine too."""
        return time.time() if self.haste == 1 else self.told + time.process_time()


def fault_kinds(rng):
    """The eight ways in which an answer is replaced; whether a broken call was done all the same is up to chance."""
    return [
        ("rate_limit", {"reset": RESET}),
        ("too_many", {}),
        ("conflict", {}),
        ("not_ready", {}),
        ("code", {"code": 1254200, "applied": rng.random() < 0.3}),
        ("html", {"status": 502, "applied": rng.random() < 0.3}),
        ("reset", {"applied": rng.random() < 0.3}),
        ("hang", {"applied": True}),
    ]


@dataclass(frozen=True)
class Weather:
    """What a sync took: seconds as a real Feishu would have it, runs, calls, and the faults that were met by kind."""

    seconds: float
    runs: int
    calls: int
    met: Counter


class World:
    """The two tables and what they must hold, by order number: (amount, note)."""

    def __init__(self, stage, name="orders"):
        self.stage, self.pair = stage, orders(stage, RULES, name=name)
        self.expected, self.born = {}, 0
        stage.control.set_latency("*", stage.pressure.call)

    # people

    def begin(self, lines=LINES):
        """Half of the lines on each side, none on both."""
        self._add_records(lines // 2)
        self._add_rows(lines - lines // 2)

    def edit(self, rng):
        """New, changed and deleted lines on both sides; some lines change on both, in different fields."""
        names = sorted(self.expected)
        rng.shuffle(names)
        both, names = names[:50], names[50:]
        here, there = both + names[:CHANGED], both + names[CHANGED : 2 * CHANGED]
        gone = names[2 * CHANGED : 2 * CHANGED + 2 * GONE]
        ids = self.pair.by("订单号")
        self.pair.edit_many({ids[name]: {"金额": self._amount(name, rng)} for name in here})
        self._change_rows([(self._note(name, rng), name) for name in there])
        self.pair.drop(*(ids[name] for name in gone[:GONE]))
        self.pair.sql("DELETE FROM {t} WHERE order_no = ANY(%s)", gone[GONE:])
        for name in gone:
            del self.expected[name]
        self._add_records(NEW)
        self._add_rows(NEW)

    def _amount(self, name, rng):
        self.expected[name] = (float(rng.randrange(10**6)), self.expected[name][1])
        return self.expected[name][0]

    def _note(self, name, rng):
        self.expected[name] = (self.expected[name][0], f"改 {rng.randrange(10**6)} 🧾")
        return self.expected[name][1]

    def _born(self, count):
        self.born += count
        return [f"A{number:07}" for number in range(self.born - count, self.born)]

    def _add_records(self, count):
        names = self._born(count)
        self.pair.add(*({"订单号": name, "金额": number, "备注": f"记录 {name}"} for number, name in enumerate(names)))
        self.expected |= {name: (float(number), f"记录 {name}") for number, name in enumerate(names)}

    def _add_rows(self, count):
        names = self._born(count)
        statement = f"COPY {self.pair.table} (order_no, amount, note) FROM STDIN"
        with self.stage._connection.cursor() as cursor, cursor.copy(statement) as copy:
            for number, name in enumerate(names):
                copy.write_row((name, number, None))
        self.expected |= {name: (float(number), None) for number, name in enumerate(names)}

    def _change_rows(self, changes):
        with self.stage._connection.cursor() as cursor:
            cursor.executemany(f"UPDATE {self.pair.table} SET note = %s WHERE order_no = %s", changes)

    # the sync

    def sync(self, rng=None):
        """Sync until a run ends by itself; with a source of chance, in a storm."""
        control, clock = self.stage.control, self.stage.syncer.clock
        control.clear_calls()
        if rng:
            blow(control, rng)
        time.sleep(APART)
        began = clock.reading()
        runs = self._run()
        seconds = clock.reading() - began
        met, calls = Counter(each["kind"] for each in control.faults() if each["fired"]), control.counts()
        control.clear_faults()
        return Weather(seconds - met["rate_limit"] * RESET, runs, sum(calls.values()), met)

    def _run(self):
        """A run that is cut short is made again, as by the clock."""
        for runs in range(1, MOST_RUNS + 1):
            try:
                self.report = self.pair.sync()
            except OutsideError:
                continue
            assert self.report.status == "done", self.report.to_json()
            return runs
        raise AssertionError(f"no run of {MOST_RUNS} came to its end")

    # looking

    def check(self):
        """Nothing lost, nothing doubled, nothing left open."""
        pair = self.pair
        records = [(cells.get("订单号"), cells.get("金额"), cells.get("备注")) for cells in pair.plain().values()]
        rows = [(name, float(amount), note) for name, amount, note in pair.rows("order_no, amount, note")]
        wanted = sorted((name, *held) for name, held in self.expected.items())
        assert_same("Bitable", records, wanted)
        assert_same("the database", rows, wanted)
        assert not pair.open_intents()
        assert not pair.failures()
        assert not pair.conflicts()

    def check_quiet(self):
        """The next run finds nothing to do."""
        assert not self.pair.full().writes


def assert_same(side, found, wanted):
    """Tells what differs in a few lines, of thousands."""
    counts = Counter(found)
    counts.subtract(wanted)
    wrong = {line: count for line, count in counts.items() if count}
    assert not wrong, (
        f"{side} holds too much (+) or too little (-): {dict(list(wrong.items())[:6])}, {len(wrong)} in all"
    )


def blow(control, rng):
    """Replace three answers in ten, at places and of kinds that are drawn like cards: no hand is all of one kind.

    Whether Feishu knows a client token again when it comes a second time is not documented: here it does, or does not.
    """
    control.set_switches(client_tokens=rng.choice(["replay", "refuse", "ignore"]))
    for start in range(0, STORM, DECK):
        kinds = fault_kinds(rng)
        hand = kinds + rng.sample(kinds, round(SHARE * DECK) - len(kinds))
        for place, (kind, params) in zip(rng.sample(range(DECK), len(hand)), hand, strict=True):
            control.fault("*", kind, nth=start + place + 1, **params)
