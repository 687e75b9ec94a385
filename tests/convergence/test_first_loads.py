"""A first load is cut short between any two steps: the runs after it leave what would have been left without that."""

from contextlib import suppress

import pytest

from tests.convergence.machine import CrashError, Tap
from tests.convergence.test_newborns import D, F, World

SEEDS = (24, 39, 60, 75, 120, 153, 201)
"""Seeds of worlds whose database is empty and whose rows, of several slices, are drafted while the records are read."""


class Cut:
    """Ends a run at a step of it; ``steps`` are those it came to before."""

    def __init__(self, at=None):
        self.at, self.steps = at, []

    def step(self, when, step, _):
        self.steps.append((when, step))
        if len(self.steps) == self.at:
            raise CrashError

    def tap(self, name, door):
        return Tap(name, door, self)


def left(world):
    """What the runs left, without what tells when and why, and what a trigger made of a row before it was linked."""
    links = [(names, sorted(bases), severed) for names, bases, severed, *_ in world.links()]
    writes = [
        (audit.side.value, audit.action, world.named(F, audit.record), world.named(D, audit.key))
        for audit in world.memory.book.audits
    ]
    return world.held(), links, sorted(map(repr, writes)), world.rest()[2:]


@pytest.mark.parametrize("seed", SEEDS)
def test_a_first_load_that_is_cut_short_anywhere_is_made_good_by_the_next_run(seed):
    whole, steps = World(seed), Cut()
    whole.run(steps.tap)
    whole.run()
    assert ("after", "anteroom.admit") in steps.steps
    for at in range(1, len(steps.steps) + 1):
        world = World(seed)
        with suppress(CrashError):
            world.run(Cut(at).tap)
        world.run()
        world.run()
        assert left(world) == left(whole), f"cut at {at}: {steps.steps[at - 1]}"
