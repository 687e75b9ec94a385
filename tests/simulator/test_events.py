"""Who may ask for events, and what every committed write becomes."""

import json

import pytest

from syncer.simulator.control import step
from tests.simulator.receiver import Receiver

RECORDS = "drive.file.bitable_record_changed_v1"
FIELDS = "drive.file.bitable_field_changed_v1"
EDITED = "drive.file.edit_v1"


@pytest.fixture
def at(place):
    return place.app_token, place.table_id


@pytest.fixture
def told(control, simulator, place):
    """The app is subscribed; returns what it is told: the events of one type since the last look."""
    with Receiver() as receiver:
        control.set_webhook(simulator.app_id, receiver.url)
        control.subscribe(place.app_token, simulator.app_id)
        seen = {}

        def look(kind="record_changed"):
            control.settle_events()
            found = sorted(receiver.of_type(kind), key=lambda each: number[each.json["header"]["event_id"]])
            new = found[seen.get(kind, 0) :]
            seen[kind] = len(found)
            return [each.json for each in new]

        class Numbers(dict):
            def __missing__(self, event_id):
                self.update({each["event_id"]: each["number"] for each in control.events()})
                return self[event_id]

        number = Numbers()
        yield look


def subscription(api, place, method="POST", call="subscribe", token=None, **query):
    query = {"file_type": "bitable", **query}
    return api.call(method, f"/drive/v1/files/{token or place.app_token}/{call}", **query)


def values(entries, place):
    """Cells of an action by field name, decoded."""
    names = {field_id: name for name, field_id in place.fields.items()}
    found = {names[each["field_id"]]: each.get("field_value", "-") for each in entries}
    return {name: json.loads(text) if text not in {"", "-"} else text for name, text in found.items()}


# subscribing


def test_subscribing_is_asked_for_told_and_ended_and_twice_is_once(api, place, control, simulator):
    assert subscription(api, place, "GET", "get_subscribe").data == {"is_subscribe": False}
    assert [subscription(api, place).json for _ in range(2)] == [{"code": 0, "msg": "success", "data": {}}] * 2
    assert subscription(api, place, "GET", "get_subscribe").data == {"is_subscribe": True}
    assert [(each["app_token"], each["app_id"]) for each in control.subscriptions()] == [
        (place.app_token, simulator.app_id)
    ]
    assert [subscription(api, place, "DELETE", "delete_subscribe").data for _ in range(2)] == [{}, {}]
    assert control.subscriptions() == []


def test_what_was_never_subscribed_can_be_refused(api, place, control):
    control.set_switches(subscription_missing_code=1069605)
    for method, call in (("GET", "get_subscribe"), ("DELETE", "delete_subscribe")):
        answer = subscription(api, place, method, call)
        assert (answer.status, answer.code) == (400, 1069605)


@pytest.mark.parametrize(("method", "call"), [("POST", "subscribe"), ("GET", "get_subscribe")])
def test_only_who_manages_a_base_may_subscribe(api, place, control, simulator, method, call):
    for right in ("none", "read", "edit"):
        control.grant(place.app_token, simulator.app_id, right)
        answer = subscription(api, place, method, call)
        assert (answer.status, answer.code) == (403, 1069603)


def test_a_wiki_nodes_token_an_unknown_base_or_a_wrong_type_is_refused(api, place, control):
    node = control.add_wiki_node(place.app_token)
    assert api.call("GET", f"/bitable/v1/apps/{node}").data["app"]["app_token"] == place.app_token
    for token, query, code in (
        (node, {}, 1069604),
        ("bascnUnknown", {}, 1069604),
        (None, {"file_type": "docx"}, 1069604),
        (None, {"file_type": "table"}, 1069602),
        (None, {"file_type": ""}, 1069602),
    ):
        answer = subscription(api, place, token=token, **query)
        assert (answer.status, answer.code) == (400, code)


def test_an_event_type_is_only_for_folders(api, place, control):
    assert subscription(api, place, event_type="bitable_record_changed_v1").code == 0
    control.set_switches(subscription_event_type="refused")
    assert subscription(api, place, event_type="bitable_record_changed_v1").code == 1069602


def test_subscribing_needs_its_own_scope_and_has_its_own_rates(api, place, control, simulator):
    control.set_scopes(simulator.app_id, ["bitable:app"])
    assert subscription(api, place).code == 99991672
    control.set_scopes(simulator.app_id, ["docs:event:subscribe"])
    control.set_quota_scale(1)
    control.set_clock(scale=0)
    assert [subscription(api, place, "GET", "get_subscribe").code for _ in range(11)] == [0] * 10 + [99991400]
    assert [subscription(api, place).code for _ in range(51)] == [0] * 50 + [99991400]


# who is told


def test_nobody_is_told_who_did_not_ask_or_is_not_let_in(control, simulator, at, told):
    control.add_record(*at, {"金额": 1})
    assert len(told()) == 1
    scopes = ["bitable:app", "docs:event:subscribe"]
    for change, undo in (
        (step("drop_subscriptions"), step("subscribe", app_token=at[0], app_id=simulator.app_id)),
        (
            step("set_scopes", app_id=simulator.app_id, scopes=scopes, user_scopes=[]),
            step("set_scopes", app_id=simulator.app_id, scopes=scopes),
        ),
        (
            step("grant", app_token=at[0], app_id=simulator.app_id, right="edit"),
            step("grant", app_token=at[0], app_id=simulator.app_id, right="manage"),
        ),
        (
            step("set_event_types", app_id=simulator.app_id, types=[FIELDS]),
            step("set_event_types", app_id=simulator.app_id, types=[RECORDS]),
        ),
    ):
        control.do(change["op"], **change["args"])
        control.add_record(*at, {"金额": 2})
        assert told() == [], change
        control.do(undo["op"], **undo["args"])
        control.add_record(*at, {"金额": 3})
        assert len(told()) == 1, undo


def test_every_subscribed_app_is_told_under_its_own_name(control, simulator, place, at):
    other = control.create_app(tenant="tenant2", scopes=["drive:drive", "contact:user.employee_id:readonly"])
    with Receiver() as one, Receiver() as two:
        control.set_webhook(simulator.app_id, one.url)
        control.set_webhook(other.app_id, two.url, verification_token="mine")
        for app in (simulator.app_id, other.app_id):
            control.subscribe(place.app_token, app)
        person = control.add_person("韩梅梅")
        control.add_record(*at, {"金额": 1}, by=person["open_id"])
        control.settle_events()
        (first,), (second,) = (each.of_type("record") for each in (one, two))
    assert first.json["header"]["app_id"] == simulator.app_id
    assert {key: second.json["header"][key] for key in ("app_id", "tenant_key", "token")} == {
        "app_id": other.app_id,
        "tenant_key": "tenant2",
        "token": "mine",
    }
    assert first.json["header"]["event_id"] != second.json["header"]["event_id"]
    ids = {key: person[key] for key in ("open_id", "union_id")}
    assert first.event["operator_id"] == ids
    assert second.event["operator_id"] == ids | {"user_id": person["user_id"]}
    assert second.event["subscriber_id_list"][0]["open_id"] == other.open_id


def test_a_subscription_can_end_by_itself(control, at, told):
    control.set_switches(subscription_seconds=3600.0)
    control.advance_clock(3599)
    control.add_record(*at, {})
    assert len(told()) == 1
    control.advance_clock(2)
    control.add_record(*at, {})
    assert told() == []


# what a write becomes


def test_an_added_record_tells_its_cells_in_the_internal_form(control, at, place, told):
    who = control.add_person("李雷", "Li Lei")
    file = control.add_file(place.app_token, "图.png", "image/png", 9)
    cells = {
        "订单号": "SO-1 🙂",
        "金额": 12.5,
        "状态": "待处理",
        "标签": ["甲", "乙"],
        "日期": 1700000000123,
        "完成": True,
        "负责人": [{"id": who["open_id"]}],
        "电话": "+8613800000000",
        "网址": {"text": "官网", "link": "https://a.cn"},
        "附件": [{"file_token": file}],
        "群": [{"id": "oc_abcd"}],
        "邮箱": "a@b.cn",
        "公式": 99,
    }
    record = control.add_record(*at, cells)
    (event,) = told()
    (action,) = event["event"]["action_list"]
    assert (action["record_id"], action["action"], "before_value" in action) == (record, "record_added", False)
    assert all(isinstance(each["field_value"], str) for each in action["after_value"])
    found = values(action["after_value"], place)
    options = {
        each["name"]: each["id"]
        for field in control.table(*at)["fields"]
        for each in (field["property"] or {}).get("options", [])
    }
    assert found["订单号"] == [{"type": "text", "text": "SO-1 🙂"}]
    assert found["邮箱"] == [{"type": "url", "text": "a@b.cn", "link": "mailto:a@b.cn"}]
    assert found["网址"] == [{"type": "url", "text": "官网", "link": "https://a.cn"}]
    assert (found["金额"], found["日期"], found["完成"]) == (12.5, 1700000000123, True)
    assert (found["状态"], found["标签"]) == (options["待处理"], [options["甲"], options["乙"]])
    assert found["附件"] == [{"token": file, "name": "图.png", "size": 9, "mimeType": "image/png"}]
    assert found["编号"] == {"number": "1", "sequence": 1}
    assert "公式" not in found
    assert "条码" not in found
    inner = found["负责人"]["users"][0]
    assert inner["userId"].isdigit()
    named = {each["field_id"]: each.get("field_identity_value") for each in action["after_value"]}
    (user,) = named[place.fields["负责人"]]["users"]
    assert user["user_id"] == {key: who[key] for key in ("open_id", "union_id")}
    assert (user["name"], user["en_name"]) == ("李雷", "Li Lei")
    assert {name for name, field_id in place.fields.items() if named.get(field_id)} == {"负责人", "创建人", "修改人"}


def test_the_header_and_the_times_have_their_own_units(control, at, told, place):
    control.set_clock(scale=0)
    control.set_clock(seconds=1_700_000_000.25)
    control.add_record(*at, {})
    (event,) = told()
    assert event["schema"] == "2.0"
    assert event["header"]["event_type"] == RECORDS
    assert event["header"]["create_time"] == "1700000000250"
    assert (event["event"]["update_time"], event["event"]["file_type"]) == (1_700_000_000, "bitable")
    assert (event["event"]["file_token"], event["event"]["table_id"]) == (place.app_token, place.table_id)
    control.set_switches(event_create_time="us")
    control.add_record(*at, {})
    assert told()[0]["header"]["create_time"] == "1700000000250000"


def test_an_edit_tells_only_what_changed_before_and_after(control, at, orders, told, place):
    record = control.add_record(*at, {"金额": 1, "订单号": "1", "标签": ["甲"]})
    control.advance_clock(60)
    told()
    orders.update(record, {"金额": 2, "订单号": "1", "标签": None})
    (event,) = told()
    (action,) = event["event"]["action_list"]
    before, after = values(action["before_value"], place), values(action["after_value"], place)
    assert set(before) == set(after) == {"金额", "标签", "修改于", "修改人"}
    assert (before["金额"], after["金额"], after["标签"]) == (1, 2, "")
    assert after["修改于"] - before["修改于"] == 60_000
    assert event["event"]["revision"] == control.table(*at)["revision"]
    assert told() == []
    orders.update(record, {"金额": 2})
    assert told() == []


@pytest.mark.parametrize(("how", "shown"), [("string", ""), ("no_value", "-"), ("no_entry", None)])
def test_how_an_empty_cell_is_told_is_a_switch(control, at, told, place, how, shown):
    control.set_switches(event_empty_value=how, event_modified_fields=False)
    record = control.add_record(*at, {"金额": 1})
    told()
    control.edit_record(*at, record, {"金额": None, "订单号": "x"})
    (action,) = told()[0]["event"]["action_list"]
    assert values(action["after_value"], place).get("金额") == shown
    assert values(action["before_value"], place)["金额"] == 1


def test_a_deletion_tells_what_was_there_and_a_restored_record_is_an_added_one(control, at, told, place):
    record = control.add_record(*at, {"金额": 1})
    told()
    control.delete_records(*at, [record])
    (action,) = told()[0]["event"]["action_list"]
    assert (action["action"], "after_value" in action) == ("record_deleted", False)
    assert values(action["before_value"], place)["金额"] == 1
    control.restore_records(*at, [record])
    (action,) = told()[0]["event"]["action_list"]
    assert (action["action"], action["record_id"]) == ("record_added", record)


def test_a_deleted_record_is_told_as_it_was_even_if_it_is_changed_right_after(control, at, told, place):
    record = control.add_record(*at, {"金额": 1})
    told()
    control.edit_record(*at, record, {"金额": 2})
    control.delete_records(*at, [record])
    control.restore_records(*at, [record])
    control.edit_record(*at, record, {"金额": 3})
    actions = [each["event"]["action_list"][0] for each in told()]
    cells = [values(each.get("after_value") or each["before_value"], place)["金额"] for each in actions]
    assert cells == [2, 2, 2, 3]


def test_a_new_formula_value_is_told_to_nobody(control, at, told):
    record = control.add_record(*at, {"公式": 1})
    told()
    control.edit_record(*at, record, {"公式": 2})
    assert told() == []


def test_an_edit_by_the_app_comes_back_under_its_own_name_or_under_none(control, at, orders, told):
    record = orders.create({"金额": 1}).data["record"]["record_id"]
    (event,) = told()
    bot = control.records(*at)[record]["created_by"]["id"]
    assert event["event"]["operator_id"]["open_id"] == bot
    control.set_switches(event_operator="empty")
    orders.update(record, {"金额": 2})
    assert told()[0]["event"]["operator_id"] == {"union_id": "", "user_id": "", "open_id": ""}
    control.set_switches(event_operator="missing")
    orders.update(record, {"金额": 3})
    assert "operator_id" not in told()[0]["event"]
    control.edit_record(*at, record, {"金额": 4})
    assert told()[0]["event"]["operator_id"]["open_id"].startswith("ou_")


def test_a_refused_write_tells_nothing_and_a_timed_out_one_that_took_effect_does(control, at, orders, told):
    assert orders.batch_create([{"金额": 1}, {"金额": "x"}]).code == 1254061
    assert told() == []
    control.fault("bitable.record.create", "timed_out", applied=True)
    orders.create({"金额": 1})
    assert len(told()) == 1


def test_both_halves_of_a_two_way_link_are_told_unless_switched_off(control, place, at, told):
    target = control.create_table(place.app_token, "客户", [{"field_name": "名", "type": 1}])
    link = {"field_name": "客户", "type": 21, "property": {"table_id": target.table_id, "back_field_name": "订单"}}
    field = control.create_field(*at, link)["field_id"]
    one = control.add_record(target.app_token, target.table_id, {"名": "a"})
    told()
    record = control.add_record(*at, {"客户": [one]})
    added, back = told()
    assert added["event"]["action_list"][0]["record_id"] == record
    assert back["event"]["table_id"] == target.table_id
    assert back["event"]["revision"] == control.table(place.app_token, target.table_id)["revision"]
    (action,) = back["event"]["action_list"]
    assert (action["record_id"], action["action"]) == (one, "record_edited")
    assert json.loads(action["after_value"][0]["field_value"]) == [record]
    assert action["before_value"][0]["field_value"] == ""
    control.set_switches(back_write_events=False)
    control.edit_record(*at, record, {"客户": None})
    (event,) = told()
    assert event["event"]["action_list"][0]["before_value"][0]["field_id"] == field


# grouping


def lines(count):
    return [{"金额": n} for n in range(count)]


def shape(events):
    return [(each["event"]["revision"], len(each["event"]["action_list"])) for each in events]


def test_one_call_is_one_event_up_to_the_most_actions(control, orders, told, at):
    start = control.table(*at)["revision"]
    orders.batch_create(lines(7))
    assert shape(told()) == [(start + 1, 7)]
    control.set_switches(event_most_actions=3)
    orders.batch_create(lines(7))
    assert shape(told()) == [(start + 2, 3), (start + 2, 3), (start + 2, 1)]
    control.set_switches(event_most_actions=0)
    orders.batch_create(lines(700))
    assert shape(told()) == [(start + 3, 700)]


def test_records_or_revisions_can_have_events_of_their_own(control, orders, told, at):
    control.set_switches(event_grouping="record")
    start = control.table(*at)["revision"]
    orders.batch_create(lines(3))
    assert shape(told()) == [(start + 1, 1)] * 3
    control.set_switches(revision_step="record", event_grouping="revision")
    orders.batch_create(lines(3))
    assert shape(told()) == [(start + 2, 1), (start + 3, 1), (start + 4, 1)]
    control.set_switches(event_grouping="call")
    orders.batch_create(lines(3))
    assert shape(told()) == [(start + 7, 3)]


def test_writes_within_a_window_are_one_event_per_person_and_table(control, orders, told, at):
    control.set_switches(event_grouping="window", event_window_seconds=60.0)
    start = control.table(*at)["revision"]
    orders.batch_create(lines(2))
    orders.create({"金额": 5})
    control.add_record(*at, {"金额": 6})
    assert told() == []
    control.advance_clock(61)
    assert sorted(shape(told())) == [(start + 2, 3), (start + 3, 1)]


def test_a_human_edit_of_many_records_is_one_event_of_many_actions(control, at, told):
    ids = control.add_records(*at, lines(3))
    told()
    control.edit_records(*at, {each: {"金额": 9} for each in ids})
    assert [each["record_id"] for each in told()[0]["event"]["action_list"]] == ids


# fields


def test_columns_that_come_change_and_go_are_told_as_objects(api, control, at, told, place):
    revision = control.table(*at)["revision"]
    path = f"/bitable/v1/apps/{at[0]}/tables/{at[1]}/fields"
    made = api.call("POST", path, {"field_name": "备注", "type": 1}).data["field"]["field_id"]
    (event,) = told("field_changed")
    (action,) = event["event"]["action_list"]
    assert (action["action"], action["field_id"], event["event"]["revision"]) == ("field_added", made, revision + 1)
    assert action["after_value"] == {"id": made, "name": "备注", "type": 1, "description": "", "property": {}}
    assert "before_value" not in action
    control.rename_field(*at, "备注", "说明")
    (action,) = told("field_changed")[0]["event"]["action_list"]
    assert (action["before_value"]["name"], action["after_value"]["name"]) == ("备注", "说明")
    api.call("DELETE", f"{path}/{made}")
    (action,) = told("field_changed")[0]["event"]["action_list"]
    assert (action["action"], "after_value" in action) == ("field_deleted", False)
    assert told() == []


def test_options_are_part_of_their_column(control, at, orders, told):
    control.add_option(*at, "状态", "退货")
    control.rename_option(*at, "状态", "退货", "已退")
    control.delete_option(*at, "状态", "已退")
    names = [
        [each["name"] for each in event["event"]["action_list"][0]["after_value"]["property"]["options"]]
        for event in told("field_changed")
    ]
    assert names == [["待处理", "已发货", "退货"], ["待处理", "已发货", "已退"], ["待处理", "已发货"]]
    orders.create({"状态": "新的"})
    (event,) = told("field_changed")
    assert event["event"]["action_list"][0]["after_value"]["property"]["options"][-1]["name"] == "新的"
    orders.create({"状态": "新的"})
    assert told("field_changed") == []


def test_a_two_way_link_is_told_to_both_tables(control, place, at, told):
    target = control.create_table(place.app_token, "客户", [{"field_name": "名", "type": 1}])
    control.create_field(
        *at, {"field_name": "客", "type": 21, "property": {"table_id": target.table_id, "back_field_name": "单"}}
    )
    assert {each["event"]["table_id"] for each in told("field_changed")} == {at[1], target.table_id}


# the rest


def test_the_edit_event_comes_only_to_who_added_it(control, simulator, at, told):
    control.add_record(*at, {})
    assert told("edit_v1") == []
    control.set_event_types(simulator.app_id, [RECORDS, EDITED])
    control.add_record(*at, {})
    control.rename_field(*at, "金额", "价")
    assert [each["event"]["file_token"] for each in told("edit_v1")] == [at[0]] * 2
    assert told("field_changed") == []


def test_any_other_event_can_be_sent_in_either_version(control, simulator):
    with Receiver() as receiver:
        control.set_webhook(simulator.app_id, receiver.url)
        control.publish_event(simulator.app_id, "some.new_event_v9", {"a": 1})
        control.publish_event(simulator.app_id, "approval_instance", {"instance_code": "x"}, version=1)
        control.settle_events()
    second, first = sorted((each.json for each in receiver.received), key=lambda each: "schema" not in each)
    assert (second["header"]["event_type"], second["event"]) == ("some.new_event_v9", {"a": 1})
    assert (first["type"], first["event"]["type"]) == ("event_callback", "approval_instance")
    assert first["event"]["instance_code"] == "x"
    assert len(first["uuid"]) == 32


def test_nothing_is_made_for_a_base_that_nobody_subscribed_to(control, at, orders):
    orders.batch_create(lines(50))
    control.rename_field(*at, "金额", "价")
    assert control.event_counts()["made"] == 0


# what an app has


def test_scopes_are_told_under_both_identities_with_those_still_asked_for(api, control, simulator):
    control.set_scopes(simulator.app_id, ["bitable:app"], user_scopes=["drive:drive"], asked=["docs:event:subscribe"])
    scopes = api.call("GET", "/application/v6/scopes").data["scopes"]
    assert [(each["scope_name"], each["scope_type"], each["grant_status"]) for each in scopes] == [
        ("bitable:app", "tenant", 1),
        ("drive:drive", "user", 1),
        ("docs:event:subscribe", "tenant", 2),
    ]


def test_the_addresses_events_come_from_are_told(api):
    assert api.call("GET", "/event/v1/outbound_ip").data["ip_list"] == ["127.0.0.1"]
