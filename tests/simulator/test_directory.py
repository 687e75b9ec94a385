"""The directory: people and departments, and what an app sees of them within its range and scopes."""

import pytest

from tests.simulator.api import Api

V3 = "/contact/v3"


@pytest.fixture
def tree(control):
    """Two departments, one below the other, and three people."""
    upper = control.add_department("研发", department_id="rd")
    lower = control.add_department("平台 🚀", parent=upper)
    people = control.hire(
        [
            {"name": "李雷", "departments": [upper], "email": "lei@example.com", "mobile": "+8613800000001"},
            {"name": "韩梅梅", "departments": [lower, upper], "email": "mei@example.com"},
            {"name": "Ann", "job_title": "CEO"},
        ]
    )
    return upper, lower, people


def members(api, place, **query):
    return api.call("GET", f"{V3}/users/find_by_department", department_id=place, **query)


def codes(api, *paths):
    return [api.call("GET", f"{V3}{path}").code for path in paths]


def test_members_are_those_of_one_department_page_by_page(api, control, tree):
    upper, lower, (li, han, _) = tree
    first = members(api, upper, page_size=1).data
    assert ([each["open_id"] for each in first["items"]], first["has_more"]) == ([li], True)
    second = members(api, upper, page_size=1, page_token=first["page_token"]).data
    assert ([each["open_id"] for each in second["items"]], second["has_more"]) == ([han], False)
    assert "page_token" not in second
    assert members(api, lower).data["items"][0]["department_ids"] == [lower, upper]
    assert members(api, upper, page_size=51).code == 40011
    assert members(api, upper, page_token="x").code == 40012
    assert members(api, "od-none").code == 40015


def test_departments_are_found_by_either_id_and_their_order_is_text(api, control, tree):
    upper, lower, _ = tree
    below = api.call(
        "GET", f"{V3}/departments/rd/children", department_id_type="department_id", fetch_child="true"
    ).data
    (item,) = below["items"]
    assert (item["open_department_id"], item["parent_department_id"]) == (lower, "rd")
    assert isinstance(item["order"], str)
    above = api.call("GET", f"{V3}/departments/parent", department_id=lower).data["items"]
    assert [each["name"] for each in above] == ["研发"]
    some = api.call("GET", f"{V3}/departments/batch", department_ids=[upper, lower, "od-none"]).data["items"]
    assert [each["name"] for each in some] == ["研发", "平台 🚀"]


def test_fields_without_a_scope_are_absent_not_null(simulator, control, tree):
    *_, people = tree
    app = control.create_app(scopes=["contact:contact.base:readonly", "contact:user.base:readonly"])
    bare = Api(simulator.url, app.app_id, app.app_secret).call("GET", f"{V3}/users/{people[0]}").data["user"]
    assert set(bare) == {"open_id", "union_id", "mobile_visible", "name", "en_name", "nickname", "avatar"}


def test_outside_its_range_an_app_sees_nobody(api, simulator, control, tree):
    upper, lower, (li, han, ann) = tree
    control.set_contact_range(simulator.app_id, [lower], [ann])
    assert codes(api, f"/users/{li}", f"/users/{han}", f"/users/{ann}", f"/departments/{upper}") == [41050, 0, 0, 40004]
    assert members(api, "0").code == 40004
    some = api.call("GET", f"{V3}/users/batch", user_ids=[li, han, "ou_none"]).data["items"]
    assert [each["open_id"] for each in some] == [han]
    scopes = api.call("GET", f"{V3}/scopes").data
    assert (scopes["user_ids"], scopes["department_ids"]) == ([ann], [lower])


def test_ids_are_found_by_mail_and_phone(api, control, tree):
    *_, (li, han, _) = tree
    body = {"emails": ["MEI@example.com", "no@example.com"], "mobiles": ["+8613800000001"]}
    found = api.call("POST", f"{V3}/users/batch_get_id", body, user_id_type="open_id").data["user_list"]
    assert found == [
        {"user_id": han, "email": "MEI@example.com"},
        {"email": "no@example.com"},
        {"user_id": li, "mobile": "+8613800000001"},
    ]
    control.resign(han)
    again = api.call("POST", f"{V3}/users/batch_get_id", {"emails": ["mei@example.com"]}).data["user_list"]
    assert again == [{"email": "mei@example.com"}]


def test_who_resigned_is_in_no_list_and_shown_as_the_switch_says(api, control, tree):
    upper, _, (li, *_) = tree
    control.resign(li)
    assert li not in [each["open_id"] for each in members(api, upper).data["items"]]
    assert api.call("GET", f"{V3}/users/{li}").data["user"]["status"]["is_resigned"]
    for way, code in (("unknown", 41012), ("forbidden", 41050)):
        control.set_switches(resigned_user=way)
        assert codes(api, f"/users/{li}") == [code]


def told(control, kind):
    import json

    return [json.loads(each["body"])["event"] for each in control.events(type=kind, bodies=True)]


def test_an_update_tells_only_what_changed_and_a_phone_apart(control, tree):
    upper, lower, (li, *_) = tree
    control.edit_person(li, {"name": "李雷2", "mobile": "+8613900000000"})
    control.move_person(li, [lower])
    name, mobile, moved = told(control, "contact.user.updated_v3")
    assert (name["old_object"], mobile["old_object"]) == ({"name": "李雷"}, {"mobile": "+8613800000001"})
    assert moved["old_object"]["department_ids"] == [upper]
    assert "department_ids" not in moved["object"]
    control.resign(li)
    (gone,) = told(control, "contact.user.deleted_v3")
    assert gone["old_object"] == {"department_ids": [lower], "open_id": li}


def test_departments_and_ranges_tell_of_themselves(control, simulator, tree):
    upper, lower, (li, *_) = tree
    control.edit_department(lower, name="平台部", leader=li)
    changed = told(control, "contact.department.updated_v3")[-1]
    assert changed["object"]["leader_user_id"] == li
    assert isinstance(changed["object"]["order"], int)
    assert changed["old_object"]["name"] == "平台 🚀"
    control.set_contact_range(simulator.app_id, [upper])
    (scope,) = told(control, "contact.scope.updated_v3")
    assert [each["open_department_id"] for each in scope["added"]["departments"]] == [upper]
    empty = control.add_department("空", parent=lower)
    control.delete_department(empty)
    (gone,) = told(control, "contact.department.deleted_v3")
    assert gone["old_object"] == {"status": {"is_deleted": True}, "open_department_id": empty}
