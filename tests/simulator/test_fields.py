"""Fields: their types, properties, and what changing one does to the cells."""

import uuid

import pytest


def fields(orders, **query):
    found = []
    data = {"has_more": True, "page_token": ""}
    while data["has_more"]:
        data = orders.call("GET", "/fields", page_size=100, page_token=data["page_token"], **query).data
        found += data["items"]
    return {each["field_name"]: each for each in found}


def add(orders, **spec):
    return orders.call("POST", "/fields", spec)


def test_fields_are_listed_in_column_order_with_their_properties(orders, place):
    found = fields(orders)
    assert list(found) == list(place.fields)
    first = found["订单号"]
    keys = {"field_id", "field_name", "type", "ui_type", "is_primary", "is_hidden", "property", "description"}
    assert set(first) == keys
    assert (first["is_primary"], first["property"]) == (True, None)
    assert found["金额"]["property"] == {"formatter": "0.00"}
    assert [each["name"] for each in found["状态"]["property"]["options"]] == ["待处理", "已发货"]
    assert found["日期"]["property"] == {"date_formatter": "yyyy/MM/dd", "auto_fill": False}
    assert found["邮箱"]["ui_type"] == "Email"


def test_lists_of_fields_page_by_id_and_show_a_token_on_the_last_page_too(orders, control):
    data = orders.call("GET", "/fields", page_size=5).data
    assert (len(data["items"]), data["total"], data["has_more"]) == (5, 20, True)
    assert data["page_token"].startswith("fld")
    whole = orders.call("GET", "/fields", page_size=100).data
    assert (whole["has_more"], whole["page_token"]) == (False, whole["items"][-1]["field_id"])
    control.set_switches(page_token_on_last_page=False)
    assert "page_token" not in orders.call("GET", "/fields", page_size=100).data
    assert orders.call("GET", "/fields", page_size=101).code == 99992402
    assert orders.call("GET", "/fields", page_token="fldUnknown").code == 1254002


def test_descriptions_come_as_text_or_as_segments(orders):
    add(orders, field_name="说明", type=1, description={"text": "给人看的"})
    assert fields(orders)["说明"]["description"] == "给人看的"
    segments = fields(orders, text_field_as_array="true")["说明"]["description"]
    assert segments == [{"type": "text", "text": "给人看的"}]


CREATED = [
    (1, "Text", None),
    (1, "Barcode", {"allowed_edit_modes": {"manual": True, "scan": True}}),
    (2, "Number", {"formatter": "0.0"}),
    (2, "Progress", {"formatter": "0%"}),
    (2, "Currency", {"formatter": "0.00", "currency_code": "CNY"}),
    (2, "Rating", {"formatter": "0", "min": 1, "max": 5}),
    (3, "SingleSelect", {"options": []}),
    (5, "DateTime", {"date_formatter": "yyyy-MM-dd HH:mm", "auto_fill": False}),
    (7, "Checkbox", None),
    (11, "User", {"multiple": False}),
    (15, "Url", None),
    (17, "Attachment", None),
    (23, "GroupChat", {"multiple": True}),
    (1001, "CreatedTime", {"date_formatter": "yyyy/MM/dd"}),
    (1003, "CreatedUser", None),
    (1005, "AutoNumber", {"auto_serial": {"type": "auto_increment_number", "options": []}}),
]


@pytest.mark.parametrize(("number", "ui_type", "shown"), CREATED)
def test_a_field_of_every_type_the_api_creates(orders, number, ui_type, shown):
    given = shown or None
    made = add(orders, field_name=" 新 ", type=number, ui_type=ui_type, property=given).data["field"]
    assert (made["field_name"], made["type"], made["ui_type"], made["property"]) == ("新", number, ui_type, shown)


@pytest.mark.parametrize(
    ("spec", "code"),
    [
        ({"type": 1}, 1254028),
        ({"field_name": "  ", "type": 1}, 1254028),
        ({"field_name": "金额", "type": 1}, 1254014),
        ({"field_name": "x", "type": 19}, 1254012),
        ({"field_name": "x", "type": 24}, 1254012),
        ({"field_name": "x", "type": 3001}, 1254012),
        ({"field_name": "x", "type": 99}, 1254012),
        ({"field_name": "x", "type": 1, "ui_type": "Number"}, 1254015),
        ({"field_name": "x", "type": 2, "property": {"formatter": "0.123"}}, 1254081),
        ({"field_name": "x", "type": 2, "ui_type": "Currency", "property": {"formatter": "0.0"}}, 1254081),
        ({"field_name": "x", "type": 2, "ui_type": "Rating", "property": {"min": 0, "max": 11}}, 1254081),
        ({"field_name": "x", "type": 3, "property": {"options": "a"}}, 1254082),
        ({"field_name": "x", "type": 4, "property": {"options": [{"name": "a", "color": 55}]}}, 1254083),
        ({"field_name": "x", "type": 4, "property": {"options": [{"name": ""}]}}, 1254026),
        ({"field_name": "x", "type": 7, "property": {}}, 1254085),
        ({"field_name": "x", "type": 11, "property": {"multiple": "yes"}}, 1254086),
        ({"field_name": "x", "type": 15, "property": {}}, 1254087),
        ({"field_name": "x", "type": 18, "property": {"table_id": "tblNo"}}, 1254089),
        ({"field_name": "x", "type": 21}, 1254092),
    ],
)
def test_a_field_that_cannot_be_is_refused(orders, spec, code):
    assert add(orders, **spec).code == code


def test_creating_a_field_twice_under_one_token_makes_one(orders):
    token = str(uuid.uuid4())
    spec = {"field_name": "新", "type": 1}
    first = orders.call("POST", "/fields", spec, client_token=token)
    assert orders.call("POST", "/fields", spec, client_token=token).json == first.json
    assert orders.call("POST", "/fields", spec).code == 1254014


def test_a_two_way_link_makes_its_other_half(api, control, place, orders):
    other = control.create_table(place.app_token, "客户", [{"field_name": "名", "type": 1}])
    half = {"table_id": other.table_id, "back_field_name": "订单们"}
    made = add(orders, field_name="客户", type=21, property=half).data["field"]
    back = fields(api.at(other))["订单们"]
    assert made["property"]["back_field_id"] == back["field_id"]
    assert back["property"]["back_field_id"] == made["field_id"]
    assert back["property"]["table_id"] == place.table_id
    assert orders.call("DELETE", f"/fields/{made['field_id']}").data == {"field_id": made["field_id"], "deleted": True}
    assert "订单们" not in fields(api.at(other))


def put(orders, field, **spec):
    return orders.call("PUT", f"/fields/{field['field_id']}", spec)


def test_an_update_overwrites_everything(orders):
    amount = fields(orders)["金额"]
    changed = put(orders, amount, field_name="价格", type=2, property={"formatter": "0"}, description={"text": "元"})
    assert changed.data["field"]["property"] == {"formatter": "0"}
    assert (
        put(orders, amount, field_name="价格", type=2, property={"formatter": "0"}).data["field"]["description"] == ""
    )
    same = put(orders, amount, field_name="价格", type=2, property={"formatter": "0"})
    assert (same.code, same.json["msg"]) == (1254606, "DataNotChange")
    assert put(orders, amount, field_name="订单号", type=2).code == 1254014


def test_a_renamed_field_is_known_by_its_new_name_only(orders):
    record = orders.create({"金额": 5}).data["record"]["record_id"]
    put(orders, fields(orders)["金额"], field_name="价格", type=2, property={"formatter": "0.00"})
    assert orders.read(record)["价格"] == 5
    assert orders.update(record, {"金额": 6}).code == 1254045


def test_options_sent_without_their_id_are_made_anew_and_their_cells_emptied(orders):
    record, other = (orders.create({"状态": name}).data["record"]["record_id"] for name in ("待处理", "已发货"))
    status = fields(orders)["状态"]
    kept = status["property"]["options"][0]
    options = [{**kept, "name": "等着"}, {"name": "已发货"}]
    after = put(orders, status, field_name="状态", type=3, property={"options": options}).data["field"]
    ids = [each["id"] for each in after["property"]["options"]]
    assert ids[0] == kept["id"]
    assert ids[1] != status["property"]["options"][1]["id"]
    assert orders.read(record)["状态"] == "等着"
    assert "状态" not in orders.read(other)


def test_a_retyped_field_keeps_what_converts(orders, control, place):
    at = (place.app_token, place.table_id)
    lines = [{"订单号": "12.5", "标签": ["甲", "乙"]}, {"订单号": "abc"}]
    number, word = control.add_records(*at, lines)
    control.retype_field(*at, "订单号", 2, property={"formatter": "0.0"})
    control.retype_field(*at, "标签", 1)
    assert orders.read(number)["订单号"] == 12.5
    assert "订单号" not in orders.read(word)
    assert orders.read(number)["标签"] == [{"type": "text", "text": "甲, 乙"}]
    control.retype_field(*at, "标签", 4)
    assert orders.read(number)["标签"] == ["甲, 乙"]
    assert orders.create({"订单号": "text"}).code == 1254061


def test_the_primary_field_cannot_go_and_keeps_to_its_types(orders):
    primary = fields(orders)["订单号"]
    assert orders.call("DELETE", f"/fields/{primary['field_id']}").code == 1254046
    assert put(orders, primary, field_name="订单号", type=3).code == 1254012


def test_a_deleted_field_takes_its_cells_along(orders):
    record = orders.create({"金额": 5}).data["record"]["record_id"]
    amount = fields(orders)["金额"]
    orders.call("DELETE", f"/fields/{amount['field_id']}")
    assert "金额" not in orders.read(record)
    assert orders.call("DELETE", f"/fields/{amount['field_id']}").code == 1254044
    assert orders.call("DELETE", "/fields/nonsense").code == 1254009


def test_three_hundred_fields_are_the_most(api, control, place):
    many = [{"field_name": f"f{n}", "type": 1} for n in range(300)]
    table = api.at(control.create_table(place.app_token, "宽", many))
    assert add(table, field_name="one more", type=1).code == 1254105
    formulas = [{"field_name": "n", "type": 1}, *({"field_name": f"f{n}", "type": 20} for n in range(100))]
    table = api.at(control.create_table(place.app_token, "算", formulas))
    assert add(table, field_name="one more", type=20).code == 1254105
