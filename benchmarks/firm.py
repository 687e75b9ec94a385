"""A running syncer on a pair of tables, and edits whose way to the other side is watched."""

import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg
import requests
from psycopg import sql

from benchmarks.stage import Feishu, Pair, Stage, connect
from syncer.core.records import key_values
from syncer.simulator.server import DEFAULT_APP_ID

PATIENCE = 30.0
"""Seconds after which an edit counts as lost."""
_KEYS = {"FEISHU_ENCRYPT_KEY": "a key for the benchmark", "FEISHU_VERIFICATION_TOKEN": "a token"}


@dataclass(frozen=True, slots=True)
class Firm:
    """A pair of tables that is kept equal by a running syncer."""

    feishu: Feishu
    pair: Pair
    rows: "psycopg.Connection[tuple[object, ...]]"
    state: "psycopg.Connection[tuple[object, ...]]"

    def link(self) -> tuple[str, str]:
        """A linked record and the order number of its row, by chance."""
        lowest, highest = self.state.execute("SELECT min(id), max(id) FROM syncer_state.link").fetchone() or (0, 0)
        asked = "SELECT record, key FROM syncer_state.link WHERE id >= %s ORDER BY id LIMIT 1"
        at = random.randint(int(str(lowest)), int(str(highest)))
        record, key = self.state.execute(asked, [at]).fetchone() or ("", "")
        return str(record), str(key_values(str(key))[0])

    def linked(self) -> int:
        """How many lines are linked."""
        (found,) = self.state.execute("SELECT count(*) FROM syncer_state.link").fetchone() or (0,)
        return int(str(found))


@contextmanager
def firm(stand_in: Feishu, pair: Pair) -> Iterator[Firm]:
    with connect(pair.database) as rows, connect(pair.state) as state:
        yield Firm(stand_in, pair, rows, state)


@contextmanager
def running(stage: Stage, stand_in: Feishu, pair: Pair, *, synced: bool, quotas: bool = False) -> Iterator[None]:
    """``syncer up`` on one applied mapping, with Feishu's events on their way to it."""
    port = _free_port()
    wanted = json.loads(pair.mapping.read_text(encoding="utf-8"))
    wanted["database"]["capture"] = "trigger"
    pair.mapping.write_text(json.dumps(wanted), encoding="utf-8")
    environment = {
        **os.environ,
        **stage.environment(pair),
        **_KEYS,
        "SYNCER_HTTP_PORT": str(port),
        "SYNCER_QUOTA_SCALE": str(int(quotas)),
    }
    for command in (["apply", str(pair.mapping)], *([["sync", "orders"]] if synced else [])):
        _syncer(command, environment)
    up = subprocess.Popen([sys.executable, "-m", "syncer", "up"], env=environment, cwd=stage.home)
    try:
        _ready(port)
        stand_in.control.set_webhook(
            DEFAULT_APP_ID,
            f"http://127.0.0.1:{port}/feishu/events",
            encrypt_key=_KEYS["FEISHU_ENCRYPT_KEY"],
            verification_token=_KEYS["FEISHU_VERIFICATION_TOKEN"],
        )
        yield
    finally:
        up.send_signal(signal.SIGTERM)
        up.wait(60)


def _syncer(arguments: Sequence[str], environment: dict[str, str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "syncer", *arguments], env=environment, check=False, capture_output=True, text=True
    )
    if done.returncode:
        raise SystemExit(f"syncer {' '.join(arguments)} ended with {done.returncode}: {done.stderr}")


def _ready(port: int) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        try:
            if requests.get(f"http://127.0.0.1:{port}/readyz", timeout=2).status_code == 200:
                return
        except requests.ConnectionError:
            pass
        time.sleep(0.2)
    raise SystemExit("syncer up did not become ready")


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def edit_record(firm: Firm, mark: str, line: tuple[str, str] | None = None) -> Callable[[], bool]:
    """Edit a record, a linked one by chance or that of a line; the answer tells whether its row shows it."""
    place, (record, order) = firm.pair.place, line or firm.link()
    firm.feishu.control.edit_record(place.app_token, place.table_id, record, {"备注": mark})
    asked = sql.SQL("SELECT 1 FROM orders WHERE order_no = %s AND remark = %s")
    return lambda: firm.rows.execute(asked, [order, mark]).fetchone() is not None


def edit_row(firm: Firm, mark: str) -> Callable[[], bool]:
    """Edit a row; the answer tells whether its record shows it."""
    place, (record, order) = firm.pair.place, firm.link()
    firm.rows.execute("UPDATE orders SET remark = %s WHERE order_no = %s", [mark, order])
    look = firm.feishu.control.plain
    return lambda: look(place.app_token, place.table_id, [record])[record].get("备注") == mark


def wait(is_there: Callable[[], bool], patience: float) -> None:
    """Wait until it is there; an edit that does not arrive counts by how long it was waited for."""
    deadline = time.perf_counter() + patience
    while not is_there() and time.perf_counter() < deadline:
        time.sleep(0.004)
