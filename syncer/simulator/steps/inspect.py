"""Steps that look: the truth about tables, and the calls received."""

from typing import Any

from syncer.simulator.cells.kind import Reading
from syncer.simulator.model import Record
from syncer.simulator.rendering import Renderer, plain
from syncer.simulator.schema import shown_field
from syncer.simulator.steps.places import place
from syncer.simulator.world import World


def records(
    world: World, app_token: str, table_id: str, shape: str = "both", record_ids: list[str] | None = None
) -> list[Any]:
    """Return records as they truly are now: `fields` in NEW shape, `plain`, or both, with automatic times.

    All of them, or those of `record_ids` that are there.
    """
    base, table = place(world, app_token, table_id)
    reading, fields = Reading(world, base, table), list(table.fields.values())
    renderer = Renderer(reading, fields, automatic=True)

    def told(record: Record) -> Any:
        if shape == "new":
            return renderer.fragment(record)
        simple = {"record_id": record.record_id, "plain": plain(record, fields, reading)}
        return simple if shape == "plain" else renderer.shown(record) | simple

    if record_ids is not None:
        return [told(table.records[each]) for each in record_ids if each in table.records]
    return [told(record) for record in table.in_order()]


def table(world: World, app_token: str, table_id: str) -> dict[str, Any]:
    """Return a table's name, revision, count and fields as the API shows them."""
    _, found = place(world, app_token, table_id)
    return {
        "name": found.name,
        "revision": found.revision,
        "count": len(found.records),
        "fields": [shown_field(each) for each in found.fields.values()],
        "views": list(found.views),
        "trash": list(found.trash),
    }


def calls(world: World, api: str | None = None, since: int = 0, *, bodies: bool = False) -> list[dict[str, Any]]:
    """Return the calls received, oldest first: of one API if named, after number `since`."""
    kept = [call for call in world.calls.kept if call.number > since and api in {None, call.api}]
    return [call.told(body=bodies) for call in kept]


def counts(world: World) -> dict[str, int]:
    """Return how many calls each API received since the last clear."""
    return dict(world.calls.counts)


def clear_calls(world: World) -> None:
    """Forget all calls."""
    world.calls.clear()


def now(world: World) -> float:
    """Return the simulator's time, seconds since the epoch."""
    return world.clock.now()


def bases(world: World) -> dict[str, Any]:
    """Return all bases with the names of their tables by id."""
    return {
        base.app_token: {
            "name": base.name,
            "revision": base.revision,
            "tables": {each.table_id: each.name for each in base.tables.values()},
        }
        for base in world.bases.values()
    }


OPS = {each.__name__: each for each in (records, table, calls, counts, clear_calls, now, bases)}
