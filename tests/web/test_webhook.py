"""The webhook over real HTTP: stored once, answered, then worked on; and nothing told to strangers."""

import json
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import pytest
import requests
from sqlalchemy import text

from syncer.feishu.events import MOST_BYTES
from tests.feishu.sealing import TABLE, TOKEN, record_event, sealed, signed

URL_CHECK = {"challenge": '中文 "quoted"', "token": TOKEN, "type": "url_verification"}


def deliver(served, content: object, path: str = "", at: datetime | None = None) -> requests.Response:
    body = sealed(content)
    return served.post(body, signed(body, at or datetime.now(UTC)), path)


def stored(served) -> list[str]:
    with served.living.state_engine.connect() as connection:
        return list(connection.scalars(text("SELECT event_id FROM syncer_state.inbox ORDER BY event_id")))


def counts(served) -> dict[str, int]:
    return served.get("/readyz").json()["events"]


def lines(served, name: str = "orders") -> list[str]:
    return sorted(signal.line for signal in served.noticing.signals(name).claim(1000))


def test_an_event_is_stored_answered_and_then_its_mappings_are_woken(served):
    answer = deliver(served, record_event(1, "rec1", "rec2"))
    assert (answer.status_code, answer.json()) == (200, {"msg": "success"})
    assert lines(served) == ["rec1", "rec2"]
    kept = served.noticing.signals("orders").events_of(TABLE, ["rec1"])["rec1"]
    assert [event.after for event in kept] == [{"fldNote": '[{"type":"text","text":"新 😀"}]'}]
    assert served.told.wait(5)
    assert served.woken == ["orders"]


def test_an_event_delivered_again_is_answered_200_and_changes_nothing(served):
    deliver(served, record_event(1, "rec1"))
    signals = served.noticing.signals("orders").claim(10)
    assert deliver(served, record_event(1, "rec1")).status_code == 200
    assert served.noticing.signals("orders").claim(10) == signals
    assert len(stored(served)) == 1


def test_many_deliveries_at_once_are_all_stored_in_time(served):
    def one(number: int) -> float:
        began = time.monotonic()
        assert deliver(served, record_event(number // 2, f"rec{number // 2}")).status_code == 200
        return time.monotonic() - began

    with ThreadPoolExecutor(20) as pool:
        slowest = max(pool.map(one, range(100)))
    assert len(stored(served)) == 50
    assert len(lines(served)) == 50
    assert slowest < 3


def test_the_check_of_the_address_is_answered_within_a_second_sealed_or_not(served):
    began = time.monotonic()
    assert served.post(sealed(URL_CHECK)).json() == {"challenge": URL_CHECK["challenge"]}
    plain = json.dumps({**URL_CHECK, "token": "token-abroad"}).encode()
    assert served.post(plain, path="/abroad").json() == {"challenge": URL_CHECK["challenge"]}
    assert time.monotonic() - began < 1


@pytest.mark.parametrize("kind", ["drive.file.edit_v1", "of.the.future_v9", "im.message.receive_v1"])
def test_an_event_of_a_type_nobody_knows_is_answered_200(served, kind):
    content = record_event(1)
    content["header"]["event_type"] = kind
    assert deliver(served, content).status_code == 200
    assert lines(served) == []


def test_an_event_of_a_table_no_mapping_knows_is_answered_200_and_wakes_nobody(served):
    assert deliver(served, record_event(1, table_id="tblElse")).status_code == 200
    assert served.noticing.waiting() == {}
    assert served.woken == []


def test_every_app_has_an_address_and_keys_of_its_own(served):
    foreign = json.dumps(record_event(1, "rec9", token="token-abroad")).encode()
    assert served.post(foreign, path="/abroad").status_code == 200
    assert served.post(foreign, path="/ABROAD").status_code == 200
    assert (lines(served), lines(served, "foreign")) == ([], ["rec9"])
    assert served.post(foreign).status_code == 401
    assert served.post(foreign, path="/bare").status_code == 401
    assert served.post(foreign, path="/nobody").status_code == 404
    assert served.post(foreign, path="?app=abroad").status_code == 401


def test_what_is_refused_says_nothing_and_is_counted(served):
    good = sealed(record_event(1))
    now = datetime.now(UTC)
    answers = [
        served.post(good),
        served.post(good, signed(good, now, key="other")),
        served.post(good, signed(good, now - timedelta(minutes=6))),
        deliver(served, record_event(1, token="other")),
        deliver(served, {"header": {"event_id": "1", "token": TOKEN}}),
        served.post(b"\xff\x00"),
        served.post(b"x" * (MOST_BYTES + 1), path="/abroad"),
        served.post(b"no json", path="/abroad"),
    ]
    assert [answer.status_code for answer in answers] == [401, 401, 401, 401, 400, 401, 400, 400]
    assert {answer.text for answer in answers} == {'{"msg":"refused"}'}
    assert counts(served) == {
        "refused_malformed": 2,
        "refused_signature": 3,
        "refused_stale": 1,
        "refused_token": 1,
        "refused_too_large": 1,
    }
    assert stored(served) == []


def test_refusals_are_noted_once_a_minute_and_without_secrets(served, caplog):
    for _ in range(20):
        served.post(b"anything")
    notes = [record.getMessage() for record in caplog.records if "refused" in record.getMessage()]
    assert len(notes) == 1
    assert "FEISHU_ENCRYPT_KEY" in notes[0]
    assert "encrypt-key" not in notes[0]


def test_a_body_that_never_ends_is_not_held(served):
    address = urlsplit(served.url)
    with socket.create_connection((address.hostname, address.port), timeout=20) as line:
        line.sendall(b"POST /feishu/events HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
        chunk = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
        try:
            for _ in range(MOST_BYTES // 0x10000 + 40):
                line.sendall(chunk)
        except OSError:
            pass  # it has hung up
        else:
            assert b" 400 " in line.recv(200).splitlines()[0]
    assert counts(served)["refused_too_large"] == 1


def test_what_cannot_be_stored_is_not_acknowledged(served):
    with served.living.state_engine.begin() as connection:
        connection.execute(text("ALTER TABLE syncer_state.inbox RENAME TO away"))
    assert deliver(served, record_event(1)).status_code == 503
    with served.living.state_engine.begin() as connection:
        connection.execute(text("ALTER TABLE syncer_state.away RENAME TO inbox"))
    assert deliver(served, record_event(1)).status_code == 200
    assert lines(served) == ["rec1"]


def test_only_posts_are_taken(served):
    assert served.get("/feishu/events").status_code == 405
    assert served.get("/docs").status_code == 404
    assert served.get("/openapi.json").status_code == 404
