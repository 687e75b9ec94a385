"""The real SDK against the simulator: what it can do, and where it trips."""

import json

import pytest


@pytest.fixture
def v1(lark):
    from lark_oapi.api.bitable import v1

    return v1


def test_the_sdk_signs_in_once_and_writes_and_reads(lark, client, v1, place, control):
    lines = [v1.AppTableRecord.builder().fields({"订单号": f"SO-{n}", "金额": n}).build() for n in range(3)]
    body = v1.BatchCreateAppTableRecordRequestBody.builder().records(lines).build()
    token = "5b1c0c7e-6d5a-4a52-9a39-7f7f1f0f6a01"
    request = v1.BatchCreateAppTableRecordRequest.builder().app_token(place.app_token).table_id(place.table_id)
    request = request.client_token(token).ignore_consistency_check(True).request_body(body).build()
    made = client.bitable.v1.app_table_record.batch_create(request)
    assert made.success(), made.msg
    assert [each.fields["订单号"] for each in made.data.records] == ["SO-0", "SO-1", "SO-2"]
    assert made.get_log_id() == made.raw.headers["X-Tt-Logid"]

    search = v1.SearchAppTableRecordRequest.builder().app_token(place.app_token).table_id(place.table_id)
    sort = v1.Sort.builder().field_name("金额").desc(True).build()
    condition = v1.Condition.builder().field_name("金额").operator("isGreater").value(["0"]).build()
    tree = v1.FilterInfo.builder().conjunction("and").conditions([condition]).build()
    wanted = v1.SearchAppTableRecordRequestBody.builder().sort([sort]).filter(tree).automatic_fields(True).build()
    found = client.bitable.v1.app_table_record.search(search.page_size(1).request_body(wanted).build())
    assert (found.data.total, found.data.has_more) == (2, True)
    assert found.data.items[0].fields["金额"] == 2
    assert found.data.items[0].created_by.name == "Sync"
    assert control.counts()["auth.tenant_access_token"] == 1
    assert control.calls(api="bitable.record.batch_create")[0]["query"]["ignore_consistency_check"] == "True"


def test_the_typed_builder_cannot_clear_a_cell_where_a_plain_body_can(lark, client, v1, place, control):
    record = control.add_record(place.app_token, place.table_id, {"金额": 5})
    at = (place.app_token, place.table_id)

    def update(body):
        request = v1.UpdateAppTableRecordRequest.builder().app_token(at[0]).table_id(at[1]).record_id(record)
        assert client.bitable.v1.app_table_record.update(request.request_body(body).build()).success()

    update(v1.AppTableRecord.builder().fields({"金额": None}).build())
    assert control.plain(*at)[record]["金额"] == 5
    update({"fields": {"金额": None}})
    assert "金额" not in control.plain(*at)[record]


def test_lists_apps_fields_and_nodes_are_understood(client, v1, place, control, lark):
    app = client.bitable.v1.app.get(v1.GetAppRequest.builder().app_token(place.app_token).build())
    assert app.data.app.time_zone == "Asia/Shanghai"
    tables = client.bitable.v1.app_table.list(v1.ListAppTableRequest.builder().app_token(place.app_token).build())
    assert [each.name for each in tables.data.items] == ["订单"]
    listing = v1.ListAppTableFieldRequest.builder().app_token(place.app_token).table_id(place.table_id).page_size(100)
    fields = client.bitable.v1.app_table_field.list(listing.build())
    assert {each.field_name: each.type for each in fields.data.items}["标签"] == 4
    views = v1.ListAppTableViewRequest.builder().app_token(place.app_token).table_id(place.table_id).build()
    assert client.bitable.v1.app_table_view.list(views).data.items[0].view_id == place.view_id
    from lark_oapi.api.wiki.v2 import GetNodeSpaceRequest

    node = GetNodeSpaceRequest.builder().token(control.add_wiki_node(place.app_token)).obj_type("wiki").build()
    assert client.wiki.v2.space.get_node(node).data.node.obj_token == place.app_token


def test_batch_get_and_deletes_are_understood(client, v1, place, control):
    ids = control.add_records(place.app_token, place.table_id, [{"订单号": "1"}, {"订单号": "2"}])
    at = {"app_token": place.app_token, "table_id": place.table_id}

    def request(builder, body):
        return builder.app_token(at["app_token"]).table_id(at["table_id"]).request_body(body).build()

    wanted = v1.BatchGetAppTableRecordRequestBody.builder().record_ids([*ids, "recUnknown0000"]).build()
    got = client.bitable.v1.app_table_record.batch_get(request(v1.BatchGetAppTableRecordRequest.builder(), wanted))
    assert [each.record_id for each in got.data.records] == ids
    assert got.data.absent_record_ids == ["recUnknown0000"]
    gone = v1.BatchDeleteAppTableRecordRequestBody.builder().records(ids).build()
    answer = client.bitable.v1.app_table_record.batch_delete(
        request(v1.BatchDeleteAppTableRecordRequest.builder(), gone)
    )
    assert [each.deleted for each in answer.data.records] == [True, True]


def generic(lark, place, body):
    request = lark.BaseRequest.builder().http_method(lark.HttpMethod.POST)
    request = request.uri(f"/open-apis/bitable/v1/apps/{place.app_token}/tables/{place.table_id}/records/search")
    return request.token_types({lark.AccessTokenType.TENANT}).body(body).build()


def test_generic_requests_see_the_code_only_under_canonical_header_names(lark, client, place, control):
    bad = {"sort": [{"field_name": "没有"}]}
    assert client.request(generic(lark, place, bad)).code == 1254016
    control.set_switches(header_names="lower")
    fooled = client.request(generic(lark, place, bad))
    assert fooled.code == 0
    assert json.loads(fooled.raw.content)["code"] == 1254016


def test_the_sdk_keeps_a_revoked_token(lark, client, place, control):
    assert client.request(generic(lark, place, {})).code == 0
    control.revoke_tokens()
    assert [client.request(generic(lark, place, {})).code for _ in range(2)] == [99991663, 99991663]


def test_a_429_carries_its_headers_through_the_sdk(lark, client, place, control):
    control.fault("bitable.record.search", "rate_limit", reset=3)
    answer = client.request(generic(lark, place, {}))
    assert (answer.code, answer.raw.status_code) == (99991400, 429)
    assert answer.raw.headers["x-ogw-ratelimit-reset"] == "3"


def test_a_refusal_carries_its_error_object_through_the_sdk(lark, client, place, control, simulator):
    control.set_scopes(simulator.app_id, [])
    answer = client.request(generic(lark, place, {}))
    assert answer.code == 99991672
    assert answer.error["permission_violations"][0]["subject"] == "base:record:retrieve"
    assert answer.error["log_id"] == answer.get_log_id()


def test_a_page_that_is_no_json_makes_the_typed_sdk_raise(client, v1, place, control):
    control.fault("bitable.app.get", "html", status=502)
    with pytest.raises(json.JSONDecodeError):
        client.bitable.v1.app.get(v1.GetAppRequest.builder().app_token(place.app_token).build())
