"""Approvals: the way of an instance, what is told of it, and what may be asked."""

import json

import pytest

from tests.simulator.api import Api

V4 = "/approval/v4"
FORM = [
    {"id": "widget1", "name": "请假类型", "type": "radioV2"},
    {"id": "widget2", "name": "金额", "type": "amount"},
    {"id": "widget3", "name": "发票", "type": "attachmentV2"},
]
HOUR = 3_600_000


@pytest.fixture
def people(control):
    return control.hire([{"name": name} for name in ("李雷", "韩梅梅", "Ann", "王芳")])


def defined(control, api, *nodes):
    code = control.create_approval("请假 🏖", FORM, [{"name": "主管", **node} for node in nodes])
    assert api.call("POST", f"{V4}/approvals/{code}/subscribe").code == 0
    return code


def told(control, kind, since=0):
    return [json.loads(each["body"])["event"] for each in control.events(since, kind, bodies=True)]


def statuses(control, kind="approval_task"):
    return [each["status"] for each in told(control, kind)]


def detail(api, code):
    return api.call("GET", f"{V4}/instances/{code}").data


def test_who_comes_first_decides_where_anybody_may(control, api, people):
    code = defined(control, api, {"type": "OR", "approvers": people[:2]}, {"type": "OR", "approvers": people[2:3]})
    (one,) = control.submit(code, [{"values": {"金额": 4}, "by": people[3]}])
    control.approve(one)
    assert statuses(control) == ["PENDING", "PENDING", "APPROVED", "DONE", "PENDING"]
    control.approve(one)
    assert statuses(control, "approval_instance") == ["PENDING", "APPROVED"]
    found = detail(api, one)
    assert (found["status"], found["reverted"], found["serial_number"][:1]) == (
        "APPROVED",
        False,
        found["end_time"][:1],
    )
    assert [task["status"] for task in found["task_list"]] == ["APPROVED", "DONE", "APPROVED"]
    assert [entry["type"] for entry in found["timeline"]] == ["START", "PASS", "PASS"]
    assert "user_id" not in found


def test_everybody_decides_one_after_the_other_or_all_together(control, api, people):
    code = defined(
        control, api, {"type": "AND", "approvers": people[:2]}, {"type": "SEQUENTIAL", "approvers": people[1:3]}
    )
    (one,) = control.submit(code, [{"by": people[3]}])
    control.approve(one)
    assert statuses(control) == ["PENDING", "PENDING", "APPROVED", "PENDING"]
    control.approve(one)
    control.approve(one)
    control.transfer(one, people[3])
    control.reject(one)
    assert statuses(control)[4:] == ["APPROVED", "PENDING", "APPROVED", "PENDING", "TRANSFERRED", "PENDING", "REJECTED"]
    assert detail(api, one)["status"] == "REJECTED"


def test_a_revoked_instance_reads_canceled_and_its_event_says_reverted(control, api, people):
    code = defined(control, api, {"approvers": people[:1]})
    one, two = control.submit(code, [{"by": people[1]}, {"by": people[1]}])
    control.approve(one)
    control.revert(one)
    control.recall(two)
    events = told(control, "approval_instance")
    assert [each["status"] for each in events] == ["PENDING", "PENDING", "APPROVED", "REVERTED", "CANCELED"]
    assert [type(each["operate_time"]) for each in events[2:4]] == [str, int]
    assert [(detail(api, each)["status"], detail(api, each)["reverted"]) for each in (one, two)] == [
        ("CANCELED", True),
        ("CANCELED", False),
    ]
    assert detail(api, two)["end_time"] != "0"


def test_a_node_without_approvers_passes_by_itself(control, api, people):
    code = defined(control, api, {"approvers": []})
    (one,) = control.submit(code, [{"by": people[0]}])
    (task,) = detail(api, one)["task_list"]
    assert (task["type"], task["status"], task["open_id"], detail(api, one)["status"]) == (
        "AUTO_PASS",
        "APPROVED",
        "",
        "APPROVED",
    )


def test_nobody_is_told_who_did_not_subscribe_and_twice_is_1390007(control, api, simulator, people):
    code = control.create_approval("a", FORM, [{"approvers": people[:1]}])
    control.submit(code, [{"by": people[1]}])
    assert told(control, "approval_instance") == []
    subscribe = f"{V4}/approvals/{code}/subscribe"
    assert [api.call("POST", subscribe).code for _ in range(2)] == [0, 1390007]
    assert [api.call("POST", subscribe.replace("/sub", "/unsub")).code for _ in range(2)] == [0, 1390007]
    bare = control.create_app(scopes=["approval:approval:readonly"])
    refused = Api(simulator.url, bare.app_id, bare.app_secret).call("POST", subscribe)
    assert refused.code == 99991672


def test_codes_are_listed_by_ten_hours_of_creation(control, api, people):
    code = defined(control, api, {"approvers": people[:1]})
    now = int(control.now() * 1000)
    asks = [
        {"by": people[1], "at": now - hours * HOUR, "outcome": "approve", "after": HOUR} for hours in (30, 12, 11, 2)
    ]
    made = control.submit(code, asks)
    window = {"approval_code": code, "start_time": now - 12 * HOUR, "end_time": now - 2 * HOUR}
    found = api.call("GET", f"{V4}/instances", **window, page_size=2).data
    assert (found["instance_code_list"], found["has_more"]) == (made[1:3], True)
    rest = api.call("GET", f"{V4}/instances", **window, page_size=2, page_token=found["page_token"]).data
    assert (rest["instance_code_list"], rest["has_more"]) == (made[3:], False)
    assert api.call("GET", f"{V4}/instances", **{**window, "end_time": now}).code == 1390001
    assert detail(api, made[0])["end_time"] == str(now - 29 * HOUR)


def test_a_search_drops_what_was_revoked_and_writes_statuses_small(control, api, people):
    code = defined(control, api, {"approvers": people[:1]})
    made = control.submit(code, [{"by": people[1], "outcome": "approve"} for _ in range(6)])
    control.revert(made[0])
    found = api.call("POST", f"{V4}/instances/query", {"approval_code": code}, page_size=5).data
    assert [each["instance"]["status"] for each in found["instance_list"]] == ["approved"] * 4
    assert found["has_more"]


def test_the_api_submits_decides_and_cancels(control, api, people):
    code = defined(control, api, {"approvers": people[:1]})
    form = json.dumps([{"id": "widget1", "type": "radioV2", "value": "年假"}])
    body = {"approval_code": code, "open_id": people[1], "form": form, "uuid": "ABC"}
    one = api.call("POST", f"{V4}/instances", body).data["instance_code"]
    assert api.call("POST", f"{V4}/instances", {**body, "uuid": "abc"}).code == 60012
    assert detail(api, "abc")["instance_code"] == one
    (widget,) = json.loads(detail(api, one)["form"])
    assert (widget["name"], widget["value"]) == ("请假类型", "年假")
    (task,) = detail(api, one)["task_list"]
    decision = {"approval_code": code, "instance_code": one, "user_id": people[0], "task_id": task["id"]}
    assert [api.call("POST", f"{V4}/tasks/approve", decision, user_id_type="open_id").code for _ in range(2)] == [
        0,
        1390010,
    ]
    bad = {**body, "uuid": "", "form": json.dumps([{"id": "widget9", "value": 1}])}
    assert (api.call("POST", f"{V4}/instances", bad).code, detail(api, one)["status"]) == (1390001, "APPROVED")


def test_addresses_of_files_change_and_their_names_stand_apart(control, api, people):
    code = defined(control, api, {"approvers": people[:1]})
    (one,) = control.submit(code, [{"values": {"发票": ["a.pdf", "图.png"]}, "by": people[1]}])
    before = json.loads(detail(api, one)["form"])[0]
    control.advance_clock(12 * 3600)
    api.token = api.sign_in().json["tenant_access_token"]
    after = json.loads(detail(api, one)["form"])[0]
    assert (before["ext"], len(before["value"]), before["value"] == after["value"]) == ("'a.pdf','图.png'", 2, False)


def test_a_changed_definition_is_told(control, api, people):
    code = defined(control, api, {"approvers": people[:1]})
    control.edit_approval(code, FORM[:1])
    (event,) = told(control, "approval.approval.updated_v4")
    assert event["object"]["approval_code"] == code
    assert len(json.loads(api.call("GET", f"{V4}/approvals/{code}").data["form"])) == 1
    (one,) = control.submit(code, [{"by": people[1]}])
    control.comment(one, people[0], "为什么?")
    control.delete_approval(code)
    assert (detail(api, one)["status"], len(detail(api, one)["comment_list"])) == ("DELETED", 1)
