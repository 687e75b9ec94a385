"""Two tables in two dicts, and the links between them: carries out what the planner says, and nothing else."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from itertools import count

from syncer.core.mapping import Rules
from syncer.core.plan import Action, Fate, LinePlan, Operation
from syncer.core.planner import Desk, plan_line
from syncer.core.records import Link, Side, Version
from tests.core.toys import NOON

Fails = Callable[[Operation], bool]
Line = dict[str, object]


def never(_: Operation) -> bool:
    return False


@dataclass
class World:
    """Both sides of one mapping. ``origin`` follows every line to the line it was made from, so that doubles show."""

    rules: Rules
    sides: dict[Side, dict[str, Line]] = field(default_factory=lambda: {Side.FEISHU: {}, Side.DATABASE: {}})
    links: list[Link] = field(default_factory=list)
    origin: dict[tuple[Side, str], int] = field(default_factory=dict)
    marks: list[tuple[Side, str, object]] = field(default_factory=list)
    ids: Iterator[int] = field(default_factory=lambda: count(1))
    desk: Desk = field(default_factory=lambda: Desk(now=NOON))

    def add(self, side: Side, values: Line, origin: int | None = None) -> str:
        """A line somebody, or an operation, made."""
        number = next(self.ids)
        line = f"{'rec' if side is Side.FEISHU else 'row'}{number}"
        self.sides[side][line] = {pair.name: values.get(pair.name) for pair in self.rules.pairs}
        self.origin[side, line] = number if origin is None else origin
        return line

    def pair(self, feishu: Line, database: Line) -> None:
        """Two lines that were found to belong together and were never compared."""
        self.links.append(Link(None, self.add(Side.FEISHU, feishu), self.add(Side.DATABASE, database)))

    def version(self, side: Side, line: str | None) -> Version:
        """What a line looks like now."""
        return Version(side, line or "", self.sides[side].get(line or ""), NOON)

    def run(self, fails: Fails = never) -> list[LinePlan]:
        """One pass over every line: plan it, carry it out, remember."""
        plans = [self._carry_out(link, fails) for link in list(self.links)]
        for side in Side:
            linked = {link.line(side) for link in self.links}
            new = [self._blank(side, line) for line in self.sides[side] if line not in linked]
            plans += [self._carry_out(link, fails, is_new=True) for link in new]
        return plans

    def _blank(self, side: Side, line: str) -> Link:
        return Link(None, line, None) if side is Side.FEISHU else Link(None, None, line)

    def _plan_new(self, link: Link) -> LinePlan:
        return plan_line(self.rules, None, *(self.version(side, link.line(side)) for side in Side), self.desk)

    def _carry_out(self, link: Link, fails: Fails, *, is_new: bool = False) -> LinePlan:
        plan = self._plan_new(link) if is_new else self.plan(link)
        if plan.differs:
            return plan
        after = replace(link, bases={**link.bases, **plan.bases})
        done = True
        for side in (Side.DATABASE, Side.FEISHU):
            operation = plan.operation(side)
            if operation is None:
                continue
            if fails(operation):
                done = False
            else:
                after = self._apply(operation, after)
        self._remember(link, after, plan, done=done)
        return plan

    def _apply(self, operation: Operation, link: Link) -> Link:
        table = self.sides[operation.side]
        after = replace(link, bases={**link.bases, **operation.after})
        if operation.action is Action.CREATE:
            other = operation.side.other
            made = self.add(operation.side, dict(operation.values), self.origin[other, link.line(other)])
            return replace(after, record=made) if operation.side is Side.FEISHU else replace(after, key=made)
        held = table[operation.line]
        assert {name: held[name] for name in operation.before} == operation.before
        if operation.action is Action.DELETE:
            del table[operation.line]
        else:
            held.update(operation.values)
        if operation.mark is not None:
            self.marks.append((operation.side, operation.line, operation.mark))
        return after

    def _remember(self, link: Link, after: Link, plan: LinePlan, *, done: bool) -> None:
        both = all(after.line(side) in self.sides[side] for side in Side)
        if done and plan.fate is Fate.SEVER:
            after = replace(after, severed=plan.deleted_on)
        elif both:
            after = replace(after, severed=None)
        if link in self.links:
            self.links.remove(link)
        if (after.record is None or after.key is None) or (done and plan.fate is Fate.FORGET):
            return
        self.links.append(after)

    def plan(self, link: Link) -> LinePlan:
        """What the planner says of a linked line, without doing it."""
        feishu, database = (self.version(side, link.line(side)) for side in Side)
        return plan_line(self.rules, link, feishu, database, self.desk)

    def differences(self) -> list[str]:
        """Where a linked pair that is carried both ways does not mean the same, and nobody is asked about it."""
        return [found for link in self.links if link.severed is None for found in self._differences(link)]

    def _differences(self, link: Link) -> Iterator[str]:
        here, there = (self.sides[side].get(link.line(side)) for side in Side)
        plan = self.plan(link)
        if here is None or there is None or plan.differs:
            return
        asked = {met.pair for met in plan.collisions} | {bad.pair for bad in plan.unfit}
        for pair in self.rules.pairs:
            both_ways = all(pair.accepts(side) for side in Side)
            if both_ways and pair.name not in asked and not pair.same(here[pair.name], there[pair.name]):
                yield f"{pair.name}: {here[pair.name]!r} / {there[pair.name]!r}"
