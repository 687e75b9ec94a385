"""The steps of the control API: what tests do to the simulator from outside of Feishu's own API.

A step is data, `{"op": name, "args": {...}}`: it runs at once, or waits in a hook for its moment. One file per subject,
one table of ops in each.
"""

from collections.abc import Callable, Coroutine, Iterable
from typing import Any

from syncer.simulator.errors import Refusal
from syncer.simulator.hooks import Step
from syncer.simulator.steps import approvals, directory, disturb, edits, events, files, inspect, setup
from syncer.simulator.world import World

OPS: dict[str, Callable[..., Any]] = {
    **setup.OPS,
    **edits.OPS,
    **inspect.OPS,
    **disturb.OPS,
    **events.OPS,
    **directory.OPS,
    **approvals.OPS,
    **files.OPS,
}


def do(world: World, step: Step) -> Any:
    """Run one step; KeyError or ValueError says what is wrong with it. What takes time is returned to be awaited."""
    name = step.get("op")
    if name not in OPS:
        raise ValueError(f"no step is called {name!r}; there are: {', '.join(sorted(OPS))}")
    return OPS[name](world, **step.get("args", {}))


def run(world: World, steps: Iterable[Step]) -> None:
    """Run several steps in order; a step that is refused is a mistake of the test, not an answer to a call."""
    for step in steps:
        try:
            result = do(world, step)
        except Refusal as refusal:
            raise RuntimeError(f"step {step} was refused: {refusal.code} {refusal.text()}") from refusal
        _demand_instant(step, result)


def _demand_instant(step: Step, result: object) -> None:
    if not isinstance(result, Coroutine):
        return
    result.close()
    raise ValueError(f"step {step} takes time: it cannot run inside a call")
