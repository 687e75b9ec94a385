"""Bases, tables, views and wiki nodes."""

import pytest


def path(place):
    return f"/bitable/v1/apps/{place.app_token}"


def test_a_base_tells_its_zone_and_revision(api, place):
    app = api.call("GET", path(place)).data["app"]
    assert app["app_token"] == place.app_token
    assert (app["name"], app["time_zone"], app["is_advanced"]) == ("销售", "Asia/Shanghai", False)
    assert app["revision"] == 2
    assert {"formula_type", "advance_version"} <= set(app)


def test_a_created_base_belongs_to_its_app_and_has_empty_rows(api, control, simulator):
    from tests.simulator.api import Api

    made = api.call("POST", "/bitable/v1/apps", {"name": "新的", "time_zone": "Asia/Tokyo"}).data["app"]
    table = api.call("GET", f"/bitable/v1/apps/{made['app_token']}/tables").data["items"][0]
    assert table["table_id"] == made["default_table_id"]
    rows = api.call("POST", f"/bitable/v1/apps/{made['app_token']}/tables/{table['table_id']}/records/search", {}).data
    assert [each["fields"] for each in rows["items"]] == [{}] * 5
    other = control.create_app()
    stranger = Api(simulator.url, other.app_id, other.app_secret)
    assert stranger.call("GET", f"/bitable/v1/apps/{made['app_token']}").code == 91403
    assert api.call("POST", "/bitable/v1/apps", {"name": "x" * 256}).code == 1254031


def test_a_base_can_be_renamed(api, place):
    assert api.call("PUT", path(place), {"name": "改名", "is_advanced": True}).data["app"]["name"] == "改名"
    app = api.call("GET", path(place)).data["app"]
    assert (app["name"], app["is_advanced"], app["revision"]) == ("改名", True, 3)
    assert api.call("PUT", path(place), {"name": ""}).code == 1254031


def test_tables_come_and_go_and_the_last_one_stays(api, place):
    fields = [{"field_name": "名", "type": 1}, {"field_name": "n", "type": 2}]
    spec = {"table": {"name": "第二", "default_view_name": "全部", "fields": fields}}
    made = api.call("POST", f"{path(place)}/tables", spec).data
    assert len(made["field_id_list"]) == 2
    assert made["default_view_id"].startswith("vew")
    assert api.call("POST", f"{path(place)}/tables", {"table": {"name": "第三"}}).data["table_id"]
    batch = {"tables": [{"name": "第四"}, {"name": "第五"}]}
    ids = api.call("POST", f"{path(place)}/tables/batch_create", batch).data["table_ids"]
    listed = api.call("GET", f"{path(place)}/tables", page_size=2).data
    assert (listed["total"], listed["has_more"]) == (5, True)
    assert listed["items"][1] == {
        "table_id": made["table_id"],
        "name": "第二",
        "revision": listed["items"][1]["revision"],
    }
    assert api.call("PATCH", f"{path(place)}/tables/{ids[0]}", {"name": "改了"}).data == {"name": "改了"}
    assert api.call("POST", f"{path(place)}/tables/batch_delete", {"table_ids": ids}).code == 0
    assert api.call("DELETE", f"{path(place)}/tables/{made['table_id']}").code == 0
    rest = [each["table_id"] for each in api.call("GET", f"{path(place)}/tables").data["items"]]
    assert api.call("DELETE", f"{path(place)}/tables/{rest[1]}").code == 0
    last = api.call("DELETE", f"{path(place)}/tables/{rest[0]}")
    assert (last.status, last.code) == (403, 1254034)
    assert api.call("GET", path(place)).data["app"]["revision"] == 11


@pytest.mark.parametrize(
    ("table", "code"),
    [
        ({"name": ""}, 1254001),
        ({"name": "a/b"}, 1254001),
        ({"name": "x" * 101}, 1254001),
        ({"name": "订单"}, 1254013),
        ({"name": "t", "default_view_name": "v"}, 1254001),
        ({"name": "t", "fields": [{"field_name": "x", "type": 3}]}, 1254012),
        ({"name": "t", "fields": [{"field_name": "x", "type": 1}, {"field_name": "x", "type": 1}]}, 1254014),
    ],
)
def test_a_table_that_cannot_be_is_refused(api, place, table, code):
    assert api.call("POST", f"{path(place)}/tables", {"table": table}).code == code
    assert api.call("GET", f"{path(place)}/tables").data["total"] == 1


def test_a_hundred_tables_are_the_most(api, place):
    names = {"tables": [{"name": f"t{n}"} for n in range(99)]}
    assert api.call("POST", f"{path(place)}/tables/batch_create", names).code == 0
    assert api.call("POST", f"{path(place)}/tables", {"table": {"name": "more"}}).code == 1254100


# views


def test_views_come_and_go_and_the_last_one_stays(orders, place):
    made = orders.call("POST", "/views", {"view_name": "看板", "view_type": "kanban"}).data["view"]
    assert orders.call("POST", "/views", {"view_name": "看板"}).code == 1254020
    assert orders.call("POST", "/views", {"view_name": ""}).code == 1254021
    assert orders.call("POST", "/views", {"view_name": "a[b]"}).code == 1254022
    assert orders.call("POST", "/views", {"view_name": "x", "view_type": "pie"}).code == 1254019
    listed = orders.call("GET", "/views").data["items"]
    assert [each["view_type"] for each in listed] == ["grid", "kanban"]
    assert listed[0]["view_id"] == place.view_id
    assert orders.call("DELETE", f"/views/{made['view_id']}").code == 0
    assert orders.call("DELETE", f"/views/{made['view_id']}").code == 1254042
    assert orders.call("DELETE", f"/views/{place.view_id}").code == 1254023


def test_a_view_is_given_a_filter_by_patch(orders, place):
    one, _ = (orders.create({"金额": n}).data["record"]["record_id"] for n in (1, 2))
    info = {
        "conjunction": "and",
        "conditions": [{"field_id": place.fields["金额"], "operator": "isLess", "value": '["2"]'}],
    }
    changed = orders.call("PATCH", f"/views/{place.view_id}", {"view_name": "小", "property": {"filter_info": info}})
    assert changed.data["view"]["view_name"] == "小"
    assert orders.ids({"view_id": place.view_id}) == [one]
    assert orders.call("GET", f"/views/{place.view_id}").data["view"]["property"]["filter_info"] == info


# wiki


def test_a_wiki_node_leads_to_its_base(api, control, place):
    token = control.add_wiki_node(place.app_token)
    node = api.call("GET", "/wiki/v2/spaces/get_node", token=token, obj_type="wiki").data["node"]
    assert (node["obj_type"], node["obj_token"], node["node_token"]) == ("bitable", place.app_token, token)
    missing = api.call("GET", "/wiki/v2/spaces/get_node", token="wikNo")
    assert (missing.status, missing.code) == (400, 131005)
    assert api.call("GET", "/wiki/v2/spaces/get_node").code == 131002


def test_a_node_token_works_on_records_by_a_switch_and_app_get_returns_the_true_one(api, control, place):
    token = control.add_wiki_node(place.app_token)
    records = f"/bitable/v1/apps/{token}/tables/{place.table_id}/records/search"
    assert api.call("POST", records, {}).code == 0
    control.set_switches(wiki_token_on_records=False)
    assert api.call("POST", records, {}).code == 1254040
    assert api.call("GET", f"/bitable/v1/apps/{token}").data["app"]["app_token"] == place.app_token


# rights


def test_rights_on_the_document(api, orders, control, place, simulator):
    for right, read, write in (("none", 91403, 91403), ("read", 0, 91403), ("edit", 0, 0)):
        control.grant(place.app_token, simulator.app_id, right)
        assert (orders.search().code, orders.create({}).code) == (read, write)
    assert orders.call("GET", "/fields").code == 0
    refused = api.call("PUT", path(place), {"name": "x"})
    assert (refused.status, refused.code) == (403, 91403)


@pytest.fixture
def guarded(control, place, simulator):
    """A base with advanced permissions on which the app has no manage right."""
    control.grant(place.app_token, simulator.app_id, "edit")
    control.set_advanced(place.app_token)


def test_without_a_role_a_search_is_an_empty_success(api, orders, control, place, guarded):
    record = control.add_record(place.app_token, place.table_id, {"订单号": "1"})
    assert orders.search().data == {"has_more": False, "total": 0, "items": []}
    got = orders.get(record, "recUnknown0000").data
    assert got == {"records": [], "forbidden_record_ids": [record], "absent_record_ids": ["recUnknown0000"]}
    assert orders.create({}).code == 1254302
    assert api.call("POST", f"{path(place)}/tables", {"table": {"name": "x"}}).code == 1254304
    refused = orders.call("POST", "/fields", {"field_name": "x", "type": 1})
    assert (refused.status, refused.code) == (403, 1254304)


def test_a_role_hides_fields_and_forbids_records(orders, control, place, simulator, guarded):
    a, b = control.add_records(place.app_token, place.table_id, [{"订单号": "a", "金额": 1}, {"订单号": "b"}])
    control.restrict(place.app_token, simulator.app_id, hidden_fields=["金额"], forbidden_records=[b])
    (item,) = orders.search().data["items"]
    assert (item["record_id"], "金额" in item["fields"]) == (a, False)
    assert orders.get(a, b).data["forbidden_record_ids"] == [b]
    assert orders.update(a, {"金额": 2}).code == 1254045
    assert orders.update(a, {"订单号": "c"}).code == 0
    assert orders.update(b, {"订单号": "c"}).code == 1254302
    assert orders.search({"sort": [{"field_name": "金额"}]}).code == 1254016
    hidden = {"conjunction": "and", "conditions": [{"field_name": "金额", "operator": "isEmpty", "value": []}]}
    assert orders.search({"filter": hidden}).code == 1254045
    assert orders.search({"field_names": ["金额"]}).code == 1254024
    names = [each["field_name"] for each in orders.call("GET", "/fields", page_size=100).data["items"]]
    assert "金额" not in names
    control.restrict(place.app_token, simulator.app_id, writable=False)
    assert orders.search().data["total"] == 2
    assert orders.create({}).code == 1254302


def test_an_app_with_manage_right_sees_everything(orders, control, place):
    control.set_advanced(place.app_token)
    control.add_record(place.app_token, place.table_id, {"订单号": "1"})
    assert orders.search().data["total"] == 1
