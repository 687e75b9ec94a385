"""The commands as a person runs them: real processes, a ``.env`` file, the simulator by its own command."""

import json
import os
import pty
import signal
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from syncer.settings import known
from syncer.simulator.control import Control

ROOT = Path(__file__).parents[2]
SYNCER = [sys.executable, "-c", "from syncer.cli.main import main; main()"]

MAPPING = """\
version: 1
name: orders
feishu:
  bitable: {app_token: "${ORDERS_APP_TOKEN}", table_id: "${ORDERS_TABLE_ID}"}
database: {connection: erp, table: orders, key: [id]}
match: [order_no]
fields:
  - {field: 订单号, column: order_no, required: true}
  - {field: 备注, column: note}
"""


class Shell:
    """A folder in which commands are run, each in a process of its own; settings stand in its ``.env``."""

    def __init__(self, folder):
        self.folder = folder
        self.env = {name: value for name, value in os.environ.items() if not known(name)}
        self.env |= {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}

    def run(self, *arguments):
        where = {"cwd": self.folder, "env": self.env, "timeout": 60}
        return subprocess.run([*SYNCER, *arguments], capture_output=True, text=True, check=False, **where)


@pytest.fixture
def shell(tmp_path, database, second_database, redis_url):
    """A shell beside a simulator that its own command runs; ``control`` are the people in it."""
    shell = Shell(tmp_path)
    arguments = [*SYNCER, "simulator", "--control", "--quota-scale", "0"]
    with subprocess.Popen(arguments, cwd=tmp_path, env=shell.env, stdout=subprocess.PIPE, text=True) as process:
        url, *lines = (process.stdout.readline().strip() for _ in range(4))
        shell.control = Control(url)
        base = shell.control.create_base("销售")
        fields = [{"field_name": "订单号", "type": 1}, {"field_name": "备注", "type": 1}]
        shell.place = shell.control.create_table(base, "订单", fields)
        lines += [
            f"SYNCER_DATABASE_URL={second_database}",
            f"SYNCER_REDIS_URL={redis_url}",
            f"SYNCER_CONNECTIONS__ERP={database}",
            f"ORDERS_APP_TOKEN={base}",
            f"ORDERS_TABLE_ID={shell.place.table_id}",
        ]
        (tmp_path / ".env").write_text("\n".join(lines))
        (tmp_path / "mappings").mkdir()
        (tmp_path / "mappings" / "orders.yaml").write_text(MAPPING, encoding="utf-8")
        yield shell
        process.send_signal(signal.SIGINT)
    assert process.returncode == 0


@pytest.fixture
def erp(database):
    with psycopg.connect(database.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute("CREATE TABLE orders (id serial PRIMARY KEY, order_no text NOT NULL UNIQUE, note text)")
        yield connection


def on_a_terminal(shell, *arguments):
    """What a command shows where stderr is a terminal and stdout goes into a file."""
    master, slave = pty.openpty()
    out = shell.folder / "out.txt"
    with out.open("w") as file:
        process = subprocess.Popen(
            [*SYNCER, *arguments], cwd=shell.folder, env={**shell.env, "TERM": "xterm"}, stdout=file, stderr=slave
        )
    os.close(slave)
    seen = b""
    try:
        while chunk := os.read(master, 65536):
            seen += chunk
    except OSError:  # the other end of a terminal that is gone
        pass
    os.close(master)
    return process.wait(timeout=60), out.read_text(encoding="utf-8"), seen.decode(errors="replace")


def test_from_a_mapping_file_to_two_equal_tables(shell, erp):
    place = (shell.place.app_token, shell.place.table_id)
    shell.control.add_records(*place, [{"订单号": "A-1", "备注": "你好 😀"}])
    erp.execute("INSERT INTO orders (order_no, note) VALUES ('B-1', '从数据库来')")

    early = shell.run("sync", "orders")
    assert (early.returncode, early.stdout) == (2, "")
    assert "never applied; run `syncer apply`" in early.stderr

    applied = shell.run("apply")
    assert (applied.returncode, applied.stderr) == (0, "")

    status, out, seen = on_a_terminal(shell, "sync", "orders", "--json")
    document = json.loads(out)
    assert (status, document["status"], document["linked"]) == (0, "done", 2)
    assert "reading records" in seen, "a terminal shows how far the run is"

    plain = {cells["订单号"]: cells["备注"] for cells in shell.control.plain(*place).values()}
    assert plain == {"A-1": "你好 😀", "B-1": "从数据库来"}
    assert dict(erp.execute("SELECT order_no, note FROM orders").fetchall()) == plain

    again = shell.run("sync", "--all", "--json")
    (run,) = json.loads(again.stdout)["runs"]
    assert (again.returncode, run["status"]) == (0, "done")
    assert {count for side in run["written"].values() for count in side.values()} == {0}
    assert "\x1b" not in again.stdout + again.stderr, "no colours and no bar where there is no terminal"


def test_wrong_credentials_end_with_2_and_no_secret_is_shown(shell, erp):
    env = shell.folder / ".env"
    env.write_text(env.read_text().replace("simulated-secret-of-the-default-app", "s3cret-word"))
    refused = shell.run("--debug", "check")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "mappings/orders.yaml:4: mapping orders: feishu.bitable: auth.token was refused" in refused.stderr
    assert "s3cret-word" not in refused.stderr


def test_a_reader_that_has_seen_enough_is_no_error(shell):
    done = subprocess.run(
        f"'{sys.executable}' -c 'from syncer.cli.main import main; main()' schema | head -1",
        shell=True,
        cwd=shell.folder,
        env=shell.env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("{\n", "")


def test_words_of_any_language_are_shown_in_any_locale(shell):
    shell.env["PYTHONIOENCODING"] = "ascii"
    (shell.folder / "mappings" / "orders.yaml").write_text(MAPPING.replace("备注, column", "备注, colum"))
    refused = subprocess.run([*SYNCER, "check"], cwd=shell.folder, env=shell.env, capture_output=True, check=False)
    assert refused.returncode == 2
    assert "备注" in refused.stderr.decode()
