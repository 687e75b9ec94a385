"""Tokens, connections, domains, and what must never be written down."""

import logging
import socket
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

import syncer.feishu
from syncer.batching.writer import LocalWriter
from syncer.errors import FeishuError, FeishuSetupError, SettingsError, UnreachableError
from syncer.feishu.bitable import BitableRecords
from syncer.feishu.calls import Call
from syncer.simulator.server import SimulatorServer
from tests.feishu.stage import WallClock, client_of, hasty


def ask(client, app_token):
    call = Call("bitable.app.get", "GET", f"/open-apis/bitable/v1/apps/{app_token}")
    return client.call(call).data["app"]["name"]


@pytest.fixture
def base(simulator):
    return simulator.control.create_base("库存")


@pytest.mark.usefixtures("dialect")
def test_a_token_revoked_in_mid_flight_is_fetched_anew_once(client, base, simulator, waits):
    assert ask(client, base) == "库存"
    simulator.control.revoke_tokens()
    assert ask(client, base) == "库存"
    assert client.calls() == {"auth.token": 2, "bitable.app.get": 3}
    assert waits == []


@pytest.mark.parametrize("code", [99991663, 99991664, 99991668, 99991671, 99991677])
def test_a_token_that_is_never_taken_is_a_matter_of_setup(client, base, simulator, code):
    simulator.control.fault("bitable.app.get", "code", code=code, times=9)
    with pytest.raises(FeishuSetupError, match=str(code)):
        ask(client, base)
    assert client.calls() == {"auth.token": 2, "bitable.app.get": 2}


def test_a_write_with_a_revoked_token_is_repeated(records, place, simulator):
    records.revision()
    simulator.control.revoke_tokens()
    assert records.create([{"订单号": "a"}], "8a6e8b0e-7c1b-4a7e-9a57-6f0f9d7b6a01")
    assert simulator.control.table(*place.where)["count"] == 1


def test_many_threads_with_a_cold_cache_fetch_one_token(client, base):
    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(lambda _: ask(client, base), range(16))) == {"库存"}
    assert client.calls()["auth.token"] == 1


def test_workers_share_a_token_through_redis_and_one_refresh_serves_all(simulator, base, redis_url):
    with redis.Redis.from_url(redis_url) as shared:
        first, second = (client_of(simulator, redis=shared) for _ in range(2))
        ask(first, base)
        ask(second, base)
        assert "auth.token" not in second.calls()
        simulator.control.revoke_tokens()
        ask(first, base)
        ask(second, base)
        assert first.calls()["auth.token"] == 2
        assert "auth.token" not in second.calls()
        first.close()
        second.close()


def test_without_redis_tokens_are_kept_in_the_process_and_that_is_said_once(simulator, base, caplog):
    with redis.Redis(host="127.0.0.1", port=1, retry=Retry(NoBackoff(), 0)) as away:
        client = client_of(simulator, redis=away)
        ask(client, base)
        ask(client, base)
        client.close()
    assert client.calls()["auth.token"] == 1
    assert [record.levelname for record in caplog.records if "Redis" in record.getMessage()] == ["WARNING"]


@pytest.mark.parametrize("with_redis", [False, True])
def test_two_domains_with_one_app_id_never_mix_their_tokens(simulator, request, with_redis):
    shared = redis.Redis.from_url(request.getfixturevalue("redis_url")) if with_redis else None
    with SimulatorServer(seed=2) as other:
        for here in (simulator, other):
            here.control.set_quota_scale(0)
        bases = {here: here.control.create_base(f"base of {here.url}") for here in (simulator, other)}
        clients = {here: client_of(here, redis=shared) for here in bases}

        def ask_often(here):
            return {ask(clients[here], bases[here]) for _ in range(20)}

        with ThreadPoolExecutor(4) as pool:
            answers = list(pool.map(ask_often, [simulator, other] * 2))
        assert answers == [{f"base of {here.url}"} for here in [simulator, other] * 2]
        assert [client.calls() for client in clients.values()] == [{"auth.token": 1, "bitable.app.get": 40}] * 2
        for client in clients.values():
            client.close()
    if shared:
        shared.close()


def test_a_wrong_secret_stops_with_where_to_look(simulator, base):
    client = client_of(simulator, app_secret="wrong-secret-1234567890")
    with pytest.raises(FeishuSetupError, match="FEISHU_APP_SECRET") as caught:
        ask(client, base)
    assert "wrong-secret" not in str(caught.value)
    assert client.calls() == {"auth.token": 1}
    client.close()


@pytest.mark.parametrize("kind", ["html", "reset", "rate_limit", "truncated_json"])
def test_a_token_call_that_fails_for_a_while_is_repeated(client, base, simulator, kind):
    params = {"reset": 0.01} if kind == "rate_limit" else {}
    simulator.control.fault("auth.*", kind, times=2, **params)
    assert ask(client, base) == "库存"
    assert client.calls()["auth.token"] == 3


def test_connections_are_kept(simulator, base):
    def work(url):
        client = client_of(simulator, domain=url)
        for _ in range(20):
            ask(client, base)
        client.close()

    assert connections_through(simulator, work) == 1


def connections_through(simulator, work):
    """How many connections a piece of work opens, counted by a relay in between."""
    host, port = simulator.url.removeprefix("http://").split(":")
    opened, sockets = [], []

    def pump(source, target):
        try:
            while data := source.recv(65536):
                target.sendall(data)
        except OSError:
            pass

    def accept(listener):
        try:
            while True:
                near, _ = listener.accept()
                far = socket.create_connection((host, int(port)))
                opened.append(near)
                sockets.extend([near, far])
                for pair in ((near, far), (far, near)):
                    threading.Thread(target=pump, args=pair, daemon=True).start()
        except OSError:
            return

    listener = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=accept, args=(listener,), daemon=True)
    thread.start()
    work(f"http://127.0.0.1:{listener.getsockname()[1]}")
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join()
    for each in sockets:
        each.close()
    return len(opened)


def test_nobody_listening_is_unreachable_and_says_where_to_look(simulator):
    client = client_of(simulator, domain="http://127.0.0.1:1", patience=hasty(2))
    with pytest.raises(UnreachableError, match=r"Connection refused.*FEISHU_DOMAIN"):
        ask(client, "x")
    client.close()


def test_a_write_that_found_nobody_listening_surely_was_not_done(simulator, place, waits):
    client = client_of(simulator, waits)
    table = BitableRecords(client, *place.where, LocalWriter(WallClock()))
    table.revision()
    simulator.stop()
    client.close()
    with pytest.raises(UnreachableError):
        table.create([{"订单号": "a"}], "8a6e8b0e-7c1b-4a7e-9a57-6f0f9d7b6a01")
    assert len(waits) == 5


def test_any_host_may_be_a_simulator(simulator, base):
    client = client_of(simulator, domain=simulator.url.replace("127.0.0.1", "localhost") + "/")
    assert ask(client, base) == "库存"
    client.close()


@pytest.mark.parametrize("domain", ["feishu.cn", "https://open.feishu.cn/open-apis", "https://me:pw@host", "ftp://x"])
def test_a_domain_that_is_none_is_a_matter_of_settings(simulator, domain):
    with pytest.raises(SettingsError, match="FEISHU_DOMAIN") as caught:
        client_of(simulator, domain=domain)
    assert "pw" not in str(caught.value).replace("password", "")


def test_an_address_that_is_not_feishus_says_so(simulator):
    client = client_of(simulator)
    with pytest.raises(FeishuSetupError, match=r"HTTP 404.*FEISHU_DOMAIN"):
        client.call(Call("nowhere", "GET", "/open-apis/nowhere"))
    client.close()


def test_secrets_stay_out_of_logs_messages_and_representations(simulator, place, caplog):
    caplog.set_level(logging.DEBUG)
    client = client_of(simulator)
    table = BitableRecords(client, *place.where, LocalWriter(WallClock()))
    written = [repr(client), repr(table)]
    table.create([{"订单号": "a"}], "8a6e8b0e-7c1b-4a7e-9a57-6f0f9d7b6a01")
    access_token = next(iter(client._tokens._memory.values()))[0]
    assert access_token
    for params in ({"code": 91403, "message": f"token {access_token} has no right"}, {"code": 1254045}):
        simulator.control.fault("bitable.record.search", "code", **params)
        with pytest.raises(FeishuError) as caught:
            list(table.read([]))
        written.append(str(caught.value))
    client.close()
    everything = "\n".join([caplog.text, *written])
    assert simulator.app_secret not in everything
    assert access_token not in everything
    assert "(token)" in everything


def test_waits_are_logged_when_nobody_else_listens(simulator, base, caplog):
    caplog.set_level(logging.INFO, "syncer")
    client = client_of(simulator, silent=False)
    simulator.control.fault("bitable.app.get", "too_many")
    ask(client, base)
    client.close()
    assert "bitable.app.get waits" in caplog.text


def test_importing_what_says_and_counts_does_not_load_the_sdk():
    files = sorted(file.stem for file in Path(syncer.feishu.__file__).parent.glob("[a-z]*.py"))
    lines = "; ".join(f"import syncer.feishu.{file}" for file in files)
    script = f"import sys; {lines}; sys.exit('lark_oapi' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


def test_the_sdk_says_nothing_on_stdout(simulator):
    script = (
        "import logging, sys\n"
        "from syncer.feishu.transport import sdk\n"
        "sdk()\n"
        "logging.getLogger('Lark').error('something')\n"
    )
    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    assert done.stdout == ""


def test_a_client_of_the_sdk_that_is_not_ours_still_works(simulator, client, base):
    ask(client, base)
    import lark_oapi as lark
    from lark_oapi.api.bitable.v1 import GetAppRequest

    plain = (
        lark.Client.builder().app_id(simulator.app_id).app_secret(simulator.app_secret).domain(simulator.url).build()
    )
    answer = plain.bitable.v1.app.get(GetAppRequest.builder().app_token(base).build())
    assert answer.success()
    assert answer.data.app.name == "库存"
