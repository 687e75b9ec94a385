"""Writes that meet: overlapping calls, and the same call twice."""

import time
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests


def together(*calls):
    with ThreadPoolExecutor(len(calls)) as pool:
        waiting = []
        for call in calls:
            waiting.append(pool.submit(call))
            time.sleep(0.05)
        return [each.result() for each in waiting]


@pytest.fixture
def slow(control):
    control.set_latency("bitable.record.*", 0.25)


def test_overlapping_writes_of_one_table_conflict(orders, control, place, slow):
    first, second = together(lambda: orders.create({"订单号": "1"}), lambda: orders.create({"订单号": "2"}))
    assert (first.code, second.code) == (0, 1254291)
    assert [each["订单号"] for each in control.plain(place.app_token, place.table_id).values()] == ["1"]
    assert orders.create({}).code == 0


def test_writes_of_two_tables_run_side_by_side_unless_the_base_is_the_limit(api, orders, control, place, slow):
    other = api.at(control.create_table(place.app_token, "另", [{"field_name": "n", "type": 1}]))
    assert [each.code for each in together(lambda: orders.create({}), lambda: other.create({}))] == [0, 0]
    control.set_switches(writer_scope="base")
    assert [each.code for each in together(lambda: orders.create({}), lambda: other.create({}))] == [0, 1254291]


def test_field_changes_are_writes_too(orders, slow):
    field = {"field_name": "新", "type": 1}
    answers = together(lambda: orders.create({}), lambda: orders.call("POST", "/fields", field))
    assert [each.code for each in answers] == [0, 1254291]


def test_reads_beside_writes_conflict_only_by_a_switch(orders, control, slow):
    assert [each.code for each in together(lambda: orders.create({}), orders.search)] == [0, 0]
    control.set_switches(reads_conflict_with_writes=True)
    assert [each.code for each in together(lambda: orders.create({}), orders.search)] == [0, 1254291]
    assert [each.code for each in together(orders.search, lambda: orders.create({}))] == [0, 1254291]


def test_latency_is_set_by_pattern_and_the_last_one_wins(orders, control):
    control.set_latency("bitable.*", 0.3)
    control.set_latency("bitable.record.search", 0.0)
    started = time.perf_counter()
    orders.search()
    assert time.perf_counter() - started < 0.2
    orders.create({})
    assert time.perf_counter() - started > 0.3


def test_a_write_whose_caller_went_away_is_done_all_the_same(orders, control, place):
    control.set_latency("bitable.record.create", 0.4)
    with pytest.raises(requests.exceptions.ReadTimeout):
        orders.api.raw("POST", f"{orders.path}/records", json={"fields": {}}, timeout=0.1)
    assert control.plain(place.app_token, place.table_id) == {}
    time.sleep(0.5)
    assert len(control.plain(place.app_token, place.table_id)) == 1


# client tokens


TOKEN = str(uuid.UUID("11111111-2222-4333-8444-555555555555"))


def test_a_replay_answers_the_first_result_and_writes_once(orders, control, place):
    first = orders.batch_create([{"订单号": "1"}, {"订单号": "2"}], client_token=TOKEN)
    again = orders.batch_create([{"订单号": "1"}, {"订单号": "2"}], client_token=TOKEN)
    assert again.json == first.json
    assert len(control.plain(place.app_token, place.table_id)) == 2


def test_the_same_token_with_another_body_conflicts(orders):
    assert orders.create({"订单号": "1"}, client_token=TOKEN).code == 0
    refused = orders.create({"订单号": "2"}, client_token=TOKEN)
    assert (refused.status, refused.code) == (400, 1255006)


@pytest.mark.parametrize("token", ["x", "11111111222243338444555555555555", "4c8dbfac-e69e-11f1-9df9-02fc00000001"])
def test_a_token_that_is_no_uuid4_is_refused(orders, token):
    assert orders.create({}, client_token=token).code == 1254037


def test_an_empty_token_means_a_new_request(orders, control, place):
    orders.create({"订单号": "1"}, client_token="")
    orders.create({"订单号": "1"}, client_token="")
    assert len(control.plain(place.app_token, place.table_id)) == 2


def test_the_same_submission_at_the_same_time_is_1254608(orders, control, place):
    control.set_latency("bitable.record.create", 0.25)
    answers = together(*[lambda: orders.create({"订单号": "1"}, client_token=TOKEN)] * 2)
    assert [(each.status, each.code) for each in answers] == [(200, 0), (403, 1254608)]
    assert len(control.plain(place.app_token, place.table_id)) == 1


def test_a_token_is_forgotten_after_its_window(orders, control, place):
    control.set_clock(scale=0)
    orders.create({"订单号": "1"}, client_token=TOKEN)
    control.advance_clock(599)
    orders.create({"订单号": "1"}, client_token=TOKEN)
    assert len(control.plain(place.app_token, place.table_id)) == 1
    control.advance_clock(2)
    orders.create({"订单号": "1"}, client_token=TOKEN)
    assert len(control.plain(place.app_token, place.table_id)) == 2


def test_a_refused_write_does_not_use_its_token_up(orders):
    assert orders.create({"金额": "x"}, client_token=TOKEN).code == 1254061
    assert orders.create({"金额": 1}, client_token=TOKEN).code == 0


def test_what_a_replay_answers_is_switchable(api, orders, control, place):
    control.set_switches(resubmission_seconds=60.0)
    orders.create({}, client_token=TOKEN)
    assert orders.create({}, client_token=TOKEN).code == 1254608
    control.set_switches(resubmission_seconds=0.0, client_tokens="refuse")
    assert orders.create({}, client_token=TOKEN).code == 1254608
    control.set_switches(client_tokens="ignore")
    assert orders.create({}, client_token=TOKEN).code == 0
    assert len(control.plain(place.app_token, place.table_id)) == 2


def test_the_scope_of_a_token_is_a_table_or_the_app(api, orders, control, place):
    other = api.at(control.create_table(place.app_token, "另", [{"field_name": "n", "type": 1}]))
    assert orders.create({"订单号": "1"}, client_token=TOKEN).code == 0
    assert other.create({"n": "1"}, client_token=TOKEN).code == 0
    control.set_switches(client_token_scope="app")
    token = str(uuid.uuid4())
    assert orders.create({"订单号": "1"}, client_token=token).code == 0
    assert other.create({"n": "1"}, client_token=token).code == 1255006


def test_updates_take_tokens_too(orders):
    record = orders.create({"金额": 1}).data["record"]["record_id"]
    first = orders.batch_update({record: {"金额": 2}}, client_token=TOKEN)
    assert orders.batch_update({record: {"金额": 2}}, client_token=TOKEN).json == first.json
    assert orders.batch_update({record: {"金额": 3}}, client_token=TOKEN).code == 1255006
