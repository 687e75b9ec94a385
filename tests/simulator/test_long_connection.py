"""The long connection: frames, acknowledgements, many connections, hanging up, and the official client itself."""

import json
import subprocess
import sys
import time
from contextlib import ExitStack
from urllib.parse import parse_qs, urlsplit

import hypothesis.strategies as st
import pytest
import requests
from hypothesis import given
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from syncer.simulator.events.frames import CONTROL, DATA, Frame, decoded

CLIENT = """
import json, sys
import lark_oapi as lark
url, app_id, secret, fail = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
seen = []
def tell(**line):
    print(json.dumps(line), flush=True)
def take(event):
    seen.append(event)
    if len(seen) <= fail:
        raise RuntimeError("not now")
    tell(id=event.header.event_id, records=[each.record_id for each in event.event.action_list])
handler = lark.EventDispatcherHandler.builder("", "").register_p2_drive_file_bitable_record_changed_v1(take).build()
client = lark.ws.Client(app_id, secret, event_handler=handler, domain=url, log_level=lark.LogLevel.CRITICAL)
client.on_reconnecting = lambda: tell(state="reconnecting")
client.on_reconnected = lambda: tell(state="reconnected")
try:
    client.start()
except Exception as error:
    tell(error=f"{type(error).__name__} {error}")
"""


@pytest.fixture
def at(control, simulator, place):
    control.subscribe(place.app_token, simulator.app_id)
    return place.app_token, place.table_id


def endpoint(simulator, secret=None, app_id=None):
    body = {"AppID": simulator.app_id if app_id is None else app_id}
    body["AppSecret"] = simulator.app_secret if secret is None else secret
    answer = requests.post(f"{simulator.url}/callback/ws/endpoint", json=body, timeout=5)
    assert answer.status_code == 200
    return answer.json()


def opened(simulator, **kwargs):
    return connect(endpoint(simulator)["data"]["URL"], **kwargs)


def ended(socket):
    with pytest.raises(ConnectionClosed):
        socket.recv(timeout=5)


def received(socket, seconds=5):
    return decoded(socket.recv(timeout=seconds))


def acknowledge(socket, frame, code=200):
    socket.send(Frame(DATA, frame.service, {**frame.headers, "biz_rt": "1"}, b'{"code":%d}' % code).encoded())


def wait_until(true, seconds=10):
    ends = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < ends
        time.sleep(0.01)


# frames

FRAMES = st.builds(
    Frame,
    method=st.sampled_from([CONTROL, DATA]),
    service=st.integers(0, 2**31 - 1),
    headers=st.dictionaries(st.text(max_size=20), st.text(max_size=200), max_size=6),
    payload=st.binary(max_size=400),
    sequence=st.integers(0, 2**64 - 1),
    log=st.integers(0, 2**64 - 1),
)


@given(FRAMES)
def test_a_frame_comes_back_as_it_was(frame):
    assert decoded(frame.encoded()) == frame


@given(FRAMES)
def test_the_official_clients_own_protobuf_reads_and_writes_the_same_frames(lark, frame):
    from lark_oapi.ws.pb.pbbp2_pb2 import Frame as Theirs

    theirs = Theirs()
    theirs.ParseFromString(frame.encoded())
    assert (theirs.SeqID, theirs.LogID, theirs.service, theirs.method) == (
        frame.sequence,
        frame.log,
        frame.service,
        frame.method,
    )
    assert {each.key: each.value for each in theirs.headers} == frame.headers
    assert theirs.payload == frame.payload
    theirs.LogIDNew = "more"
    assert decoded(theirs.SerializeToString()) == frame


@given(FRAMES, st.data())
def test_a_torn_frame_is_refused_or_shorter_never_something_else(frame, data):
    raw = frame.encoded()
    cut = raw[: data.draw(st.integers(0, len(raw) - 1))]
    try:
        found = decoded(cut)
    except ValueError:
        return
    assert len(found.headers) <= len(frame.headers)
    assert found.payload in {b"", frame.payload}


# the way in


def test_credentials_give_an_address_with_what_the_client_needs(simulator, control):
    control.set_switches(connection_reconnect_seconds=3, connection_reconnect_jitter=1, connection_ping_seconds=7)
    answer = endpoint(simulator)
    assert answer["code"] == 0
    query = parse_qs(urlsplit(answer["data"]["URL"]).query)
    assert query["device_id"]
    assert query["access_key"]
    assert int(query["service_id"][0])
    config = {"ReconnectCount": -1, "ReconnectInterval": 3, "ReconnectNonce": 1, "PingInterval": 7}
    assert answer["data"]["ClientConfig"] == config


def test_bad_credentials_are_refused_with_their_codes_under_http_200(simulator, control):
    assert endpoint(simulator, secret="")["code"] == 1000040344
    assert endpoint(simulator, secret="wrong")["code"] == 514
    assert endpoint(simulator, app_id="cli_nobody")["code"] == 514
    control.set_switches(connection_endpoint_code=1, status_mode="new4xx")
    assert endpoint(simulator)["code"] == 1


def test_an_address_lets_in_once(simulator):
    url = endpoint(simulator)["data"]["URL"]
    with connect(url), pytest.raises(InvalidStatus) as refused:
        connect(url)
    assert refused.value.response.headers["Handshake-Status"] == "514"


def test_no_more_connections_than_the_limit(simulator, control, api):
    control.set_switches(connection_limit=2)
    url = endpoint(simulator)["data"]["URL"]
    with opened(simulator), opened(simulator):
        assert api.call("GET", "/event/v1/connection").data == {"online_instance_cnt": 2}
        assert endpoint(simulator)["code"] == 1000040350
        with pytest.raises(InvalidStatus) as refused:
            connect(url)
        headers = refused.value.response.headers
        assert (headers["Handshake-Status"], headers["Handshake-Autherrcode"]) == ("514", "1000040350")
    wait_until(lambda: api.call("GET", "/event/v1/connection").data == {"online_instance_cnt": 0})


def test_a_handshake_can_be_refused_for_good(simulator, control):
    control.set_switches(connection_handshake_code=403)
    with pytest.raises(InvalidStatus) as refused:
        opened(simulator)
    assert refused.value.response.headers["Handshake-Status"] == "403"


# events


def test_an_event_is_one_frame_with_the_plain_event_and_over_once_acknowledged(simulator, control, at):
    control.set_webhook(simulator.app_id, "", encrypt_key="secret")
    with opened(simulator) as socket:
        record = control.add_record(*at, {"金额": 1})
        frame = received(socket)
        assert frame.method == DATA
        assert {key: frame.headers[key] for key in ("type", "sum", "seq")} == {"type": "event", "sum": "1", "seq": "0"}
        assert {"message_id", "trace_id"} <= set(frame.headers)
        event = json.loads(frame.payload)
        assert event["event"]["action_list"][0]["record_id"] == record
        assert control.events()[0]["state"] == "waiting"
        acknowledge(socket, frame)
        assert control.settle_events() == 0
    (logged,) = control.events()
    assert (logged["state"], logged["attempts"][0]["by"]) == ("delivered", "connection")


def test_a_failure_or_silence_brings_the_event_again(simulator, control, at):
    control.set_switches(event_speed=1000.0, event_answer_seconds=1.0)
    with opened(simulator) as socket:
        control.add_record(*at, {"金额": 1})
        first = received(socket)
        acknowledge(socket, first, 500)
        second = received(socket)
        third = received(socket)
        acknowledge(socket, third)
        assert control.settle_events(all_of_them=True) == 0
    assert len({first.payload, second.payload, third.payload}) == 1
    notes = [each["note"] for each in control.events()[0]["attempts"]]
    assert notes == ["acknowledged with 500", "not acknowledged in time", ""]


def test_a_connection_that_breaks_fails_what_was_on_its_way(simulator, control, at):
    with opened(simulator) as socket:
        control.add_record(*at, {})
        received(socket)
        control.drop_connections(abruptly=True)
        ended(socket)
    control.settle_events(2)
    with opened(simulator) as socket:
        control.advance_clock(15)
        acknowledge(socket, received(socket))
        assert control.settle_events(all_of_them=True) == 0
    assert [each["note"] for each in control.events()[0]["attempts"]] == ["the connection was lost", ""]


def test_events_wait_while_nobody_is_connected(simulator, control, at):
    control.add_record(*at, {})
    assert control.settle_events() == 1
    assert control.events()[0]["attempts"][0]["note"] == "no connection is open"


def test_each_event_goes_to_one_connection_at_random(simulator, control, at):
    with ExitStack() as stack:
        sockets = [stack.enter_context(opened(simulator)) for _ in range(3)]
        for number in range(24):
            control.add_record(*at, {"金额": number})
        counts = []
        for socket in sockets:
            count = 0
            try:
                while True:
                    acknowledge(socket, received(socket, 0.3))
                    count += 1
            except TimeoutError:
                counts.append(count)
        assert sum(counts) == 24
        assert min(counts) > 0


def test_a_large_event_comes_in_several_frames(simulator, control, at):
    control.set_switches(connection_frame_bytes=1000)
    with opened(simulator) as socket:
        control.add_record(*at, {"订单号": "长" * 2000})
        frames = [received(socket)]
        frames += [received(socket) for _ in range(int(frames[0].headers["sum"]) - 1)]
        assert len({each.headers["message_id"] for each in frames}) == 1
        assert [int(each.headers["seq"]) for each in frames] == list(range(len(frames)))
        whole = json.loads(b"".join(each.payload for each in frames))
        assert whole["header"]["app_id"] == simulator.app_id
        acknowledge(socket, frames[-1])
        assert control.settle_events() == 0


def test_a_ping_is_answered_with_the_present_config(simulator, control):
    with opened(simulator) as socket:
        control.set_switches(connection_ping_seconds=9)
        socket.send(Frame(CONTROL, 1, {"type": "ping"}).encoded())
        pong = received(socket)
        assert (pong.method, pong.headers["type"]) == (CONTROL, "pong")
        assert json.loads(pong.payload)["PingInterval"] == 9
        socket.ping().wait(5)
        assert [each["pings"] for each in control.connections(simulator.app_id)] == [1]


def test_nonsense_ends_a_connection_and_nothing_else(simulator, control, at):
    control.set_switches(header_names="lower")
    for nonsense in (b"\xff\xff", b"\x0f", Frame(DATA, 1, {}, b"{").encoded()[:-1]):
        with opened(simulator) as socket:
            socket.send(nonsense)
            ended(socket)
    with opened(simulator) as socket:
        control.add_record(*at, {})
        acknowledge(socket, received(socket))
        assert control.settle_events() == 0


def test_connections_can_be_hung_up_on(simulator, control):
    other = control.create_app()
    with opened(simulator) as socket:
        assert control.drop_connections(other.app_id) == 0
        assert control.drop_connections(simulator.app_id) == 1
        ended(socket)
    assert control.connections() == []


def test_the_simulator_stops_at_once_while_connections_are_open(simulator):
    socket = opened(simulator)
    began = time.monotonic()
    simulator.stop()
    assert time.monotonic() - began < 3
    ended(socket)
    socket.close()


# the official client


class Official:
    """The SDK's own client in a process of its own."""

    def __init__(self, simulator, fail=0, secret=None):
        arguments = [simulator.url, simulator.app_id, secret or simulator.app_secret, str(fail)]
        self.process = subprocess.Popen([sys.executable, "-c", CLIENT, *arguments], stdout=subprocess.PIPE, text=True)

    def line(self):
        return json.loads(self.process.stdout.readline())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.communicate()


@pytest.fixture
def quick(control):
    """Clients that try again at once; they take a split of large events for granted."""
    control.set_switches(
        connection_reconnect_seconds=1, connection_reconnect_jitter=0, connection_ping_seconds=1, event_speed=1000.0
    )


def test_the_official_client_connects_acknowledges_fails_pings_and_comes_back(simulator, control, at, quick):
    control.set_switches(connection_frame_bytes=300)
    with Official(simulator, fail=1) as client:
        wait_until(control.connections, 60)
        record = control.add_record(*at, {"订单号": "一" * 500})
        told = client.line()
        assert told["records"] == [record]
        assert control.settle_events(all_of_them=True) == 0
        (event,) = control.events()
        assert (event["event_id"], [each["status"] for each in event["attempts"]]) == (told["id"], [500, 200])
        wait_until(lambda: control.connections()[0]["pings"] > 1)

        control.drop_connections()
        assert [client.line()["state"], client.line()["state"]] == ["reconnecting", "reconnected"]
        again = control.add_record(*at, {"金额": 1})
        assert client.line()["records"] == [again]

        # a busy server is asked until it answers
        control.fault("event.endpoint", "code", code=1, status=200)
        control.fault("event.endpoint", "html", status=502, nth=2)
        control.drop_connections()
        assert [client.line()["state"], client.line()["state"]] == ["reconnecting", "reconnected"]
        assert [each["status"] for each in control.calls("event.endpoint")] == [200, 200, 200, 502, 200]

        # a final code during a reconnect leaves the client alive and deaf
        control.set_switches(connection_endpoint_code=1000040350)
        control.drop_connections(abruptly=True)
        assert client.line()["state"] == "reconnecting"
        wait_until(lambda: control.calls("event.endpoint")[-1]["code"] == 1000040350)
        control.set_switches(connection_endpoint_code=0)
        calls = control.counts()["event.endpoint"]
        time.sleep(1.5)
        assert (control.connections(), control.counts()["event.endpoint"]) == ([], calls)
        assert client.process.poll() is None


def test_the_official_client_gives_up_on_bad_credentials(simulator):
    with Official(simulator, secret="wrong") as client:
        assert client.line()["error"].startswith("ClientException 514")
