"""Who hears of changes is killed (kill -9) and started anew, as a supervisor would: all that happened is carried."""

from tests.worker.scene import until
from tests.worker.test_up import free_port


def carried(scene, count):
    """Both sides hold all lines, each was created once, and nothing else was written."""
    until(lambda: scene.equal("orders", count), told=scene.logs)
    created = scene.state("SELECT side, record, action, count(*) FROM syncer_state.audit GROUP BY 1, 2, 3")
    assert len(created) == count, created
    assert {(action, times) for _, _, action, times in created} == {("create", 1)}, created


def unheard(scene):
    """Nothing is known of what happened."""
    return not scene.state("SELECT FROM syncer_state.signal WHERE NOT resting")


def test_what_happens_while_a_door_is_dead_is_carried_once_it_is_back(scene):
    port = free_port()
    scene.more |= {"SYNCER_HTTP_PORT": str(port), "FEISHU_ENCRYPT_KEY": "k", "FEISHU_VERIFICATION_TOKEN": "t"}
    scene.control.set_switches(connection_reconnect_jitter=0, connection_reconnect_seconds=1)
    scene.mapping("orders", "{every: 1h}", capture="trigger")
    scene.control.subscribe(scene.base, scene.simulator.app_id)
    scene.add("orders", {"订单号": "甲", "备注": "始 🌱"})
    scene.part("worker", "--concurrency", "2")
    scene.part("beat")
    listen, serve = scene.part("listen"), scene.part("serve")
    until(lambda: scene.equal("orders", 1) and scene.control.connections(scene.simulator.app_id), told=scene.logs)
    until(lambda: unheard(scene), told=scene.logs)

    listen.kill()  # it held the long connection, and the session that hears NOTIFY
    until(lambda: not scene.control.connections(scene.simulator.app_id), told=scene.logs)
    scene.add("orders", {"订单号": "乙", "备注": "listen 已死"})
    scene.sql("INSERT INTO orders (order_no, note) VALUES ('丙', 'nobody listens')")
    assert unheard(scene)
    scene.part("listen")
    carried(scene, 3)

    serve.says(f"127.0.0.1:{port}")
    url = f"http://127.0.0.1:{port}/feishu/events"
    scene.control.set_webhook(scene.simulator.app_id, url, encrypt_key="k", verification_token="t")
    scene.control.settle_events(30)
    until(lambda: unheard(scene), told=scene.logs)
    serve.kill()
    before = len(scene.control.events())
    scene.add("orders", {"订单号": "丁", "备注": "serve 已死"})
    until(lambda: all(one["attempts"] for one in scene.control.events()[before:]), told=scene.logs)
    assert unheard(scene)
    scene.part("serve").says(f"127.0.0.1:{port}")
    scene.control.advance_clock(15.0)  # Feishu delivers again what was not answered
    carried(scene, 4)
    assert len(scene.control.events()[before]["attempts"]) == 2
