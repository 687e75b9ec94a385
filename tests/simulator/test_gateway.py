import http.client
import uuid

import pytest
import requests


def test_success_carries_the_envelope_and_a_log_id_under_their_canonical_names(api, place):
    answer = api.call("GET", f"/bitable/v1/apps/{place.app_token}")
    assert answer.status == 200
    assert list(answer.json) == ["code", "msg", "data"]
    assert (answer.json["code"], answer.json["msg"]) == (0, "success")
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
    assert "X-Tt-Logid" in list(answer.headers)


def test_header_names_can_be_sent_in_lower_case(api, control, simulator, place):
    control.set_switches(header_names="lower")
    connection = http.client.HTTPConnection(simulator.url.removeprefix("http://"))
    connection.request("GET", f"/open-apis/bitable/v1/apps/{place.app_token}")
    names = [name for name, _ in connection.getresponse().getheaders()]
    connection.close()
    assert "x-tt-logid" in names
    assert names == [name.lower() for name in names]


@pytest.mark.parametrize(("method", "path"), [("GET", "/nowhere"), ("PATCH", "/bitable/v1/apps/x"), ("GET", "/../x")])
def test_an_unknown_path_or_method_is_plain_text_even_without_a_token(api, method, path):
    answer = api.raw(method, path, headers={})
    assert (answer.status_code, answer.text) == (404, "404 page not found")
    assert answer.headers["Content-Type"].startswith("text/plain")


@pytest.mark.parametrize(
    ("authorization", "code"),
    [
        (None, 99991661),
        ("", 99991661),
        ("t-without-bearer", 99991661),
        ("Bearer x-strange", 99991671),
        ("Bearer u-somebody", 99991668),
        ("Bearer eyJhbGciOi", 99991668),
        ("Bearer t-unknown", 99991663),
    ],
)
def test_a_bad_token_is_refused_with_400_before_anything_else_is_looked_at(api, authorization, code):
    headers = {} if authorization is None else {"Authorization": authorization}
    answer = api.raw("POST", "/bitable/v1/apps/!/tables/!/records/search", headers=headers, data="not json")
    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert answer.json()["error"]["log_id"] == answer.headers["X-Tt-Logid"]


def test_the_order_of_checks_is_token_scope_quota_validation_right_existence(api, control, simulator, place):
    table = f"/bitable/v1/apps/{place.app_token}/tables/tblMissing"
    broken = {"json": {"records": []}}

    control.set_scopes(simulator.app_id, ["wiki:node:read"])
    control.set_quota_scale(0.02)
    assert api.raw("POST", f"{table}/records/batch_create", **broken).json()["code"] == 99991672
    control.set_scopes(simulator.app_id, ["bitable:app"])
    assert api.raw("POST", f"{table}/records/batch_create", **broken).json()["code"] == 1254001
    assert api.raw("POST", f"{table}/records/batch_create", **broken).json()["code"] == 99991400
    control.set_quota_scale(0)
    control.grant(place.app_token, simulator.app_id, "none")
    assert api.raw("POST", f"{table}/records/batch_create", **broken).json()["code"] == 1254001
    whole = {"json": {"records": [{"fields": {}}]}}
    assert api.raw("POST", f"{table}/records/batch_create", **whole).json()["code"] == 91403
    control.grant(place.app_token, simulator.app_id, "edit")
    assert api.raw("POST", f"{table}/records/batch_create", **whole).json()["code"] == 1254041


def test_a_missing_scope_names_the_alternatives(api, control, simulator, place):
    control.set_scopes(simulator.app_id, ["base:record:create"])
    answer = api.at(place).search()
    assert (answer.status, answer.code) == (400, 99991672)
    subjects = [each["subject"] for each in answer.json["error"]["permission_violations"]]
    assert subjects == ["base:record:retrieve", "bitable:app", "bitable:app:readonly"]
    assert api.at(place).create({"订单号": "1"}).code == 0


@pytest.mark.parametrize(("mode", "status"), [("legacy200", 200), ("new4xx", 404)])
def test_business_errors_come_with_200_or_with_their_own_status(orders, control, mode, status):
    control.set_switches(status_mode=mode)
    answer = orders.update("recUnknown0000", {"订单号": "1"})
    assert (answer.status, answer.code, answer.json["msg"]) == (status, 1254043, "RecordIdNotFound")


@pytest.mark.parametrize("given", ["true", "True", "false", "False"])
def test_booleans_are_taken_in_the_spelling_of_either_sdk(orders, given):
    assert orders.create({"订单号": "1"}, ignore_consistency_check=given).code == 0


def test_other_booleans_are_a_failed_validation_that_names_the_field(orders):
    answer = orders.create({"订单号": "1"}, ignore_consistency_check="perhaps")
    assert answer.code == 99992402
    assert answer.json["error"]["field_violations"][0]["field"] == "ignore_consistency_check"


def test_unknown_query_and_body_keys_are_ignored(orders):
    body = {"fields": {"订单号": "1"}, "colour": "red"}
    assert orders.call("POST", "/records", body, field_name_type="name").code == 0


@pytest.mark.parametrize(("body", "code"), [(b"{", 1254000), (b"[]", 1254001), (b"{}", 1254001), (b"", 1254001)])
def test_bodies_that_are_no_request_are_refused(orders, body, code):
    assert orders.api.raw("POST", f"{orders.path}/records", data=body).json()["code"] == code


def test_calls_are_logged_with_their_outcome(orders, control):
    control.clear_calls()
    orders.batch_create([{"订单号": "甲"}, {"订单号": "乙"}], client_token=str(uuid.uuid4()))
    orders.create({"没有": 1})
    first, second = control.calls(bodies=True)
    assert (first["api"], first["method"], first["records"]) == ("bitable.record.batch_create", "POST", 2)
    assert (first["code"], first["status"]) == (0, 200)
    assert first["path"].endswith("/records/batch_create")
    assert "client_token" in first["query"]
    assert first["body_size"] == len(first["body"].encode())
    assert second["code"] == 1254045
    assert control.counts() == {"bitable.record.batch_create": 1, "bitable.record.create": 1}
    assert control.calls(api="bitable.record.create")[0]["number"] == second["number"]


def test_a_step_that_cannot_be_done_says_why(control, simulator):
    from syncer.simulator.control import ControlError

    with pytest.raises(ControlError, match="no step is called 'fly'"):
        control.do("fly")
    with pytest.raises(ControlError, match="no switch is called"):
        control.set_switches(colour="red")
    with pytest.raises(ControlError, match="takes a str"):
        control.set_switches(paging=3)
    with pytest.raises(ControlError, match="1254040"):
        control.table("A" * 27, "tblX")
    with pytest.raises(ControlError, match="no fault is called"):
        control.fault("*", "meteor")
    with pytest.raises(ControlError, match="fault reset takes"):
        control.fault("*", "reset", colour="red")
    assert requests.post(f"{simulator.url}/_control/do", data=b"{", timeout=5).status_code == 400
