"""Steps that make life hard: switches, quotas, latency, revoked tokens, faults, hooks, and the clock."""

import dataclasses
from typing import Any

from syncer.simulator.faults import KINDS
from syncer.simulator.hooks import Step
from syncer.simulator.world import World


def set_switches(world: World, **changes: Any) -> dict[str, Any]:
    """Change switches; returns all of them."""
    world.switches = world.switches.changed(changes)
    for base in world.bases.values():
        for table in base.tables.values():
            table.stamp += 1
    return dataclasses.asdict(world.switches)


def set_quota_scale(world: World, scale: float) -> None:
    """Multiply every documented rate; 0 lifts them all."""
    world.quotas.scale = scale


def set_latency(world: World, api: str, seconds: float) -> None:
    """Make calls of matching APIs take this long, holding their table."""
    world.latency.put(api, seconds)


def revoke_tokens(world: World, app_id: str | None = None) -> int:
    """End the tokens of one app or all; returns how many."""
    return world.tokens.revoke(app_id)


def fault(
    world: World,
    api: str,
    kind: str,
    nth: int = 1,
    times: int | None = None,
    probability: float | None = None,
    **params: Any,
) -> int:
    """Add a fault (see `faults.KINDS`); returns its number."""
    return world.faults.add(api, kind, params, nth, times, probability).number


def faults(world: World) -> list[dict[str, Any]]:
    """Return all faults that were added, with how often each fired."""
    return [dataclasses.asdict(each) for each in world.faults.waiting]


def fault_kinds(world: World) -> dict[str, str]:  # noqa: ARG001 - every step is handed the world
    """Return what each kind of fault does."""
    return {name: kind.does for name, kind in KINDS.items()}


def clear_faults(world: World, number: int | None = None) -> None:
    """Take one fault away, or all."""
    world.faults.remove(number)


def at(world: World, api: str, steps: list[Step], nth: int = 1, when: str = "before") -> None:
    """Run steps right before (or after) the nth call of an API from now."""
    world.hooks.add(api, nth, when, steps)


def clear_hooks(world: World) -> None:
    """Forget all hooks."""
    world.hooks.clear()


def set_clock(world: World, seconds: float | None = None, scale: float | None = None) -> float:
    """Set the time (seconds since the epoch) and how fast it runs; returns the time."""
    if seconds is not None:
        world.clock.set(seconds)
    if scale is not None:
        world.clock.run(scale)
    return world.clock.now()


def advance_clock(world: World, seconds: float) -> float:
    """Jump forward in time; returns the time."""
    world.clock.advance(seconds)
    return world.clock.now()


OPS = {
    each.__name__: each
    for each in (
        set_switches,
        set_quota_scale,
        set_latency,
        revoke_tokens,
        fault,
        faults,
        fault_kinds,
        clear_faults,
        at,
        clear_hooks,
        set_clock,
        advance_clock,
    )
}
