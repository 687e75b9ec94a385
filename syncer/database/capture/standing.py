"""What stands in the database for a source already, and what keeps triggers from being put there."""

from collections.abc import Mapping
from dataclasses import dataclass

import psycopg
from psycopg.rows import dict_row

from syncer.database.capture.source import EVENTS, Source
from syncer.database.schema import Table

OTHERWISE = "write capture: watermark or capture: scan"
BY_HAND = "let an administrator run what `syncer apply --sql` prints, or write capture: scan"

_TABLE = """
SELECT c.relkind::text AS kind, c.relispartition AS part, c.relpersistence::text AS persistence,
    EXISTS (SELECT FROM pg_catalog.pg_inherits i WHERE c.oid IN (i.inhrelid, i.inhparent)) AS inherits,
    EXISTS (SELECT FROM pg_catalog.pg_subscription_rel s WHERE s.srrelid = c.oid) AS subscribed,
    has_table_privilege(c.oid, 'TRIGGER') AS may_watch, pg_has_role(c.relowner, 'USAGE') AS owned,
    CASE WHEN to_regnamespace('syncer') IS NULL THEN has_database_privilege(current_database(), 'CREATE')
        ELSE has_schema_privilege('syncer', 'CREATE') END AS may_create,
    current_setting('max_prepared_transactions') AS prepared
FROM pg_catalog.pg_class c WHERE c.oid = %s
"""

_FUNCTION = """
SELECT p.prosrc AS body, p.prosecdef AND has_schema_privilege(p.proowner, 'syncer', 'USAGE')
    AND has_table_privilege(p.proowner, to_regclass('syncer.log'), 'INSERT') AS serves_all
FROM pg_catalog.pg_proc p WHERE p.oid = to_regprocedure(%s)
"""

_TRIGGERS = """
SELECT tgname, tgenabled::text, tgrelid = %s FROM pg_catalog.pg_trigger WHERE tgfoid = to_regprocedure(%s)
"""

_NATURE = {
    "v": "a view",
    "m": "a materialized view",
    "f": "a foreign table",
    "p": "a partitioned table: triggers would miss what is written to a partition directly",
}


@dataclass(frozen=True, slots=True)
class Nature:
    """What a table is, and what our role may do. ``obstacles`` keep triggers away whoever puts them there."""

    obstacles: tuple[str, ...]
    lacking: tuple[str, ...]
    owned: bool
    prepares: bool
    """Whether the server allows prepared transactions, which may not notify."""


def look_at(connection: psycopg.Connection, table: Table) -> Nature:
    """What a table is."""
    found = connection.cursor(row_factory=dict_row).execute(_TABLE, (table.oid,)).fetchone()
    assert found is not None
    name = table.info.name
    obstacles = [f"{name} is {reason}; {OTHERWISE}" for reason in _obstacles(found)]
    lacking = [] if found["may_watch"] else [f"the role lacks TRIGGER on {name}: {BY_HAND}"]
    if not found["may_create"]:
        lacking.append(f"the role may not create functions in the schema syncer: {BY_HAND}")
    return Nature(tuple(obstacles), tuple(lacking), found["owned"], found["prepared"] != "0")


def _obstacles(found: Mapping[str, object]) -> list[str]:
    kind = _NATURE.get(str(found["kind"]))
    if kind:
        return [kind]
    if found["part"]:
        return ["a partition: triggers would miss what is written through the table it is a part of"]
    if found["inherits"]:
        return ["part of an inheritance: triggers would miss what is written through the other table"]
    if found["persistence"] == "t":
        return ["a temporary table"]
    return ["filled by a subscription, which sets off no triggers of statements"] if found["subscribed"] else []


@dataclass(frozen=True, slots=True)
class Standing:
    """A source's function, and the triggers on its table by event: ``A`` fires always, ``O`` as usual, ``D`` never."""

    body: str | None
    serves_all: bool
    triggers: Mapping[str, str]
    elsewhere: bool
    """Whether triggers of the function sit on another table."""

    @property
    def whole(self) -> bool:
        """Whether all triggers are there and fire."""
        return all(self.triggers.get(event) in {"A", "O"} for event in EVENTS)


def standing(connection: psycopg.Connection, source: Source) -> Standing:
    """What stands in the database for a source."""
    signature = f"{source.function}()"
    function = connection.cursor(row_factory=dict_row).execute(_FUNCTION, (signature,)).fetchone() or {}
    triggers = connection.execute(_TRIGGERS, (source.table.oid, signature)).fetchall()
    events = {source.trigger(event): event for event in EVENTS}
    return Standing(
        body=function.get("body"),
        serves_all=bool(function.get("serves_all")),
        triggers={events[name]: state for name, state, here in triggers if here and name in events},
        elsewhere=not all(here for _, _, here in triggers),
    )
