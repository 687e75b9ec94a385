"""What people do in the table, and doing it at the very moment a call arrives."""

import pytest

from syncer.simulator.control import step


@pytest.fixture
def at(place):
    return place.app_token, place.table_id


def test_people_edit_with_their_own_name(orders, control, at):
    who = control.add_person("韩梅梅")["open_id"]
    record = control.add_record(*at, {"订单号": "1", "状态": "新的"}, by=who)
    control.edit_record(*at, record, {"金额": 2, "订单号": None})
    (item,) = orders.search({"automatic_fields": True}).data["items"]
    assert item["created_by"]["name"] == "韩梅梅"
    assert item["last_modified_by"]["name"] == "张敏"
    assert (item["fields"]["金额"], "订单号" in item["fields"]) == (2, False)


def test_people_write_mentions_that_are_read_as_segments(orders, control, at):
    segments = [
        {"type": "text", "text": "问 "},
        {
            "type": "mention",
            "text": "@李雷",
            "token": "ou_1",
            "mentionType": "User",
            "mentionNotify": False,
            "name": "李雷",
        },
        {"type": "url", "text": "官网", "link": "https://a.cn"},
    ]
    record = control.add_record(*at, {"订单号": segments})
    assert orders.read(record)["订单号"] == segments
    assert control.plain(*at)[record]["订单号"] == "问 @李雷官网"
    assert orders.update(record, {"订单号": segments}).code == 1254060


def test_a_restored_record_comes_back_under_its_id(orders, control, at):
    one, two = control.add_records(*at, [{"订单号": "1"}, {"订单号": "2"}])
    control.delete_records(*at, [one])
    assert orders.ids() == [two]
    assert control.table(*at)["trash"] == [one]
    control.restore_records(*at, [one])
    assert sorted(orders.ids()) == sorted([one, two])
    cells = orders.read(one)
    assert (cells["订单号"][0]["text"], cells["编号"]) == ("1", "1")
    assert orders.read(orders.create({}).data["record"]["record_id"])["编号"] == "3"


def test_a_renamed_option_is_read_under_its_new_name_without_touching_records(orders, control, at):
    record = control.add_record(*at, {"状态": "待处理", "标签": ["甲", "乙"]})
    orders.search()
    time = control.records(*at)[record]["last_modified_time"]
    control.rename_option(*at, "状态", "待处理", "等待")
    control.delete_option(*at, "标签", "甲")
    cells = orders.read(record)
    assert (cells["状态"], cells["标签"]) == ("等待", ["乙"])
    control.delete_option(*at, "标签", "乙")
    assert "标签" not in orders.read(record)
    assert control.records(*at)[record]["last_modified_time"] == time
    assert control.add_option(*at, "标签", "丙").startswith("opt")
    assert orders.create({"标签": ["丙"]}).code == 0


def test_fields_are_renamed_retyped_and_deleted_by_name_or_id(orders, control, at, place):
    record = control.add_record(*at, {"金额": 5})
    control.rename_field(*at, "金额", "价")
    control.retype_field(*at, place.fields["金额"], 1)
    assert orders.read(record)["价"] == [{"type": "text", "text": "5"}]
    control.delete_field(*at, "价")
    assert "价" not in orders.read(record)


def test_the_truth_is_told_in_both_shapes(control, at):
    cells = {"订单号": "1", "金额": 2.5, "状态": "待处理", "标签": ["甲"], "完成": True, "电话": "1", "公式": 3}
    record = control.add_record(*at, cells)
    told = control.records(*at)[record]
    assert {name: told["plain"][name] for name in cells} == cells
    assert told["fields"]["订单号"] == [{"type": "text", "text": "1"}]
    assert told["plain"] == control.plain(*at)[record]
    assert control.bases()[at[0]]["tables"] == {at[1]: "订单"}


# at the moment a call arrives


def test_a_person_edits_right_before_the_second_page_is_read(orders, control, at):
    ids = control.add_records(*at, [{"金额": n} for n in range(4)])
    edit = step("edit_record", app_token=at[0], table_id=at[1], record_id=ids[3], fields={"金额": 99})
    control.at("bitable.record.search", [edit], nth=2)
    pages = orders.pages(page_size=2)
    assert [item["fields"]["金额"] for page in pages for item in page] == [0, 1, 2, 99]


def test_a_person_edits_right_after_a_read_was_answered(orders, control, at):
    record = control.add_record(*at, {"金额": 1})
    edit = step("edit_record", app_token=at[0], table_id=at[1], record_id=record, fields={"金额": 2})
    control.at("bitable.record.*", [edit], when="after")
    assert orders.read(record)["金额"] == 1
    assert orders.read(record)["金额"] == 2


def test_a_hook_that_cannot_be_done_is_no_answer_of_feishu(orders, control, at):
    control.at("bitable.record.search", [step("delete_records", app_token=at[0], table_id=at[1], record_ids=["recNo"])])
    answer = orders.api.raw("POST", f"{orders.path}/records/search", json={})
    assert (answer.status_code, "code" in answer.text) == (500, False)
    assert orders.search().code == 0


def test_steps_run_once_and_can_be_anything(orders, control, at):
    steps = [step("revoke_tokens"), step("set_switches", status_mode="new4xx")]
    control.at("bitable.record.create", steps, nth=2, when="after")
    assert orders.create({}).code == 0
    assert orders.create({}).code == 0
    assert orders.create({}).code == 99991663
    control.at("bitable.record.create", [step("revoke_tokens")])
    control.clear_hooks()
    orders.api.token = orders.api.sign_in().json["tenant_access_token"]
    assert orders.create({}).code == 0
    assert orders.create({}).code == 0
