"""The same with nothing in the process that knows of the test: it is held up from outside, and killed there.

A second `syncer sync` waits for the mapping meanwhile: it begins when the first one dies, not when something times out.
"""

import os
import signal
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psycopg
import pytest

from tests.engine.stage import plain_url
from tests.killed.scene import PatientStage, Shop, simulator_elsewhere

SYNCER = Path(sys.executable).with_name("syncer")
PATIENCE = 60.0
AT_ONCE = 2.0
LINES_NOT_WRITTEN = 3  # the exit status


@pytest.fixture
def shop(database, state_database, redis_url, tmp_path):
    with (
        simulator_elsewhere() as simulator,
        PatientStage(simulator, database, state_database, redis_url, tmp_path) as stage,
    ):
        shop = Shop(stage)
        shop.edit()
        shop.pair.settle()
        shop.check()
        shop.edit()
        yield shop


@contextmanager
def syncing(shop):
    """`syncer sync orders`, as a person types it. Ended at the end."""
    environment = {"PATH": os.defpath, **shop.stage.environment(), "SYNCER_FEISHU_TIMEOUT": "120"}
    command = [SYNCER, "sync", "orders"]
    folder = shop.stage.folder
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, cwd=folder, env=environment, **quiet) as process:
        try:
            yield process
        finally:
            process.kill()


def until(what):
    """Wait until something is true."""
    deadline = time.time() + PATIENCE
    while not (found := what()):
        assert time.time() < deadline, "it did not come to that"
        time.sleep(0.02)
    return found


@contextmanager
def held(url, statement):
    """Somebody's open transaction holds up whoever needs the same rows."""
    with psycopg.connect(plain_url(url)) as connection:
        connection.execute(statement)
        yield
        connection.rollback()


def waiting_for_a_row(url):
    """Whether a session of the syncer in that database waits for a lock of another one."""
    with psycopg.connect(plain_url(url), autocommit=True) as connection:
        statement = (
            "SELECT 1 FROM pg_stat_activity WHERE datname = current_database()"
            " AND application_name LIKE 'syncer%' AND wait_event_type = 'Lock'"
        )
        return connection.execute(statement).fetchone() is not None


def runs_at_the_door(shop):
    """How many processes hold the mapping or wait for it."""
    statement = (
        "SELECT count(DISTINCT application_name) FROM pg_stat_activity"
        " WHERE datname = current_database() AND application_name LIKE 'syncer run%'"
    )
    return shop.stage.state(statement)[0][0]


@contextmanager
def stopped_in_feishu(shop):
    """Records were created; the answer does not come."""
    shop.control.fault("bitable.record.batch_create", "hang", seconds=PATIENCE, applied=True)
    yield lambda: any(name and name.startswith("D-r2") for name in shop.pair.by("订单号"))


@contextmanager
def stopped_in_the_mapped_database(shop):
    """Somebody else holds a row that is to be updated: the transaction is open."""
    with held(shop.stage.database, "SELECT 1 FROM orders WHERE order_no = 'L00' FOR UPDATE"):
        yield lambda: waiting_for_a_row(shop.stage.database)


@contextmanager
def stopped_in_the_state_store(shop):
    """Records were created and the answer came, but what became of them cannot be remembered."""
    shop.control.fault("bitable.record.batch_create", "slow_body", seconds=2)
    with psycopg.connect(plain_url(shop.stage.state_url)) as connection:

        def stopped():
            if connection.info.transaction_status == psycopg.pq.TransactionStatus.IDLE:
                if any(name and name.startswith("D-r2") for name in shop.pair.by("订单号")):
                    connection.execute("SELECT 1 FROM syncer_state.mapping FOR UPDATE")
                return False
            return waiting_for_a_row(shop.stage.state_url)

        yield stopped
        connection.rollback()


@pytest.mark.parametrize(
    "stopped",
    [stopped_in_feishu, stopped_in_the_mapped_database, stopped_in_the_state_store],
    ids=lambda way: way.__name__,
)
def test_a_run_that_waits_begins_when_the_one_before_is_killed_and_makes_it_good(shop, stopped):
    with ExitStack() as hold, two_syncing(shop) as (first, second):
        arrived = hold.enter_context(stopped(shop))
        until(arrived)
        until(lambda: runs_at_the_door(shop) == 2)
        first.kill()
        killed_at = time.time()
        hold.close()
        assert until(lambda: begin_of_the_run_after(shop, killed_at)) - killed_at < AT_ONCE
        assert second.wait(PATIENCE) == LINES_NOT_WRITTEN, second.stderr.read()
    assert first.returncode == -signal.SIGKILL
    shop.check()
    shop.check_audit()
    assert shop.pair.open_intents() == 0


@contextmanager
def two_syncing(shop):
    """Two processes. The second is begun when the first stands at the mapping's door: it comes to the lock later."""
    with syncing(shop) as first:
        until(lambda: runs_at_the_door(shop) == 1)
        with syncing(shop) as second:
            yield first, second


def begin_of_the_run_after(shop, moment):
    statement = "SELECT extract(epoch FROM started_at)::float8 FROM syncer_state.run ORDER BY id DESC LIMIT 1"
    begun = shop.stage.state(statement)[0][0]
    return begun if begun > moment else None
