"""Seeds of the planner alone: random lines, policies and half failures in two dictionaries; no engine, no ports.

Faster by far than a whole system, so that many more of them can be tried.
"""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random

from syncer.core.mapping import DeletePolicy, DeleteRule, Direction, Merge, Pair, Pairing, Policy, Rules
from syncer.core.records import Side
from syncer.core.values import Value, plain
from tests.core.toys import DATABASE, FEISHU, Cents, Day, Labels, Same, Tags, Trimmed, Wall, holds, merges_of, pair
from tests.core.world import World

DELETE_RULES = [
    DeleteRule("delete"),
    DeleteRule("delete"),
    DeleteRule("ignore"),
    DeleteRule("mark", "已删除", value=True),
]
TOYS = (Same(), Cents(), Trimmed(), Labels(), Day(), Tags())
DAY = datetime(2026, 3, 8, tzinfo=UTC)
QUIET_RUNS = 3

SAMPLES = {
    Same: ["待处理", "已发货 🚚", "a", "b"],
    Trimmed: ["张三", "张三 ", "张三  ", " 李四", "李四", "   "],
    Wall: ["nothing", "passes"],
}


def typed(rng: Random, toy: Same, side: Side) -> Value:
    """What a person, or the ERP, may leave in a field of this kind; ``None`` now and then."""
    if rng.random() < 0.15:
        return None
    value = _typed(rng, toy, side)
    return value if side is FEISHU or isinstance(toy, Labels | Day) or holds(toy, value) else None


def _typed(rng: Random, toy: Same, side: Side) -> Value:
    if isinstance(toy, Cents):
        return plain(Decimal(rng.randrange(-1_000_000, 1_000_000)) / rng.choice([1, 10, 100, 1000]))
    if isinstance(toy, Labels):
        known = [*toy.table] if side is FEISHU else [*toy.table.values()]
        return rng.choice([*known, "新选项" if side is FEISHU else "lost"])
    if isinstance(toy, Day):
        day = DAY + timedelta(days=rng.randrange(3))
        return day.date() if side is FEISHU else day + timedelta(hours=rng.randrange(24))
    if isinstance(toy, Tags):
        return frozenset(rng.sample(["急", "老客户", "🎁", "vip"], rng.randint(1, 3)))
    return rng.choice(SAMPLES[type(toy)])


def draw_pair(rng: Random, name: str) -> Pair:
    toy = rng.choice([*TOYS, Wall()])
    return pair(
        name,
        toy,
        merge=rng.choice(merges_of(toy)),
        policy=rng.choice(list(Policy)),
        direction=rng.choice([Direction.BOTH] * 3 + [Direction.TO_DATABASE, Direction.TO_FEISHU]),
        required=rng.random() < 0.1,
        writable=rng.choice([frozenset(Side)] * 6 + [frozenset({DATABASE})]),
    )


def draw_rules(rng: Random) -> Rules:
    names = ["订单", "数量", "🏷️"][: rng.randint(1, 3)]
    return Rules(
        "orders",
        tuple(draw_pair(rng, name) for name in names),
        (),
        direction=rng.choice([Direction.BOTH] * 4 + [Direction.TO_DATABASE, Direction.TO_FEISHU]),
        pairing=rng.choice(list(Pairing)),
        delete_policy=rng.choice(list(DeletePolicy)),
        on_deleted={FEISHU: rng.choice(DELETE_RULES), DATABASE: rng.choice(DELETE_RULES)},
    )


class Plot:
    """One seed: a world, people in it, and operations that fail."""

    def __init__(self, seed: int) -> None:
        self.rng = Random(seed)
        self.world = World(draw_rules(self.rng))
        self.fails = self.rng.choice([0, 0, 0.3])
        self.trace: list[str] = []

    def live(self) -> None:
        """Some lines, some days of edits and runs, then quiet."""
        for _ in range(self.rng.randint(0, 2)):
            self.world.pair(self._values(FEISHU), self._values(DATABASE))
        for _ in range(self.rng.randint(1, 4)):
            for _ in range(self.rng.randint(0, 3)):
                self._act()
            self.trace += [repr(plan) for plan in self.world.run(lambda _: self.rng.random() < self.fails)]
        for _ in range(QUIET_RUNS):
            self.trace += [repr(plan) for plan in self.world.run()]

    def _values(self, side: Side) -> dict[str, object]:
        return {one.name: typed(self.rng, one.translator, side) for one in self.world.rules.pairs}

    def _act(self) -> None:
        side = self.rng.choice([FEISHU, DATABASE])
        lines = sorted(self.world.sides[side])
        deed = self.rng.choice(["edit", "edit", "edit", "edit", "add", "delete"]) if lines else "add"
        self.trace.append(f"{deed} in {side}")
        if deed == "add":
            self.world.add(side, self._values(side))
        elif deed == "delete":
            del self.world.sides[side][self.rng.choice(lines)]
        else:
            one = self.rng.choice(self.world.rules.pairs)
            self.world.sides[side][self.rng.choice(lines)][one.name] = typed(self.rng, one.translator, side)

    def check(self) -> None:
        """Nothing moves any more, both sides agree but where somebody is asked, and no line is there twice."""
        world = self.world
        before = {side: {line: dict(values) for line, values in table.items()} for side, table in world.sides.items()}
        plans = world.run()
        assert not [plan.operations for plan in plans if plan.operations], "something is still written"
        assert not [plan.bases for plan in plans if plan.bases and not plan.differs], "a base still moves"
        assert world.sides == before
        assert world.differences() == []
        for side in Side:
            origins = [world.origin[side, line] for line in world.sides[side]]
            assert len(origins) == len(set(origins)), "a line was made twice"


class Ledger:
    """One counter and one set, edited on both sides while halves fail: every change must be in the result, once."""

    def __init__(self, seed: int) -> None:
        self.rng = Random(seed)
        rules = Rules(
            "stock",
            (pair("数量", Cents(), merge=Merge.COUNTER), pair("标签", Tags(), merge=Merge.SET)),
            (),
            pairing=Pairing.FEISHU,
        )
        self.world = World(rules)
        self.total = Decimal(self.rng.randrange(100))
        self.tags = frozenset(self.rng.sample(["急", "vip", "🎁"], self.rng.randint(1, 3)))
        start = {"数量": self.total, "标签": self.tags}
        self.world.pair(dict(start), dict(start))
        self.world.run()

    def live(self) -> None:
        for number in range(self.rng.randint(1, 6)):
            for _ in range(self.rng.randint(0, 3)):
                self._act(number)
            self.world.run(lambda _: self.rng.random() < 0.4)
        for _ in range(QUIET_RUNS):
            self.world.run()

    def _act(self, number: int) -> None:
        side = self.rng.choice([FEISHU, DATABASE])
        (line,) = self.world.sides[side].values()
        if self.rng.random() < 0.5:
            # Large and odd: a person who types just what a side is owed looks like the payment.
            change = Decimal(self.rng.randint(-500_000, 500_000)) / 100
            line["数量"] = plain(line["数量"] + change)
            self.total = plain(self.total + change)
        else:
            tag = f"t{number}{self.rng.random()}"
            line["标签"] = frozenset({*(line["标签"] or ()), tag})
            self.tags |= {tag}

    def check(self) -> None:
        for side in Side:
            (line,) = self.world.sides[side].values()
            assert line["数量"] == self.total, f"{side} counts {line['数量']}, people {self.total}"
            assert line["标签"] == self.tags, f"{side} lacks {self.tags - line['标签']}"


def plot(seed: int) -> None:
    """One seed, from start to rest: every fourth is a ledger."""
    one = Ledger(seed) if seed % 4 == 3 else Plot(seed)
    one.live()
    one.check()
