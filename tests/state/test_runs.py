"""One run per mapping: the lock, the fence, and what happens to runs whose process died or froze."""

import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from syncer.errors import BusyError, FencedError, MendError, NotAppliedError, UnreachableError
from syncer.ports import Memo
from syncer.state.mappings import State
from syncer.state.store import Store
from syncer.testing import FakeClock
from tests.state.rooms import LAYOUT, D, F, audit, linked

HOLDER = """
    import sys, time
    from syncer.ports import Memo
    from syncer.state.connect import open_engine
    from syncer.state.store import Store
    from syncer.testing import FakeClock
    from tests.state.rooms import LAYOUT, linked

    store = Store(open_engine(sys.argv[1]), FakeClock(), lease_seconds=1)
    with store.open_run("orders", "full", LAYOUT) as memory:
        print(memory.run, flush=True)
        sys.stdin.readline()
        try:
            memory.remember(Memo(links=[linked(1)]))
        except Exception as error:
            print(type(error).__name__, flush=True)
        else:
            print("written", flush=True)
"""


class RealClock(FakeClock):
    """Time that really passes, for waiting on other processes."""

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)
        super().sleep(seconds)


@contextmanager
def holder(url: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A real process that holds the mapping's run lock, and its run."""
    command = [sys.executable, "-c", textwrap.dedent(HOLDER), url]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, text=True, cwd=Path.cwd(), **pipes) as process:  # type: ignore[call-overload]
        try:
            yield process, process.stdout.readline().strip()
        finally:
            process.kill()


def open_run(store: Store, **options: object):
    return store.open_run("orders", "full", LAYOUT, **options)  # type: ignore[arg-type]


def test_a_run_needs_a_mapping_that_was_applied(store: Store) -> None:
    with pytest.raises(NotAppliedError, match="customers"), store.open_run("customers", "full", LAYOUT):
        pass


def test_one_run_at_a_time(store: Store, clock: FakeClock) -> None:
    with open_run(store):
        began = clock.now()
        with pytest.raises(BusyError, match="orders"), open_run(store, wait_seconds=60):
            pass
        assert timedelta(seconds=60) <= clock.now() - began < timedelta(seconds=61)
    with open_run(store, wait_seconds=0):
        pass


def test_two_mappings_run_side_by_side(store: Store) -> None:
    store.apply("customers", {}, "digest", "")
    with open_run(store), store.open_run("customers", "full", LAYOUT, wait_seconds=0) as other:
        other.remember(Memo(links=[linked(2)]))


def test_links_of_two_mappings_may_have_the_same_lines(store: Store) -> None:
    store.apply("customers", {}, "digest", "")
    with open_run(store) as memory:
        memory.remember(Memo(links=[linked(1)]))
    with store.open_run("customers", "full", LAYOUT) as memory:
        memory.remember(Memo(links=[linked(2, record="f1", key="d1")]))
        assert memory.links([1]) == []
        assert memory.seen(F, ["f1"])["f1"].link == 2


def test_each_run_has_a_higher_fence(store: Store) -> None:
    fences = []
    for _ in range(3):
        with open_run(store) as memory:
            fences.append(memory.fence)
    assert fences == sorted(set(fences))


def test_a_killed_process_lets_go_at_once(store: Store, database_url: str) -> None:
    with holder(database_url) as (process, run):
        with pytest.raises(BusyError), open_run(store, wait_seconds=0):
            pass
        process.send_signal(signal.SIGKILL)
        killed = time.monotonic()
        real = Store(store._engine, RealClock())
        with open_run(real, wait_seconds=5):
            assert time.monotonic() - killed < 1.5
    assert store.run(run).status == "dead"
    assert "process ended" in str(store.run(run).error)


def test_a_frozen_process_is_overtaken_after_its_lease_and_cannot_write(store: Store, database_url: str) -> None:
    with holder(database_url) as (process, run):
        process.send_signal(signal.SIGSTOP)
        patient = Store(store._engine, RealClock(), lease_seconds=1)
        with open_run(patient, wait_seconds=20) as memory:
            process.send_signal(signal.SIGCONT)
            assert process.stdin
            assert process.stdout
            process.stdin.write("go on\n")
            process.stdin.flush()
            assert process.stdout.readline().strip() == "FencedError"
            assert not memory.links([1])
    assert store.run(run).status == "dead"


def test_a_process_that_is_alive_is_not_overtaken(store: Store, database_url: str) -> None:
    with holder(database_url) as (process, _run):
        patient = Store(store._engine, RealClock(), lease_seconds=1)
        with pytest.raises(BusyError), open_run(patient, wait_seconds=2.5):
            pass
        out, _ = process.communicate("go on\n")
        assert out.strip() == "written"


def test_a_raised_fence_refuses_the_old_run_and_leaves_nothing_of_its_memo(store: Store, engine: Engine) -> None:
    with open_run(store) as memory:
        with engine.begin() as connection:
            connection.execute(text("UPDATE syncer_state.mapping SET fence = fence + 1"))
        with pytest.raises(FencedError, match="overtaken"):
            memory.remember(Memo(links=[linked(1)], audits=[audit(1)]))
    assert store.status()[0].linked == 0
    assert not store.history("orders", record="f1")


def test_a_lost_session_is_unreachable_and_nobody_overtook(store: Store, engine: Engine) -> None:
    with open_run(store) as memory:
        with engine.begin() as connection:
            connection.execute(
                text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = :name"),
                {"name": store_holder(engine)},
            )
        with pytest.raises(UnreachableError):
            memory.remember(Memo(links=[linked(1)]))
    with open_run(store, wait_seconds=1):
        pass


def store_holder(engine: Engine) -> str:
    with engine.begin() as connection:
        return str(connection.scalar(text("SELECT holder FROM syncer_state.run ORDER BY id DESC LIMIT 1")))


def test_a_run_that_ends_says_how(store: Store, clock: FakeClock) -> None:
    with open_run(store) as memory:
        clock.move(3)
        store.finish_run(memory.run, "done", {"linked": 3, "calls": {"bitable.record.search": 2}}, None, 3.0)
    run = store.run(memory.run)
    assert (run.status, run.seconds, run.kind) == ("done", 3.0, "full")
    assert run.counts == {"linked": 3, "calls": {"bitable.record.search": 2}}
    assert store.status()[0].last_run == run


def test_a_run_left_by_an_error_tells_it(store: Store) -> None:
    with pytest.raises(ZeroDivisionError), open_run(store) as memory:
        raise ZeroDivisionError("a fault")
    assert (store.run(memory.run).status, store.run(memory.run).error) == ("dead", "a fault")


def test_a_guarded_run_guards_the_mapping_until_a_run_is_done(store: Store) -> None:
    states = []
    for status in ("guarded", "unreachable", "done"):
        with open_run(store) as memory:
            store.finish_run(memory.run, status)
        states.append(store.mapping("orders").state)
    assert states == [State.GUARDED, State.GUARDED, State.ACTIVE]


def test_a_paused_mapping_stays_paused_whatever_runs(store: Store) -> None:
    store.pause("orders")
    with open_run(store) as memory:
        store.finish_run(memory.run, "done")
    assert store.mapping("orders").state is State.PAUSED
    store.resume("orders")
    assert store.mapping("orders").state is State.ACTIVE


def test_what_is_no_run_is_refused_in_words(store: Store) -> None:
    for name in ("seven", "99999", "-1", "１"):
        with pytest.raises(MendError, match="run"):
            store.run(name)


def test_emptied_intents_and_stopped_lines_are_forgotten_after_a_week(
    store: Store, clock: FakeClock, engine: Engine
) -> None:
    with open_run(store) as memory:
        memory.guard_stopped("deletes", {}, [], ["f1", "f2"])
        store.finish_run(memory.run, "guarded")
    clock.move(timedelta(days=8).total_seconds())
    with open_run(store) as later:
        store.finish_run(later.run, "done")
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM syncer_state.guard_line")) == 0
    with pytest.raises(MendError, match="forgotten"):
        store.approve(memory.run)


def test_a_removed_mapping_leaves_nothing_and_waits_for_its_run(store: Store, engine: Engine) -> None:
    with open_run(store) as memory:
        memory.remember(Memo(links=[linked(1)], audits=[audit(1)]))
        memory.advance(D, {"at": 1})
        with pytest.raises(BusyError, match="orders"):
            store.remove("orders", wait_seconds=1)
    store.remove("orders")
    with engine.connect() as connection:
        for table in ("mapping", "mapping_revision", "layout", "link", "run", "audit", "cursor"):
            assert connection.scalar(text(f"SELECT count(*) FROM syncer_state.{table}")) == 0
    with pytest.raises(NotAppliedError):
        store.remove("orders")
