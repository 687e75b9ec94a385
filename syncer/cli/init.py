"""``syncer init``: the first two files."""

import os
from pathlib import Path
from typing import Annotated, Any

import typer

from syncer.cli import console
from syncer.cli.files import INTERACTIVE
from syncer.cli.main import app
from syncer.cli.session import syncer
from syncer.core.sources import ApprovalSource, ContactsSource
from syncer.errors import MendError
from syncer.settings import DEFAULT_APP

_PRIVATE, _PLAIN = 0o600, 0o644

_ENV = """\
# Settings of the syncer. Variables of the environment win over these lines; every secret may also stand in a file
# that NAME_FILE names, such as FEISHU_APP_SECRET_FILE=/run/secrets/feishu.

# The app of Feishu's developer console that speaks for the syncer
FEISHU_APP_ID=
FEISHU_APP_SECRET=
FEISHU_DOMAIN=https://open.feishu.cn
# FEISHU_ENCRYPT_KEY=
# FEISHU_VERIFICATION_TOKEN=

# Databases to sync, by name: SYNCER_CONNECTIONS__<NAME>=postgresql+psycopg://user:password@host:5432/database
SYNCER_CONNECTIONS__ERP=

# What mapping files name as ${NAME}
ORDERS_APP_TOKEN=

# Further apps or tenants, by name
# SYNCER_APPS__<NAME>__APP_ID=
# SYNCER_APPS__<NAME>__APP_SECRET=
# SYNCER_APPS__<NAME>__DOMAIN=https://open.larksuite.com
# SYNCER_APPS__<NAME>__ENCRYPT_KEY=
# SYNCER_APPS__<NAME>__VERIFICATION_TOKEN=

# Left out, the syncer runs its own PostgreSQL and Redis in SYNCER_HOME
# SYNCER_DATABASE_URL=postgresql+psycopg://user:password@host:5432/syncer
# SYNCER_REDIS_URL=redis://:password@host:6379/0
# SYNCER_HOME=.syncer

# SYNCER_MAPPINGS=mappings
# SYNCER_HTTP_HOST=127.0.0.1
# SYNCER_HTTP_PORT=8080
# SYNCER_FEISHU_TIMEOUT=30
# SYNCER_BATCH_RECORDS=1000
# SYNCER_WRITER=table
# SYNCER_REVISIONS=trusted
# SYNCER_QUOTA_SCALE=1
# SYNCER_AUDIT_DAYS=365
# SYNCER_LEASE_SECONDS=60
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
def init(
    *,
    table: Annotated[
        str, typer.Option("--table", metavar="TABLE", help="The database's table, such as sales.orders.")
    ] = "",
    base: Annotated[str, typer.Option("--base", metavar="URL", help="The Bitable's address in the browser.")] = "",
    connection: Annotated[str, typer.Option("--connection", help="Which database. Left out: the only one.")] = "",
    feishu_app: Annotated[str, typer.Option("--app", help="Which Feishu app speaks.")] = DEFAULT_APP,
    name: Annotated[str, typer.Option("--name", help="The mapping's name. Left out: the table's.")] = "",
    create_table: Annotated[
        bool, typer.Option("--create-table", help="Make a Bitable table for the database's table.")
    ] = False,
    create_columns: Annotated[
        bool, typer.Option("--create-columns", help="Make a database table for the Bitable table.")
    ] = False,
    approval: Annotated[
        str, typer.Option("--approval", metavar="CODE", help="An approval definition's code, in place of --base.")
    ] = "",
    contacts: Annotated[
        str, typer.Option("--contacts", metavar="users|departments", help="People or departments, in place of --base.")
    ] = "",
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Make what is missing without asking.")] = False,
    dry: Annotated[bool, typer.Option("--dry-run", help="Print the mapping file, and write nothing.")] = False,
) -> None:
    """Write a first .env and a first mapping file, or the mapping of two tables (--table and --base).

    Files that exist are left alone.
    """
    if not (table or base or approval or contacts):
        _first_files()
        return
    if approval or contacts:
        given = (table, base, connection, feishu_app, name, create_table, create_columns, yes, dry)
        _of_source(given, approval, contacts)
        return
    if not (table and base) or (create_table and create_columns):
        raise MendError("name both --table and --base, and have at most one of them made")
    from syncer.cli.drafting import Wanted, draft  # noqa: PLC0415 - a first file needs none of it

    wanted = Wanted(table, base, connection, feishu_app, name, create_table, create_columns, yes, dry)
    with syncer(attempts=INTERACTIVE) as living:
        draft(living, wanted)


def _of_source(given: tuple[Any, ...], approval: str, contacts: str) -> None:
    """The mapping of an approval, of people or departments."""
    from syncer.cli.drafting import Wanted  # noqa: PLC0415 - a first file needs none of it
    from syncer.cli.drafting_sources import draft_source  # noqa: PLC0415 - likewise

    wanted = Wanted(*given)
    if wanted.base or not wanted.table or (approval and contacts) or contacts not in ("", "users", "departments"):
        raise MendError("name --table, and one of --approval CODE, --contacts users and --contacts departments")
    source = ApprovalSource(approval) if approval else ContactsSource("users" if contacts == "users" else "departments")
    with syncer(attempts=INTERACTIVE) as living:
        draft_source(living, wanted, source)


def _first_files() -> None:
    _write(Path(".env"), _ENV, _PRIVATE)
    _write(Path("mappings") / "orders.yaml", _MAPPING, _PLAIN)
    console.say("fill both in, then: syncer doctor, syncer check, syncer apply, syncer sync --all")
    console.hint(".env holds secrets: keep it out of version control")
    console.hint(
        "with both tables there already: syncer init --table sales.orders --base https://.../base/...?table=tbl..."
    )


def _write(path: Path, content: str, mode: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        # The rights are there from the first moment: a secret is never readable in between.
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    except FileExistsError:
        console.say(f"{path} exists and was left as it is")
        return
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(content)
    console.say(f"{path} written")
