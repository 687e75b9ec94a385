"""Records: search, batch_get, and the six writes."""

from collections.abc import Callable
from typing import Any

from syncer.simulator.calls import Call
from syncer.simulator.draft import Draft
from syncer.simulator.errors import Refusal, invalid
from syncer.simulator.gateway import Route
from syncer.simulator.model import Base, Record, Table
from syncer.simulator.paging import Page
from syncer.simulator.quotas import PER_SECOND_20, PER_SECOND_50
from syncer.simulator.rendering import Renderer
from syncer.simulator.routes.access import READ_ALL, WRITE_ALL, reading, role_in, table_for, user_id_type
from syncer.simulator.search import Search, present
from syncer.simulator.world import World

MOST_WRITTEN = 1000
MOST_DELETED = 500
MOST_GOT = 100
_SHARED = "https://example.feishu.cn/record"
_PATH = "/open-apis/bitable/v1/apps/{app_token}/tables/{table_id}/records"


def search(world: World, call: Call) -> Page:
    """Return one page of what the body asks for; page_size and page_token count in the query only."""
    body = call.json()
    base, table = table_for(world, call, "read")
    who = reading(world, base, table, call.query.get("user_id_type"))
    page = Search(who, body, role_in(base, call), world.found).page(call.query)
    call.records = len(page.items)
    return page


def batch_get(world: World, call: Call) -> dict[str, Any]:
    """Return the records of up to 100 ids, and which of them are absent or forbidden."""
    body = call.json()
    ids = _got_ids(body)
    id_type = user_id_type(body.get("user_id_type"))
    base, table = table_for(world, call, "read")
    role = role_in(base, call)
    who = reading(world, base, table, id_type)
    hidden = role.hidden_fields if role else frozenset()
    fields = [each for each in table.fields.values() if each.name not in hidden]
    renderer = Renderer(who, fields, bool(body.get("automatic_fields")))
    now = _present_ids(world, table, ids, who)
    barred = set(ids) if role and not role.visible else set(role.forbidden_records if role else ())
    show = _with_url(renderer) if body.get("with_shared_url") else renderer.fragment
    shown = [show(now[each]) for each in ids if each in now and each not in barred]
    call.records = len(shown)
    return {
        "records": shown,
        "forbidden_record_ids": [each for each in ids if each in now and each in barred],
        "absent_record_ids": [each for each in ids if each not in now],
    }


def _with_url(renderer: Renderer) -> Callable[[Record], dict[str, Any]]:
    return lambda record: {**renderer.shown(record), "shared_url": f"{_SHARED}/{record.record_id}"}


def _got_ids(body: dict[str, Any]) -> list[str]:
    ids = body.get("record_ids")
    if not isinstance(ids, list) or not all(isinstance(each, str) for each in ids):
        raise invalid("record_ids", "record_ids is required")
    if not 1 <= len(ids) <= MOST_GOT:
        raise invalid("record_ids", f"the len must be 1 to {MOST_GOT}", len(ids))
    return list(dict.fromkeys(ids))


def _present_ids(world: World, table: Table, ids: list[str], who: Any) -> dict[str, Record]:
    if table.shadow_until >= world.clock.now():
        seen = {record.record_id: record for record in present(who)}
    else:
        seen = table.records
    lag, now = world.switches.absent_after_create_seconds, world.clock.now()
    found = {each: seen[each] for each in ids if each in seen}
    return {key: record for key, record in found.items() if not lag or now - record.created_ms / 1000 >= lag}


def create(world: World, call: Call) -> dict[str, Any]:
    """Create one record."""
    cells = _cells(call.json())
    draft = _draft(world, call)
    return {"record": _created(draft, call, [cells])[0]}


def batch_create(world: World, call: Call) -> dict[str, Any]:
    """Create up to 1000 records, all or none."""
    lines = [_cells(each) for each in _lines(world, call, MOST_WRITTEN)]
    return {"records": _created(_draft(world, call), call, lines)}


def _created(draft: Draft, call: Call, lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    records = [draft.create(cells) for cells in lines]
    draft.commit()
    call.records = len(records)
    return [_echo(draft.world, record, cells) for record, cells in zip(records, lines, strict=True)]


def update(world: World, call: Call) -> dict[str, Any]:
    """Change the named cells of one record."""
    cells = _cells(call.json())
    return {"record": _updated(_draft(world, call), call, [(call.params["record_id"], cells)])[0]}


def batch_update(world: World, call: Call) -> dict[str, Any]:
    """Change the named cells of up to 1000 records, all or none."""
    lines = [(each.get("record_id"), _cells(each)) for each in _lines(world, call, MOST_WRITTEN)]
    return {"records": _updated(_draft(world, call), call, lines)}


def _updated(draft: Draft, call: Call, lines: list[tuple[Any, dict[str, Any]]]) -> list[dict[str, Any]]:
    _let_in(draft, call, [record_id for record_id, _ in lines])
    records = [draft.update(record_id, cells) for record_id, cells in lines]
    draft.commit()
    call.records = len(records)
    return [_echo(draft.world, record, cells) for record, (_, cells) in zip(records, lines, strict=True)]


def delete(world: World, call: Call) -> dict[str, Any]:
    """Delete one record."""
    return _deleted(_draft(world, call), call, [call.params["record_id"]])[0]


def batch_delete(world: World, call: Call) -> dict[str, Any]:
    """Delete up to 500 records, all or none; one unknown id refuses the batch with 1254043. [seen]"""
    ids = _listed(world, call, MOST_DELETED)
    return {"records": _deleted(_draft(world, call), call, ids)}


def _deleted(draft: Draft, call: Call, ids: list[Any]) -> list[dict[str, Any]]:
    _let_in(draft, call, ids)
    for record_id in ids:
        draft.delete(record_id)
    draft.commit()
    call.records = len(ids)
    return [{"deleted": True, "record_id": record_id} for record_id in ids]


def _listed(world: World, call: Call, most: int) -> list[Any]:
    limit = world.switches.max_changeset_bytes
    if limit and call.body_size > limit:
        raise Refusal(1254002, f"changeset size exceed the limit, len:{call.body_size}")
    records = call.json().get("records")
    if not isinstance(records, list) or not records:
        raise Refusal(1254001)
    if len(records) > most:
        code = world.switches.oversize_batch_code
        raise invalid("records", f"the max len is {most}", len(records)) if code == 99992402 else Refusal(code)
    return records


def _lines(world: World, call: Call, most: int) -> list[dict[str, Any]]:
    records = _listed(world, call, most)
    if not all(isinstance(each, dict) for each in records):
        raise Refusal(1254001)
    return records


def _cells(line: dict[str, Any]) -> dict[str, Any]:
    cells = line.get("fields")
    if not isinstance(cells, dict):
        raise Refusal(1254001)
    return cells


def _draft(world: World, call: Call) -> Draft:
    id_type = user_id_type(call.query.get("user_id_type"))
    stale = call.flag("ignore_consistency_check")
    base, table = table_for(world, call, "edit")
    _let_write(world, base, table, call)
    role = role_in(base, call)
    hidden = role.hidden_fields if role else frozenset()
    return Draft(world, base, table, call.app.bot.open_id, id_type, stale=stale, hidden=hidden)


def _let_write(world: World, base: Base, table: Table, call: Call) -> None:
    if table.read_only:
        raise Refusal(world.switches.synced_table_code)
    role = role_in(base, call)
    if role and not (role.visible and role.writable):
        raise Refusal(1254302)


def _let_in(draft: Draft, call: Call, ids: list[Any]) -> None:
    role = role_in(draft.base, call)
    if role and any(each in role.forbidden_records for each in ids):
        raise Refusal(1254302)


def _echo(world: World, record: Record, cells: dict[str, Any]) -> dict[str, Any]:
    shown = cells if world.switches.echo_nulls else {key: value for key, value in cells.items() if value is not None}
    return {"fields": shown, "id": record.record_id, "record_id": record.record_id}


_RETRIEVE = READ_ALL | {"base:record:retrieve"}
_READ = READ_ALL | {"base:record:read"}
_CREATE = WRITE_ALL | {"base:record:create"}
_UPDATE = WRITE_ALL | {"base:record:update"}
_DELETE = WRITE_ALL | {"base:record:delete"}

ROUTES = (
    Route("bitable.record.search", "POST", f"{_PATH}/search", search, _RETRIEVE, PER_SECOND_20),
    Route("bitable.record.batch_get", "POST", f"{_PATH}/batch_get", batch_get, _READ, PER_SECOND_20),
    Route("bitable.record.create", "POST", _PATH, create, _CREATE, PER_SECOND_50, writes=True),
    Route(
        "bitable.record.batch_create",
        "POST",
        f"{_PATH}/batch_create",
        batch_create,
        _CREATE,
        PER_SECOND_50,
        writes=True,
    ),
    Route("bitable.record.update", "PUT", f"{_PATH}/{{record_id}}", update, _UPDATE, PER_SECOND_50, writes=True),
    Route(
        "bitable.record.batch_update",
        "POST",
        f"{_PATH}/batch_update",
        batch_update,
        _UPDATE,
        PER_SECOND_50,
        writes=True,
    ),
    Route("bitable.record.delete", "DELETE", f"{_PATH}/{{record_id}}", delete, _DELETE, PER_SECOND_50, writes=True),
    Route(
        "bitable.record.batch_delete",
        "POST",
        f"{_PATH}/batch_delete",
        batch_delete,
        _DELETE,
        PER_SECOND_50,
        writes=True,
    ),
)
