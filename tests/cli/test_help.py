"""What --help says, how quickly, and what is loaded on the way."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from typer.main import get_group

from syncer.cli.commands import MODULES
from syncer.cli.main import _status, app

ROOT = Path(__file__).parents[2]
CONTRACT = (
    "demo up worker beat serve listen simulator init doctor migrate schema check apply remove plan sync status approve",
    "conflicts failures history verify undo mappings pause resume add-field view",
)
SUBCOMMANDS = {
    "conflicts": ["list", "show", "resolve"],
    "failures": ["list", "show", "retry", "discard"],
    "mappings": ["list", "history", "diff", "rollback"],
    "view": ["create"],
}

SERVERS = {"lark_oapi", "redis", "alembic", "aiohttp", "celery", "kombu"}

PROBE = """
import sys
from syncer.cli.main import main
try:
    main()
except SystemExit as left:
    status = left.code
watched = ("lark_oapi", "sqlalchemy", "alembic", "redis", "aiohttp", "pydantic", "psycopg", "celery", "kombu")
heavy = [name for name in watched if name in sys.modules]
sys.stderr.write(f"\\n{status} {','.join(heavy)}\\n")
"""


def probed(folder, *arguments, **env):
    """Exit status and the heavy packages that a command loaded, in a process of its own."""
    code = [sys.executable, "-c", PROBE, *arguments]
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("SYNCER_", "FEISHU_"))}
    done = subprocess.run(
        code,
        cwd=folder,
        env={**clean, "PYTHONPATH": str(ROOT), **env},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    status, _, heavy = done.stderr.strip().splitlines()[-1].partition(" ")
    return int(status), set(filter(None, heavy.split(",")))


def told(capsys, *arguments):
    capsys.readouterr()
    status = _status(list(arguments))
    out, err = capsys.readouterr()
    return status, out, err


def test_every_command_of_the_contract_is_there_and_no_other():
    assert set(MODULES) == set(" ".join(CONTRACT).split())


def test_help_lists_every_command(capsys):
    status, out, _ = told(capsys, "--help")
    assert status == 0
    listed = re.findall(r"^  ([a-z-]+)  ", out.split("Commands:")[1], re.MULTILINE)
    assert listed == list(MODULES)


@pytest.mark.parametrize("name", MODULES)
def test_the_line_of_a_command_is_the_beginning_of_its_own_help(name, capsys):
    status, out, _ = told(capsys, name, "--help")
    assert status == 0
    line = MODULES[name][1].rstrip(".").split(";")[0]
    assert " ".join(line.split()) in " ".join(out.split())
    for subcommand in SUBCOMMANDS.get(name, []):
        assert re.search(rf"^  {subcommand}  ", out, re.MULTILINE)


def test_the_loaded_commands_are_those_of_the_table():
    for name in MODULES:
        _status([name, "--help"])
    assert set(get_group(app).commands) == set(MODULES)


@pytest.mark.parametrize("name", ["up", "worker", "beat", "serve", "listen", "sync", "status"])
def test_the_help_of_a_command_loads_neither_celery_nor_a_server_nor_the_sdk(name, tmp_path):
    status, heavy = probed(tmp_path, name, "--help")
    assert (status, heavy & {"lark_oapi", "celery", "kombu", "aiohttp"}) == (0, set())


def test_a_command_mistyped_is_answered_with_the_one_that_was_meant(capsys):
    status, _, err = told(capsys, "statsu")
    assert status == 2
    assert "did you mean `syncer status`?" in err


def test_help_is_quick_and_loads_no_database_and_no_sdk(tmp_path):
    before = os.times().children_user
    assert probed(tmp_path, "--help") == (0, set())
    assert os.times().children_user - before < 0.5


def test_the_schema_loads_neither_sdk_nor_servers(tmp_path):
    status, heavy = probed(tmp_path, "schema")
    assert status == 0
    assert heavy & SERVERS == set()


def test_checking_offline_and_wrong_files_load_neither_sdk_nor_servers(tmp_path):
    (tmp_path / "mappings").mkdir()
    file = tmp_path / "mappings" / "orders.yaml"
    text = (
        "version: 1\nname: orders\nfeishu: {bitable: {app_token: bascnAbc, table_id: tblAbc}}\n"
        "database: {connection: erp, table: t, key: [id]}\nfields: [{field: 号, column: id}]\n"
    )
    file.write_text(text, encoding="utf-8")
    status, heavy = probed(tmp_path, "check", "--offline")
    assert (status, heavy & SERVERS) == (0, set())
    file.write_text(text.replace("fields:", "felds:"), encoding="utf-8")
    status, heavy = probed(tmp_path, "check")
    assert (status, heavy & SERVERS) == (2, set())
    assert not (tmp_path / ".syncer").exists()
