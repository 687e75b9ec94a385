"""Steps that set the stage: apps, people, bases, tables, rights."""

from typing import Any

from syncer.simulator.events.field_actions import fields_watched
from syncer.simulator.model import Base, Role
from syncer.simulator.schema import add_field, add_table, shown_field
from syncer.simulator.steps.places import place
from syncer.simulator.tokens import ALL_SCOPES
from syncer.simulator.world import World


def create_app(
    world: World,
    app_id: str | None = None,
    secret: str | None = None,
    scopes: list[str] | None = None,
    tenant: str = "tenant1",
    name: str = "Sync",
) -> dict[str, Any]:
    """Add an app; without scopes it has all it needs."""
    granted = ALL_SCOPES if scopes is None else frozenset(scopes)
    app = world.add_app(app_id, secret, granted, tenant, name)
    return {"app_id": app.app_id, "app_secret": app.secret, "open_id": app.bot.open_id}


def set_scopes(
    world: World, app_id: str, scopes: list[str], user_scopes: list[str] | None = None, asked: list[str] | None = None
) -> None:
    """Give an app exactly these scopes (for users the same, unless given), and those it still waits for."""
    app = world.tokens.apps[app_id]
    app.scopes = frozenset(scopes)
    app.user_scopes = app.scopes if user_scopes is None else frozenset(user_scopes)
    app.asked_scopes = frozenset(asked or ())


def add_person(world: World, name: str, en_name: str = "", email: str = "", open_id: str = "") -> dict[str, str]:
    """Add a person, right below the root of the directory; returns all its ids."""
    person = world.people.add(name, en_name, email, open_id)
    world.directory.enter(person)
    return {"open_id": person.open_id, "union_id": person.union_id, "user_id": person.user_id, "name": person.name}


def create_base(
    world: World, name: str = "Base", time_zone: str = "Asia/Shanghai", default_right: str = "manage"
) -> dict[str, Any]:
    """Add a base without tables."""
    base = Base(world.ids.base(), name, time_zone, default_right=default_right)
    world.bases[base.app_token] = base
    return {"app_token": base.app_token}


def create_table(world: World, app_token: str, name: str, fields: list[dict[str, Any]]) -> dict[str, Any]:
    """Add a table with fields as the API describes them, of every type there is; returns ids by field name."""
    base = world.base(app_token, wiki=True)
    table = add_table(world, base, name, fields, by_api=False)
    ids = {each.name: each.field_id for each in table.fields.values()}
    return {"table_id": table.table_id, "fields": ids, "view_id": next(iter(table.views))}


def create_field(world: World, app_token: str, table_id: str, field: dict[str, Any]) -> dict[str, Any]:
    """Add a field of any type, as a person would; returns it as the API shows it."""
    base, table = place(world, app_token, table_id)
    with fields_watched(world, base):
        return shown_field(add_field(world, base, table, field, by_api=False))


def add_wiki_node(world: World, app_token: str) -> dict[str, str]:
    """Hang a base into a wiki; returns the node token."""
    token = world.ids.wiki_node()
    world.wiki_nodes[token] = world.base(app_token, wiki=False).app_token
    return {"node_token": token}


def grant(world: World, app_token: str, app_id: str, right: str) -> None:
    """Give an app `none`, `read`, `edit` or `manage` on a base."""
    if right not in {"none", "read", "edit", "manage"}:
        raise ValueError(f"a right is none, read, edit or manage, not {right!r}")
    world.base(app_token, wiki=True).rights[app_id] = right


def set_advanced(world: World, app_token: str, *, on: bool) -> None:
    """Turn advanced permissions on or off."""
    world.base(app_token, wiki=True).is_advanced = on


def restrict(
    world: World,
    app_token: str,
    app_id: str,
    *,
    visible: bool = True,
    writable: bool = True,
    hidden_fields: list[str] | None = None,
    forbidden_records: list[str] | None = None,
) -> None:
    """Set the role of an app without manage right on a base with advanced permissions."""
    role = Role(visible, writable, frozenset(hidden_fields or ()), frozenset(forbidden_records or ()))
    world.base(app_token, wiki=True).roles[app_id] = role


def set_synced(world: World, app_token: str, table_id: str, *, on: bool) -> None:
    """Make a table one that is synced from elsewhere: the API may not write its records."""
    place(world, app_token, table_id)[1].read_only = on


OPS = {
    each.__name__: each
    for each in (
        create_app,
        set_scopes,
        add_person,
        create_base,
        create_table,
        create_field,
        add_wiki_node,
        grant,
        set_advanced,
        restrict,
        set_synced,
    )
}
