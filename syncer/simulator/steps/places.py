"""Finding what a step names: bases, tables and fields, the latter by name or id."""

from syncer.simulator.model import Base, Field, Table
from syncer.simulator.world import World


def place(world: World, app_token: str, table_id: str) -> tuple[Base, Table]:
    """Return a base (also by its wiki node) and a table of it."""
    base = world.base(app_token, wiki=True)
    return base, world.table(base, table_id)


def field_of(table: Table, name: str) -> Field:
    """Return a field by name or id; ValueError naming those there are."""
    found = table.by_name.get(name) or table.fields.get(name)
    if found is None:
        raise ValueError(f"table {table.name} has no field {name!r}; there are: {', '.join(table.by_name)}")
    return found
