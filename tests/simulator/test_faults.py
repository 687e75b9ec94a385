"""Every kind of fault, as a client meets it."""

import time

import pytest
import requests

SEARCH, WRITE = "bitable.record.search", "bitable.record.batch_*"


@pytest.fixture
def at(place):
    return place.app_token, place.table_id


def count(control, at):
    return len(control.plain(*at))


def test_a_fault_fires_once_at_the_nth_call(orders, control):
    control.fault(SEARCH, "code", nth=2, code=1254607)
    assert [orders.search().code for _ in range(4)] == [0, 1254607, 0, 0]


def test_a_fault_fires_as_often_as_told_and_can_be_taken_away(orders, control):
    control.fault(SEARCH, "too_many", times=2)
    assert [orders.search().code for _ in range(3)] == [1254290, 1254290, 0]
    number = control.fault(SEARCH, "too_many", times=100)
    assert orders.search().code == 1254290
    (left,) = [fault for fault in control.faults() if fault["number"] == number]
    assert left["fired"] == 1
    control.clear_faults(number)
    assert orders.search().code == 0
    control.fault("*", "too_many", times=9)
    control.clear_faults()
    assert control.faults() == []


def test_chance_is_the_same_for_the_same_seed():
    from syncer.simulator.server import SimulatorServer
    from tests.simulator.api import Api

    def codes():
        with SimulatorServer(seed=3, quota_scale=0) as server:
            control = server.control
            place = control.create_table(control.create_base(), "t", [{"field_name": "n", "type": 1}])
            control.fault(SEARCH, "conflict", probability=0.5)
            table = Api(server.url, server.app_id, server.app_secret).at(place)
            return place, [table.search().code for _ in range(20)]

    first, second = codes(), codes()
    assert first == second
    assert set(first[1]) == {0, 1254291}


@pytest.mark.parametrize(
    ("kind", "params", "status", "code"),
    [
        ("code", {"code": 1254200, "status": 500, "message": "boom"}, 500, 1254200),
        ("code", {"code": 1069999}, 200, 1069999),
        ("too_many", {}, 200, 1254290),
        ("conflict", {}, 200, 1254291),
        ("not_ready", {}, 400, 1254607),
        ("resubmitted", {}, 403, 1254608),
        ("timed_out", {}, 504, 1255040),
        ("fail", {}, 200, 1254002),
    ],
)
def test_a_code_of_any_kind_without_being_applied(orders, control, at, kind, params, status, code):
    control.fault(WRITE, kind, **params)
    answer = orders.batch_create([{}])
    assert (answer.status, answer.code) == (status, code)
    assert answer.json["msg"] == params.get("message", answer.json["msg"])
    assert count(control, at) == 0


def test_a_refusal_may_be_a_lie(orders, control, at):
    control.fault(WRITE, "timed_out", applied=True)
    assert orders.batch_create([{}]).code == 1255040
    assert count(control, at) == 1
    assert control.calls(api="bitable.record.batch_create")[0]["fault"] == "timed_out"


def test_a_rate_limit_says_how_long(orders, control):
    control.fault(SEARCH, "rate_limit", reset=7)
    answer = orders.search()
    assert (answer.status, answer.code, answer.headers["x-ogw-ratelimit-reset"]) == (429, 99991400, "7")


@pytest.mark.parametrize(("applied", "there"), [(True, 1), (False, 0)])
def test_a_call_hangs_after_or_before_it_is_done(orders, control, at, applied, there):
    control.fault(WRITE, "hang", seconds=5, applied=applied)
    started = time.perf_counter()
    with pytest.raises(requests.exceptions.ReadTimeout):
        orders.api.raw("POST", f"{orders.path}/records/batch_create", json={"records": [{"fields": {}}]}, timeout=0.3)
    assert time.perf_counter() - started < 2
    assert count(control, at) == there


def test_a_hanging_call_ends_by_itself(orders, control):
    control.fault(SEARCH, "hang", seconds=0.2)
    with pytest.raises(requests.exceptions.ConnectionError):
        orders.search()


@pytest.mark.parametrize(("applied", "there"), [(True, 1), (False, 0)])
def test_a_connection_is_reset_after_or_before(orders, control, at, applied, there):
    control.fault(WRITE, "reset", applied=applied)
    with pytest.raises(requests.exceptions.ConnectionError):
        orders.batch_create([{}])
    assert count(control, at) == there
    assert orders.search().code == 0


@pytest.mark.parametrize(("status", "applied"), [(502, False), (504, True)])
def test_a_proxy_answers_with_a_page(orders, control, at, status, applied):
    control.fault(WRITE, "html", status=status, applied=applied)
    answer = orders.api.raw("POST", f"{orders.path}/records/batch_create", json={"records": [{"fields": {}}]})
    assert (answer.status_code, answer.headers["Content-Type"]) == (status, "text/html; charset=utf-8")
    assert "<html>" in answer.text
    assert count(control, at) == applied


def test_json_ends_in_the_middle(orders, control, at):
    control.fault(WRITE, "truncated_json")
    with pytest.raises(requests.exceptions.JSONDecodeError):
        orders.batch_create([{"订单号": "1"}])
    control.fault(WRITE, "truncated_json", torn=True)
    with pytest.raises(requests.exceptions.RequestException):
        orders.batch_create([{"订单号": "1"}])
    assert count(control, at) == 2


def test_a_slow_body_arrives_in_the_end(orders, control):
    control.fault(SEARCH, "slow_body", seconds=0.3)
    started = time.perf_counter()
    assert orders.search().code == 0
    assert time.perf_counter() - started >= 0.3


@pytest.fixture
def ten(control, at):
    return control.add_records(*at, [{"订单号": str(n)} for n in range(10)])


def test_a_listing_can_be_an_empty_success(orders, control, ten):
    control.fault(SEARCH, "empty_listing")
    assert orders.search().data == {"has_more": False, "total": 0, "items": []}
    assert orders.search().data["total"] == 10


@pytest.mark.parametrize(("cut_total", "total"), [(False, 10), (True, 2)])
def test_a_listing_can_be_cut_short(orders, control, ten, cut_total, total):
    control.fault(SEARCH, "cut_short", keep=2, cut_total=cut_total)
    data = orders.search(page_size=4).data
    assert (len(data["items"]), data["has_more"], data["total"]) == (2, False, total)
    assert "page_token" not in data


@pytest.mark.parametrize(("told", "total"), [({}, 10), ({"cut_total": True}, 8), ({"no_total": True}, None)])
def test_a_listing_can_end_with_one_of_its_pages_each_time(orders, control, ten, told, total):
    control.fault(SEARCH, "cut_short", times=9, page=2, **told)
    for _ in range(2):
        first = orders.search(page_size=4).data
        last = orders.search(page_size=4, page_token=first["page_token"]).data
        assert (first["has_more"], first["total"], [len(page["items"]) for page in (first, last)]) == (True, 10, [4, 4])
        assert (last["has_more"], last.get("total")) == (False, total)


def test_lists_of_fields_can_be_cut_too(orders, control):
    control.fault("bitable.field.list", "cut_short")
    assert orders.call("GET", "/fields", page_size=3).data["has_more"] is False


def test_the_page_before_can_come_again(orders, control, ten):
    control.fault(SEARCH, "repeat_page", nth=3)
    pages = [[item["record_id"] for item in page] for page in orders.pages(page_size=3)]
    assert pages == [ten[:3], ten[3:6], ten[3:6], ten[6:9], ten[9:]]


def test_a_page_token_can_be_ignored(orders, control, ten):
    control.fault(SEARCH, "ignore_page_token", nth=2)
    pages = [[item["record_id"] for item in page] for page in orders.pages(page_size=5)]
    assert pages == [ten[:5], ten[:5], ten[5:]]


@pytest.mark.parametrize("cut_total", [True, False])
def test_a_share_of_the_records_can_be_hidden(orders, control, at, cut_total):
    ids = control.add_records(*at, [{}] * 200)
    control.fault(SEARCH, "hide_records", share=0.5, cut_total=cut_total, times=2)
    seen = orders.search(page_size=200).data
    again = orders.search(page_size=200).data
    assert 60 < len(seen["items"]) < 140
    assert seen == again
    assert seen["total"] == (100 if cut_total else 200)
    assert orders.ids(page_size=200) == ids


def test_a_poisoned_value_refuses_its_batch_every_time(orders, control, at):
    control.fault("bitable.record.*", "poison", field="订单号", value="坏", code=1254060)
    assert orders.batch_create([{"订单号": "好"}, {"订单号": "坏"}]).code == 1254060
    assert orders.create({"订单号": "坏"}).code == 1254060
    record = orders.create({"订单号": "好"}).data["record"]["record_id"]
    assert orders.batch_update({record: {"订单号": "坏"}}).code == 1254060
    assert orders.batch_update({record: {"金额": 1}}).code == 0
    assert count(control, at) == 1


def test_a_batch_can_be_too_large_by_records_or_bytes(orders, control):
    control.fault(WRITE, "oversize", records=3)
    refused = orders.batch_create([{}] * 4)
    assert (refused.code, refused.json["msg"]) == (1254002, "changeset size exceed the limit")
    assert orders.batch_create([{}] * 3).code == 0
    control.clear_faults()
    control.fault(WRITE, "oversize", bytes=1000)
    assert orders.batch_create([{"订单号": "x" * 1000}]).code == 1254002
    assert orders.batch_create([{"订单号": "x"}]).code == 0


def test_the_token_call_can_fail_too(api, control):
    control.fault("auth.*", "html", status=502)
    with pytest.raises(requests.exceptions.JSONDecodeError):
        api.sign_in()
    assert api.sign_in().code == 0


def test_every_kind_says_what_it_does(control):
    kinds = control.fault_kinds()
    assert {"code", "hang", "reset", "poison", "oversize", "cut_short"} <= set(kinds)
    assert all(len(does) > 10 for does in kinds.values())
