"""Feishu's long connection, held by real processes against the simulator."""

import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from syncer.core.records import Side
from syncer.nature import SystemClock
from syncer.ports.signals import SignalKind
from syncer.state.connect import open_engine
from syncer.state.store import Store
from tests.listening.scene import alive, command, environment, until


class Scene:
    """A base in the simulator, a mapping over its table, and what a process of ours says."""

    def __init__(self, simulator, state_url: str, redis_url: str, folder: Path) -> None:
        self.simulator, self.control, self.folder = simulator, simulator.control, folder
        self.env = environment(simulator, state_url, redis_url)
        self.engine = open_engine(state_url)
        self.store = Store(self.engine, SystemClock())
        self.base = self.control.create_base("订单")
        fields = [{"field_name": "单号", "type": 1}, {"field_name": "金额", "type": 2}]
        self.table = self.control.create_table(self.base, "订单", fields).table_id
        self.control.subscribe(self.base, simulator.app_id)
        self.control.set_switches(connection_reconnect_jitter=0, connection_reconnect_seconds=1, event_speed=50)
        document = {"document": {"feishu": {"app": "default"}, "database": {"connection": "erp"}}}
        self.store.apply("orders", {**document, "tables": [self.base, self.table, "h/erp", "orders"]}, "d1", "new")

    @contextmanager
    def running(self, *arguments: str) -> Iterator[subprocess.Popen[str]]:
        with self.err.open("w") as err, self.out.open("w") as out:
            process = subprocess.Popen(command(*arguments), env=self.env, cwd=self.folder, stdout=out, stderr=err)
            try:
                yield process
            finally:
                process.kill()
                process.wait()

    @contextmanager
    def listening(self) -> Iterator[subprocess.Popen[str]]:
        with self.running("listen") as process:
            until(self.connections, what="the connection")
            yield process

    @property
    def err(self) -> Path:
        return self.folder / "stderr"

    @property
    def out(self) -> Path:
        return self.folder / "stdout"

    def connections(self) -> list[object]:
        return self.control.connections(self.simulator.app_id)

    def signals(self, kind: SignalKind, side: Side = Side.FEISHU) -> list[str]:
        found = self.store.noticing.signals("orders").claim(100)
        return sorted(one.line for one in found if one.kind is kind and one.side is side)

    def settle(self) -> None:
        signals = self.store.noticing.signals("orders")
        signals.settle(signals.claim(100))

    def said(self) -> str:
        return self.out.read_text() + self.err.read_text()


@pytest.fixture
def scene(simulator, state_url, redis_url, tmp_path) -> Iterator[Scene]:
    scene = Scene(simulator, state_url, redis_url, tmp_path)
    yield scene
    scene.engine.dispose()


def child_of(process: subprocess.Popen[str]) -> int:
    return int(Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()[0])


def test_listen_hears_events_and_notifications_and_a_new_connection_polls(scene):
    with scene.listening() as process:
        until(lambda: scene.signals(SignalKind.POLL), what="the poll of the first connection")
        scene.settle()

        record = scene.control.add_record(scene.base, scene.table, {"单号": "A-1 😀", "金额": 3})
        until(lambda: scene.signals(SignalKind.LINE), what="the event")
        assert scene.signals(SignalKind.LINE) == [record]
        (kept,) = scene.store.noticing.signals("orders").events_of(scene.table, [record])[record]
        assert kept.action == "record_added"
        assert "A-1 😀" in "".join(kept.after.values())

        scene.control.publish_event(scene.simulator.app_id, "of.the.future_v9", {"what": "?"})
        scene.control.publish_event(scene.simulator.app_id, "approval_instance", {"status": "APPROVED"}, version=1)
        scene.control.settle_events()
        states = {event["type"]: (event["state"], len(event["attempts"])) for event in scene.control.events()}
        assert states["of.the.future_v9"] == states["approval_instance"] == ("delivered", 1)

        scene.settle()
        scene.control.drop_connections(abruptly=True)
        until(lambda: scene.signals(SignalKind.POLL), what="the poll of the second connection")
        assert len(scene.connections()) == 1

        scene.settle()
        with scene.engine.begin() as connection:
            connection.exec_driver_sql("SELECT pg_notify('syncer', 'orders')")
        until(lambda: scene.signals(SignalKind.POLL, Side.DATABASE), what="the notification of the database")

        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
    until(lambda: not scene.connections(), what="the end of the connection")
    assert "device_id" not in scene.said()
    assert scene.simulator.app_secret not in scene.said()
    assert "Traceback" not in scene.said()


def test_a_fatal_state_ends_the_child_and_a_new_one_is_started(scene):
    with scene.listening() as process:
        first = child_of(process)
        scene.control.set_switches(connection_endpoint_code=1000040350)
        scene.control.drop_connections()
        until(lambda: not alive(first), what="the end of the child")
        until(lambda: "started anew" in scene.said(), what="the supervisor's word")
        assert "more than 50 connections" in scene.said()
    assert "Traceback" not in scene.said()


def test_what_cannot_be_stored_is_delivered_again_and_a_killed_parent_leaves_nothing_behind(scene):
    with scene.listening() as process:
        until(lambda: scene.signals(SignalKind.POLL), what="the poll")
        scene.settle()
        with scene.engine.begin() as connection:
            connection.exec_driver_sql("ALTER TABLE syncer_state.inbox RENAME TO away")
        record = scene.control.add_record(scene.base, scene.table, {"单号": "A-2"})
        until(lambda: scene.control.event_counts()["refused"], what="a refusal")
        with scene.engine.begin() as connection:
            connection.exec_driver_sql("ALTER TABLE syncer_state.away RENAME TO inbox")
        until(lambda: scene.signals(SignalKind.LINE) == [record], what="the event, once more")

        child = child_of(process)
        process.kill()
        until(lambda: not alive(child), 5, "the end of the child")
        until(lambda: not scene.connections(), 5, "the end of the connection")


def test_one_app_alone_can_be_listened_to_and_a_refusal_says_how_to_mend_it(scene):
    scene.control.set_switches(connection_endpoint_code=1000040344)
    with scene.running("listen", "--app", "default") as process:
        assert process.wait(60) == 2
    assert "compare its id and secret" in scene.said()
    with scene.running("listen", "--app", "nobody") as process:
        assert process.wait(60) == 2
    assert "SYNCER_APPS__NOBODY__APP_ID" in scene.said()
