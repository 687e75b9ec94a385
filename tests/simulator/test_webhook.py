"""Delivery to a request URL: its check, signature, encryption, redelivery, and all that goes wrong on the way."""

import hashlib
import json
import subprocess
import sys
import threading
import time

import pytest
import requests

from syncer.simulator.control import Control, ControlError, step
from syncer.simulator.events.envelope import sealed, signature
from syncer.simulator.server import SimulatorServer
from tests.simulator.receiver import Receiver, opened


@pytest.fixture
def at(control, simulator, place):
    control.subscribe(place.app_token, simulator.app_id)
    return place.app_token, place.table_id


def numbers(received, control):
    """Which events, by number in the order they were made, were received in which order."""
    known = {each["event_id"]: each["number"] for each in control.events()}
    return [known[each.json["header"]["event_id"]] for each in received]


# the URL and its keys


def test_an_url_is_taken_only_if_it_answers_its_check(control, simulator):
    with Receiver() as receiver:
        set_ = control.set_webhook(simulator.app_id, receiver.url, verification_token="tok")
        assert set_["verification_token"] == "tok"
        assert set_["challenge_seconds"] < 1
        (asked,) = receiver.challenges
        assert (asked["token"], set(asked)) == ("tok", {"challenge", "token", "type"})
    with pytest.raises(ControlError, match="did not answer the challenge"):
        control.set_webhook(simulator.app_id, receiver.url)
    assert control.set_webhook(simulator.app_id, receiver.url, check=False)["challenge_seconds"] is None


def test_a_check_is_encrypted_too_and_has_a_second(control, simulator):
    with Receiver("密钥") as receiver:
        control.set_webhook(simulator.app_id, receiver.url, encrypt_key="密钥")
        assert receiver.challenges[0]["type"] == "url_verification"
        slow = receiver.take
        receiver.take = lambda request: (time.sleep(1.1), slow(request))
        with pytest.raises(ControlError, match="Timeout"):
            control.set_webhook(simulator.app_id, receiver.url, encrypt_key="密钥")


def test_a_body_is_plain_and_unsigned_without_an_encrypt_key(control, simulator, at):
    with Receiver() as receiver:
        control.set_webhook(simulator.app_id, receiver.url)
        control.add_record(*at, {"金额": 1})
        (got,) = receiver.wait_for(1)
        assert json.loads(got.raw)["event"]["action_list"]
        assert not [name for name in got.headers if name.startswith("X-Lark")]
        control.set_switches(event_always_signed=True)
        control.add_record(*at, {"金额": 1})
        assert "X-Lark-Signature" in receiver.wait_for(2)[1].headers


def test_with_an_encrypt_key_the_body_is_sealed_and_signed_as_sent(control, simulator, at):
    with Receiver("key") as receiver:
        control.set_webhook(simulator.app_id, receiver.url, encrypt_key="key")
        control.add_record(*at, {"订单号": "机密🙂"})
        (got,) = receiver.wait_for(1)
    assert "机密".encode() not in got.raw
    assert set(json.loads(got.raw)) == {"encrypt"}
    timestamp, nonce = got.headers["X-Lark-Request-Timestamp"], got.headers["X-Lark-Request-Nonce"]
    assert abs(int(timestamp) - time.time()) < 30
    expected = hashlib.sha256(f"{timestamp}{nonce}key".encode() + got.raw).hexdigest()
    assert got.headers["X-Lark-Signature"] == expected
    assert got.event["action_list"][0]["after_value"]


def test_the_documents_own_vectors_hold():
    assert opened("P37w+VZImNgPEO1RBhJ6RtKl7n6zymIbEG1pReEzghk=", "test key") == b"hello world"
    assert opened(json.loads(sealed(b"hello world", "test key", bytes(16)))["encrypt"], "test key") == b"hello world"
    assert signature("1700000000", "nonce1", "ek", b'{"encrypt":"abc"}').startswith("cdfd6d6bedd674c949dda3671af354c0")


def test_the_real_sdks_handler_takes_what_is_sent(lark, control, simulator, at):
    seen = []
    builder = lark.EventDispatcherHandler.builder("key", "tok")
    handler = (
        builder.register_p2_drive_file_bitable_record_changed_v1(seen.append)
        .register_p2_drive_file_bitable_field_changed_v1(seen.append)
        .build()
    )
    with Receiver("key") as receiver:
        control.set_webhook(simulator.app_id, receiver.url, encrypt_key="key", verification_token="tok")
        control.add_record(*at, {"金额": 1})
        control.rename_field(*at, "金额", "价")
        for each in receiver.wait_for(2):
            request = lark.RawRequest()
            request.uri, request.body, request.headers = "/events", each.raw, each.headers
            answer = handler.do(request)
            assert answer.status_code == 200, answer.content
    records, fields = sorted(seen, key=lambda each: each.header.event_type, reverse=True)
    assert records.event.action_list[0].action == "record_added"
    assert records.event.operator_id.open_id.startswith("ou_")
    assert fields.event.action_list[0].after_value.name == "价"


def test_the_command_takes_the_url_and_its_keys():
    with Receiver("key") as receiver:
        given = ("--events-url", receiver.url, "--encrypt-key", "key", "--verification-token", "tok")
        command = [sys.executable, "-m", "syncer.simulator", "--control", *given]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            control = Control(process.stdout.readline().strip())
            base = control.create_base()
            place = control.create_table(base, "表", [{"field_name": "名", "type": 1}])
            control.subscribe(base, SimulatorServer.app_id)
            control.add_record(base, place.table_id, {"名": "甲"})
            (got,) = receiver.wait_for(1)
            process.terminate()
    assert set(json.loads(got.raw)) == {"encrypt"}
    assert got.json["header"]["token"] == "tok"


# redelivery


def test_what_is_not_answered_with_200_comes_again_four_times_and_then_never(control, simulator, at):
    with Receiver(answer=lambda _: 500) as receiver:
        control.set_webhook(simulator.app_id, receiver.url)
        control.set_clock(scale=0)
        control.add_record(*at, {})
        for count, seconds in enumerate((15, 300, 3600, 21600), 1):
            assert control.settle_events() == 1
            control.advance_clock(seconds - 1)
            control.settle_events()
            assert len(receiver.received) == count
            control.advance_clock(1)
            receiver.wait_for(count + 1)
        control.settle_events(all_of_them=True)
        control.advance_clock(10**6)
        control.settle_events()
        assert len(receiver.received) == 5
        assert len({each.json["header"]["event_id"] for each in receiver.received}) == 1
    (event,) = control.events()
    assert (event["state"], [each["status"] for each in event["attempts"]]) == ("given_up", [500] * 5)
    assert control.event_counts()["given_up"] == 1


def test_only_a_200_counts(control, simulator, at):
    answers = [201, 302, 404, 200]
    with Receiver(answer=lambda number: answers[number]) as receiver:
        control.set_webhook(simulator.app_id, receiver.url)
        control.set_switches(event_speed=100_000.0)
        control.add_record(*at, {})
        receiver.wait_for(4)
        assert control.settle_events(all_of_them=True) == 0
    (event,) = control.events(bodies=True)
    assert (event["state"], [each["ok"] for each in event["attempts"]]) == ("delivered", [False, False, False, True])
    assert json.loads(event["body"])["header"]["event_id"] == event["event_id"]


def test_an_answer_that_is_late_is_none(control, simulator, at):
    def answer(number):
        time.sleep(1.2 if number == 0 else 0)
        return 200

    with Receiver(answer=answer) as receiver:
        control.set_webhook(simulator.app_id, receiver.url)
        control.set_switches(event_answer_seconds=1.0, event_speed=1000.0)
        control.add_record(*at, {})
        receiver.wait_for(2)
        control.settle_events(all_of_them=True)
        assert [each["note"][:12] for each in control.events()[0]["attempts"]] == ["TimeoutError", ""]


def test_events_wait_for_a_receiver_that_is_not_there(control, simulator, at):
    with Receiver() as gone:
        pass
    control.set_webhook(simulator.app_id, gone.url, check=False)
    control.add_record(*at, {})
    assert control.settle_events() == 1
    with Receiver() as receiver:
        control.set_webhook(simulator.app_id, receiver.url)
        control.advance_clock(15)
        receiver.wait_for(1)
        assert control.settle_events() == 0


def test_delivery_never_holds_up_an_answer(control, simulator, at, orders):
    free = threading.Event()
    with Receiver(answer=lambda _: 200 if free.wait(10) else 500) as receiver:
        control.set_webhook(simulator.app_id, receiver.url)
        began = time.perf_counter()
        for number in range(20):
            assert orders.create({"金额": number}).code == 0
        assert time.perf_counter() - began < 2
        assert len(receiver.wait_for(20)) == 20, "all are delivered at the same time"
        free.set()
        assert control.settle_events() == 0


# what goes wrong on the way


@pytest.fixture
def receiver(control, simulator, at):
    with Receiver() as receiver:
        control.set_webhook(simulator.app_id, receiver.url)
        yield receiver


def write(control, at, count):
    for number in range(count):
        control.add_record(*at, {"金额": number})
    control.settle_events()


def test_events_can_be_lost(control, at, receiver):
    control.set_switches(event_loss=1.0)
    write(control, at, 5)
    assert receiver.received == []
    control.set_switches(event_loss=0.5)
    write(control, at, 40)
    assert 5 < len(receiver.received) < 35
    counts = control.event_counts()
    assert (counts["made"], counts["lost"] + counts["delivered"], counts["pending"]) == (45, 45, 0)
    assert [each["attempts"] for each in control.events() if each["state"] == "lost"] == [[]] * counts["lost"]


def test_events_can_come_twice_under_one_id(control, at, receiver):
    control.set_switches(event_doubling=1.0)
    write(control, at, 3)
    assert sorted(numbers(receiver.received, control)) == [1, 1, 2, 2, 3, 3]
    assert control.event_counts()["doubled"] == 3


def test_events_can_be_ten_minutes_late(control, at, receiver):
    control.set_clock(scale=0)
    control.set_switches(event_delay_seconds=600.0)
    write(control, at, 2)
    control.advance_clock(599)
    assert (control.settle_events(), receiver.received) == (2, [])
    control.advance_clock(1)
    assert len(receiver.wait_for(2)) == 2


def test_lateness_can_be_random_which_mixes_the_order(control, at, receiver):
    control.set_switches(event_delay_random_seconds=600.0, event_speed=2000.0)
    write(control, at, 12)
    control.settle_events(all_of_them=True)
    order = numbers(receiver.received, control)
    assert sorted(order) == list(range(1, 13))
    assert order != sorted(order)


def test_events_can_be_overtaken_by_the_next_one(control, at, receiver):
    control.set_switches(event_reordering=1.0)
    write(control, at, 4)
    control.settle_events(all_of_them=True)
    came = numbers(receiver.received, control)
    assert sorted(came) == [1, 2, 3, 4]
    assert came.index(2) < came.index(1)
    assert came.index(4) < came.index(3)
    write(control, at, 1)
    assert len(receiver.received) == 4
    control.advance_clock(10)
    assert numbers(receiver.wait_for(5), control)[-1] == 5


def test_events_can_be_replayed(control, at, receiver):
    write(control, at, 3)
    assert control.replay_events(numbers=[2]) == 1
    control.settle_events()
    assert numbers(receiver.received, control)[3:] == [2]
    assert control.replay_events(since=1) == 2
    control.settle_events()
    assert sorted(numbers(receiver.received, control)[4:]) == [2, 3]
    assert control.event_counts()["delivered"] == 3


def test_events_of_one_lane_keep_their_order_behind_one_that_fails(control, simulator):
    answers = {0: 500}
    with Receiver(answer=lambda number: answers.get(number, 200)) as receiver:
        control.set_webhook(simulator.app_id, receiver.url)
        for lane in "aaab":
            control.publish_event(simulator.app_id, "x", {"lane": lane}, lane=lane)
            control.settle_events()
        assert [each.event["lane"] for each in receiver.received] == ["a", "b"]
        control.advance_clock(15)
        receiver.wait_for(5)
        control.settle_events(all_of_them=True)
        assert numbers(receiver.received, control) == [1, 4, 1, 2, 3]


def test_the_log_is_cleared_of_what_is_over(control, simulator, at):
    control.set_webhook(simulator.app_id, "http://127.0.0.1:9", check=False)
    write(control, at, 1)
    control.set_switches(event_loss=1.0)
    write(control, at, 2)
    control.clear_events()
    assert [each["state"] for each in control.events()] == ["waiting"]
    assert (control.event_counts()["made"], control.event_counts()["pending"]) == (0, 1)


def test_a_step_that_takes_time_cannot_run_inside_a_call(control, orders):
    control.at("bitable.record.search", [step("settle_events")])
    assert orders.api.raw("POST", f"{orders.path}/records/search", json={}).status_code == 500
    assert requests.post(f"{control.url}/_control/do", json=step("event_counts"), timeout=5).json()["ok"]
