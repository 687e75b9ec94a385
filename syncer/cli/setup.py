"""Commands that set a syncer up: init, doctor, migrate."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any

import typer
from sqlalchemy import text

from syncer.catalog.files import load_folder
from syncer.cli import console
from syncer.cli.main import app
from syncer.cli.session import syncer, variables
from syncer.database.connections import translated
from syncer.errors import MendError, SyncerError
from syncer.state import migrate as migrations
from syncer.wiring import Syncer

_ENV = """\
# The app of Feishu's developer console that speaks for the syncer
FEISHU_APP_ID=
FEISHU_APP_SECRET=
FEISHU_DOMAIN=https://open.feishu.cn

# Databases to sync, by name: SYNCER_CONNECTIONS__<NAME>
SYNCER_CONNECTIONS__ERP=postgresql+psycopg://user:password@localhost:5432/erp

# Left out, the syncer runs its own PostgreSQL and Redis in the folder .syncer
# SYNCER_DATABASE_URL=postgresql+psycopg://user:password@localhost:5432/syncer
# SYNCER_REDIS_URL=redis://localhost:6379/0

# What mapping files name as ${NAME}
ORDERS_APP_TOKEN=
"""

_MAPPING = """\
# A first mapping: put your own base, table, fields and columns here, then run `syncer check`.
version: 1
name: orders
feishu:
  bitable:
    app_token: ${ORDERS_APP_TOKEN}   # from the address of the base: .../base/<app_token>?table=<table_id>
    table_id: tblXXXXXXXXXXXXXX
database:
  connection: erp                    # the setting SYNCER_CONNECTIONS__ERP
  table: public.orders
  key: [id]                          # what identifies a row
match: [order_no]                    # columns that tell which record belongs to which row at the first sync
fields:
  - {field: Order no, column: order_no, required: true}
  - {field: Amount, column: amount}
"""


@app.command()
def init() -> None:
    """Write a first .env and a first mapping file; files that exist are left alone."""
    mappings = Path("mappings")
    for path, content in ((Path(".env"), _ENV), (mappings / "orders.yaml", _MAPPING)):
        if path.exists():
            console.say(f"{path} exists and was left as it is")
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
        path.chmod(0o600)
        console.say(f"{path} written")
    console.say("fill both in, then: syncer doctor, syncer check, syncer apply, syncer sync --all")


@app.command()
def migrate() -> None:
    """Upgrade the state store to what this version needs."""
    with syncer() as living:
        engine = living.state_engine
        console.say(f"the state store is at revision {migrations.current(engine)}")


@app.command()
def doctor(as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False) -> int:
    """Check every connection, app and mapped table, and say how to mend what is wrong. Changes nothing."""
    with syncer() as living:
        findings = [_examined(what, look) for what, look in _examinations(living)]
    if as_json:
        console.emit({"checks": findings})
    else:
        for finding in findings:
            (console.say if finding["ok"] else console.complain)(
                f"{'ok  ' if finding['ok'] else 'FAIL'} {finding['told']}"
            )
    return max((finding["exit_status"] for finding in findings), default=0)


def _examined(what: str, look: Callable[[], str]) -> dict[str, Any]:
    try:
        told = look()
    except SyncerError as error:
        return {"what": what, "ok": False, "told": f"{what}: {error}", "exit_status": error.exit_status}
    return {"what": what, "ok": True, "told": f"{what}: {told}", "exit_status": 0}


def _examinations(living: Syncer) -> Iterator[tuple[str, Callable[[], str]]]:
    yield "state store", lambda: f"revision {migrations.current(living.state_engine)}"
    yield "Redis", lambda: _redis(living)
    for name in living.settings.connections:
        yield f"connection {name}", lambda name=name: _connection(living, name)  # type: ignore[misc]  # bound by default
    for name in living.settings.apps:
        yield f"Feishu app {name}", lambda name=name: _app(living, name)  # type: ignore[misc]  # bound by default
    catalog = load_folder(living.settings.mappings, variables())
    for fault in catalog.faults:
        yield "mapping files", lambda fault=fault: _raise(fault)  # type: ignore[misc]  # bound by default
    for one in catalog.mappings:
        yield f"mapping {one.mapping.name}", lambda one=one: _mapping(living, one)  # type: ignore[misc]  # bound by default


def _redis(living: Syncer) -> str:
    info: Any = living.redis.info("server")
    return f"Redis {info['redis_version']}"


def _connection(living: Syncer, name: str) -> str:
    engine = living.engine(name)
    with translated(engine), engine.connect() as connection:
        return f"PostgreSQL {connection.scalar(text('SHOW server_version'))}"


def _app(living: Syncer, name: str) -> str:
    living.client(name).authenticate()
    return f"{living.settings.apps[name].domain} accepts its credentials"


def _mapping(living: Syncer, one: Any) -> str:
    sides = living.look(one.mapping)
    found = living.check(sides, one.places)
    if found.faults:
        raise MendError("\n".join(found.faults))
    advice = "".join(f"\n     advice: {warning}" for warning in [*found.warnings, *_advice(sides)])
    return f"{sides.record_table.name!r} and {sides.row_table.name} fit{advice}"


def _advice(sides: Any) -> list[str]:
    if any(field.type == 1002 for field in sides.record_table.fields):
        return []
    return [
        f"add a Modified time field to {sides.record_table.name!r}: changes between events are found faster with it"
    ]


def _raise(fault: str) -> str:
    raise MendError(fault)
