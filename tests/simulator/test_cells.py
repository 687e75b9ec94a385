"""What each type of field takes, how it refuses, and how it is read back."""

import math

import pytest

MS = 1_700_000_123_456


def person(open_id, name=None):
    return {"id": open_id, "name": name or f"User {open_id[-6:]}", "en_name": "", "email": "", "avatar_url": ""}


READ_BACK = [
    ("订单号", "A-1 😀 漢字", [{"type": "text", "text": "A-1 😀 漢字"}]),
    ("订单号", "**not markdown**\nsecond line", [{"type": "text", "text": "**not markdown**\nsecond line"}]),
    ("条码", "FS0001", [{"type": "text", "text": "FS0001"}]),
    ("邮箱", "a@b.cn", [{"type": "url", "text": "a@b.cn", "link": "mailto:a@b.cn"}]),
    ("金额", 0.1 + 0.2, 0.30000000000000004),
    ("金额", -1, -1),
    ("金额", 2**53, 2**53),
    ("金额", 1.7976931348623157e308, 1.7976931348623157e308),
    ("金额", 5e-324, 5e-324),
    ("金额", 12345678901234567890, 12345678901234567000.0),
    ("状态", "已发货", "已发货"),
    ("标签", ["甲", "乙"], ["甲", "乙"]),
    ("日期", MS, MS),
    ("日期", -1, -1),
    ("完成", True, True),
    ("完成", False, False),
    ("负责人", [{"id": "ou_abcdef"}], [person("ou_abcdef")]),
    ("电话", "+8613800000000", "+8613800000000"),
    ("网址", {"text": "官网", "link": "https://a.cn"}, {"text": "官网", "link": "https://a.cn"}),
    ("网址", {"link": "https://a.cn"}, {"text": "https://a.cn", "link": "https://a.cn"}),
    ("群", [{"id": "oc_1234"}], [{"id": "oc_1234", "name": "Chat 1234", "avatar_url": ""}]),
]


@pytest.mark.parametrize(("field", "written", "read"), READ_BACK)
def test_a_written_value_is_echoed_as_written_and_read_in_its_new_shape(orders, field, written, read):
    record = orders.create({field: written}).data["record"]
    assert set(record) == {"record_id", "id", "fields"}
    assert record["id"] == record["record_id"]
    assert record["fields"] == {field: written}
    found = orders.read(record["record_id"])[field]
    assert found == read
    assert type(found) is type(read)
    assert orders.search({"field_names": [field]}).data["items"][0]["fields"] == {field: read}


REFUSED = [
    ("订单号", 5, 1254060),
    ("订单号", ["x"], 1254060),
    ("订单号", {"text": "x"}, 1254060),
    ("订单号", "x" * 100_001, 1254130),
    ("邮箱", 5, 1254060),
    ("条码", True, 1254060),
    ("金额", "5", 1254061),
    ("金额", True, 1254061),
    ("金额", "", 1254061),
    ("状态", 5, 1254062),
    ("状态", ["待处理"], 1254062),
    ("状态", "", 1254062),
    ("标签", "甲", 1254063),
    ("标签", [1], 1254063),
    ("标签", [f"o{n}" for n in range(1001)], 1254063),
    ("日期", "2024-01-01", 1254064),
    ("日期", 1.5, 1254064),
    ("日期", True, 1254064),
    ("完成", "true", 1254065),
    ("完成", 1, 1254065),
    ("负责人", "ou_1", 1254066),
    ("负责人", ["ou_1"], 1254066),
    ("负责人", [{"id": "on_union"}], 1254066),
    ("负责人", [{"id": f"ou_{n}"} for n in range(1001)], 1254066),
    ("电话", 138, 1254072),
    ("电话", "138-0000", 1254072),
    ("电话", "1" * 65, 1254072),
    ("网址", "https://a.cn", 1254068),
    ("网址", {"text": "a"}, 1254068),
    ("附件", "box", 1254069),
    ("附件", [{"token": "x"}], 1254069),
    ("附件", [{"file_token": "boxFromElsewhere"}], 1254303),
    ("地点", "here", 1254015),
    ("地点", "200,0", 1254015),
    ("群", ["oc_1"], 1254015),
    ("群", [{"id": f"oc_{n}"} for n in range(11)], 1254015),
    ("创建于", MS, 1254015),
    ("修改于", MS, 1254015),
    ("创建人", [{"id": "ou_1"}], 1254015),
    ("修改人", [{"id": "ou_1"}], 1254015),
    ("编号", "1", 1254015),
    ("公式", 1, 1254015),
    ("没有这列", 1, 1254045),
    (" 订单号", "x", 1254045),
]


@pytest.mark.parametrize(("field", "value", "code"), REFUSED)
def test_a_value_that_does_not_fit_is_refused_with_the_code_of_its_type(orders, control, place, field, value, code):
    assert orders.create({field: value}).code == code
    assert control.plain(place.app_token, place.table_id) == {}


def test_the_longest_text_is_kept_whole(orders):
    text = "長" * 100_000
    record = orders.create({"订单号": text}).data["record"]["record_id"]
    assert orders.read(record)["订单号"][0]["text"] == text


def test_empty_cells_are_left_out_and_null_clears(orders):
    record = orders.create({"订单号": "1", "金额": 5, "标签": ["甲"], "完成": True}).data["record"]["record_id"]
    assert set(orders.read(record)) == {
        "订单号",
        "金额",
        "标签",
        "完成",
        "创建于",
        "修改于",
        "创建人",
        "修改人",
        "编号",
    }
    echoed = orders.update(record, {"订单号": None, "金额": None, "标签": [], "完成": None}).data["record"]["fields"]
    assert echoed == {"标签": []}
    assert set(orders.read(record)) == {"创建于", "修改于", "创建人", "修改人", "编号"}


@pytest.mark.parametrize("empty", [None, [], {"link_record_ids": []}])
def test_list_cells_are_cleared_by_null_or_an_empty_list(control, api, place, empty):
    other = control.create_table(
        place.app_token,
        "b",
        [{"field_name": "n", "type": 1}, {"field_name": "l", "type": 18, "property": {"table_id": place.table_id}}],
    )
    target = control.add_record(place.app_token, place.table_id, {})
    table = api.at(other)
    record = table.create({"l": [target]}).data["record"]["record_id"]
    assert table.read(record) == {"l": {"link_record_ids": [target]}}
    table.update(record, {"l": empty})
    assert table.read(record) == {}


def test_how_a_cleared_text_is_read_is_a_switch(orders, control):
    for shape, read in (("list", []), ("string", "")):
        control.set_switches(cleared_text=shape)
        record = orders.create({"订单号": "1"}).data["record"]["record_id"]
        assert orders.update(record, {"订单号": ""}).code == 0
        assert orders.read(record)["订单号"] == read
    empty = {"conjunction": "and", "conditions": [{"field_name": "订单号", "operator": "isEmpty", "value": []}]}
    assert orders.search({"filter": empty}).data["total"] == 2


def test_an_empty_string_clears_other_types_only_by_a_switch(orders, control):
    control.set_switches(empty_string_clears=True)
    record = orders.create({"金额": 1}).data["record"]["record_id"]
    assert orders.update(record, {"金额": ""}).code == 0
    assert "金额" not in orders.read(record)


def test_null_can_be_switched_to_be_ignored_and_to_be_echoed(orders, control):
    record = orders.create({"金额": 1}).data["record"]["record_id"]
    control.set_switches(null_clears=False, echo_nulls=True)
    assert orders.update(record, {"金额": None}).data["record"]["fields"] == {"金额": None}
    assert orders.read(record)["金额"] == 1


def test_an_unchecked_box_is_shown_or_omitted(orders, control):
    control.set_switches(unchecked_shown=False)
    record = orders.create({"完成": False}).data["record"]["record_id"]
    assert "完成" not in orders.read(record)


def test_whole_numbers_come_as_integers_or_floats(orders, control):
    record = orders.create({"金额": 3.0}).data["record"]["record_id"]
    assert (
        orders.api.raw("POST", f"{orders.path}/records/search", json={"field_names": ["金额"]}).text.count('"金额":3}')
        == 1
    )
    control.set_switches(whole_numbers="float")
    found = orders.read(record)["金额"]
    assert isinstance(found, float)
    assert found == 3.0


def test_dates_may_lose_their_seconds_or_refuse_the_past(orders, control):
    control.set_switches(dates_keep="minute", dates_before_1970=False)
    record = orders.create({"日期": MS}).data["record"]["record_id"]
    assert orders.read(record)["日期"] == MS // 60_000 * 60_000
    assert orders.create({"日期": -1}).code == 1254064


def test_nan_is_no_json_number(orders):
    body = '{"fields":{"金额":NaN}}'
    assert orders.api.raw("POST", f"{orders.path}/records", data=body).json()["code"] == 1254000
    assert math.isfinite(orders.read(orders.create({"金额": 1e308}).data["record"]["record_id"])["金额"])


# options


def options(control, place, field):
    fields = {each["field_name"]: each for each in control.table(place.app_token, place.table_id)["fields"]}
    return fields[field]["property"]["options"]


def test_an_unknown_name_makes_an_option_with_the_next_color(orders, control, place):
    orders.batch_create([{"状态": "新的"}, {"状态": "新的"}, {"状态": "更新的"}])
    found = options(control, place, "状态")
    assert [(each["name"], each["color"]) for each in found] == [
        ("待处理", 0),
        ("已发货", 1),
        ("新的", 2),
        ("更新的", 3),
    ]
    assert all(each["id"].startswith("opt") for each in found)


def test_the_same_new_name_twice_in_one_cell_makes_two_options(orders, control, place):
    record = orders.create({"标签": ["新", "新"]}).data["record"]["record_id"]
    assert [each["name"] for each in options(control, place, "标签")] == ["新", "新"]
    assert orders.read(record)["标签"] == ["新", "新"]
    again = orders.create({"标签": ["新", "新"]}).data["record"]["record_id"]
    assert orders.read(again)["标签"] == ["新"]


def test_a_refused_batch_leaves_no_options_behind(orders, control, place):
    assert orders.batch_create([{"状态": "新的"}, {"金额": "x"}]).code == 1254061
    assert len(options(control, place, "状态")) == 2


# people


def test_people_are_written_and_read_under_the_id_type_of_the_call(orders, control):
    li = control.add_person("李雷", "Li Lei", "lei@example.com")
    record = orders.create({"负责人": [{"id": li["union_id"]}]}, user_id_type="union_id").data["record"]["record_id"]
    for id_type in ("open_id", "union_id", "user_id"):
        found = orders.search({}, user_id_type=id_type).data["items"][0]["fields"]["负责人"]
        assert found[0]["id"] == li[id_type]
        assert found[0]["email"] == "lei@example.com"
    assert orders.read(record, user_id_type="user_id")["负责人"][0]["id"] == li["user_id"]
    assert orders.create({"负责人": [{"id": li["open_id"]}]}, user_id_type="user_id").code == 1254066
    assert orders.search({}, user_id_type="phone").code == 99992402


def test_unknown_people_are_refused_by_a_switch(orders, control):
    control.set_switches(people_must_exist=True)
    assert orders.create({"负责人": [{"id": "ou_nobody"}]}).code == 1254066
    known = control.add_person("韩梅梅")
    assert orders.create({"负责人": [{"id": known["open_id"]}]}).code == 0


def test_a_user_field_for_one_person_takes_one(control, api, place):
    single = [{"field_name": "n", "type": 1}, {"field_name": "u", "type": 11, "property": {"multiple": False}}]
    table = api.at(control.create_table(place.app_token, "单人", single))
    assert table.create({"u": [{"id": "ou_1"}, {"id": "ou_2"}]}).code == 1254066
    assert table.create({"u": [{"id": "ou_1"}]}).code == 0


# files, places


def test_attachments_take_tokens_of_this_base_only(orders, control, place):
    token = control.add_file(place.app_token, "图.png", "image/png", 42)
    record = orders.create({"附件": [{"file_token": token}]}).data["record"]["record_id"]
    (found,) = orders.read(record)["附件"]
    assert (found["file_token"], found["name"], found["type"], found["size"]) == (token, "图.png", "image/png", 42)
    assert set(found) == {"file_token", "name", "type", "size", "url", "tmp_url"}
    foreign = control.add_file(control.create_base("另一个"))
    assert orders.create({"附件": [{"file_token": foreign}]}).code == 1254303
    assert orders.create({"附件": [{"file_token": token}] * 101}).code == 1254106


def test_a_location_is_written_as_text_and_read_as_an_object(orders):
    record = orders.create({"地点": "116.397755,39.903179"}).data["record"]
    assert record["fields"] == {"地点": "116.397755,39.903179"}
    found = orders.read(record["record_id"])["地点"]
    assert found["location"] == "116.397755,39.903179"
    assert set(found) == {"location", "pname", "cityname", "adname", "address", "name", "full_address"}


# what nobody writes


def test_automatic_cells_are_kept_by_themselves(orders, control, simulator):
    control.set_clock(seconds=1_800_000_000.789, scale=0)
    orders.api.token = orders.api.sign_in().json["tenant_access_token"]
    record = orders.create({"订单号": "1"}).data["record"]["record_id"]
    control.advance_clock(5)
    human = control.add_person("韩梅梅")
    place = orders.path.split("/")
    control.edit_record(place[4], place[6], record, {"订单号": "2"}, by=human["open_id"])
    cells = orders.read(record)
    assert (cells["创建于"], cells["修改于"]) == (1_800_000_000_000, 1_800_000_005_000)
    assert [each["name"] for each in cells["创建人"]] == ["Sync"]
    assert [each["name"] for each in cells["修改人"]] == ["韩梅梅"]
    assert cells["编号"] == "1"
    control.set_switches(automatic_time_step_ms=1)
    second = orders.create({}).data["record"]["record_id"]
    assert orders.read(second)["创建于"] == 1_800_000_005_789
    assert orders.read(second)["编号"] == "2"


def test_automatic_fields_are_added_on_request(orders):
    orders.create({"订单号": "1"})
    (plain,) = orders.search().data["items"]
    assert set(plain) == {"record_id", "fields"}
    (item,) = orders.search({"automatic_fields": True}).data["items"]
    assert set(item) == {"record_id", "fields", "created_by", "created_time", "last_modified_by", "last_modified_time"}
    assert item["created_time"] % 1000 == 0
    assert set(item["created_by"]) == {"id", "name", "en_name", "email", "avatar_url"}
    (got,) = orders.get(item["record_id"], automatic_fields=True).data["records"]
    assert got == item


def test_an_update_that_changes_nothing_leaves_the_modified_time_unless_switched(orders, control):
    control.set_clock(scale=0)
    record = orders.create({"订单号": "1"}).data["record"]["record_id"]
    before = orders.read(record)["修改于"]
    control.advance_clock(10)
    orders.update(record, {"订单号": "1"})
    assert orders.read(record)["修改于"] == before
    control.set_switches(no_op_bumps_modified=True)
    orders.update(record, {"订单号": "1"})
    assert orders.read(record)["修改于"] == before + 10_000


def test_auto_numbers_wear_what_their_field_says(control, api, place):
    rules = [
        {"type": "fixed_text", "value": "SO-"},
        {"type": "created_time", "value": "yyyyMMdd"},
        {"type": "system_number", "value": "4"},
    ]
    fields = [
        {"field_name": "n", "type": 1},
        {"field_name": "no", "type": 1005, "property": {"auto_serial": {"type": "custom", "options": rules}}},
    ]
    control.set_clock(seconds=1_735_660_800, scale=0)  # 2025-01-01 00:00 in Shanghai
    api.token = api.sign_in().json["tenant_access_token"]
    table = api.at(control.create_table(place.app_token, "号", fields))
    record = table.create({"n": "x"}).data["record"]["record_id"]
    assert table.read(record)["no"] == "SO-202501010001"


# formulas


def test_formula_values_are_typed_lists(orders, control, place):
    at = (place.app_token, place.table_id)
    record = control.add_record(*at, {"订单号": "1", "公式": 12.5})
    assert orders.read(record)["公式"] == {"type": 2, "value": [12.5]}
    control.edit_record(*at, record, {"公式": "文字"})
    assert orders.read(record)["公式"] == {"type": 1, "value": [{"type": "text", "text": "文字"}]}
    control.edit_record(*at, record, {"公式": ""})
    assert "公式" not in orders.read(record)


def test_the_shape_of_formulas_is_switchable(orders, control, place):
    at = (place.app_token, place.table_id)
    filled, empty = control.add_records(*at, [{"公式": 3}, {}])
    control.set_switches(formula_value="scalar", formula_ui_type=True, empty_formula="null")
    assert orders.read(filled)["公式"] == {"type": 2, "value": 3, "ui_type": "Number"}
    assert orders.read(empty)["公式"] is None
    control.set_switches(empty_formula="list")
    assert orders.read(empty)["公式"] == {"type": 1, "value": []}


def test_an_expression_is_worked_out_from_the_record_and_through_links(control, api):
    base = control.create_base()
    prices = control.create_table(
        base, "价格", [{"field_name": "名", "type": 1}, {"field_name": "价", "type": 2, "property": {"formatter": "0"}}]
    )
    lines = control.create_table(
        base,
        "明细",
        [
            {"field_name": "名", "type": 1},
            {"field_name": "量", "type": 2, "property": {"formatter": "0"}},
            {"field_name": "品", "type": 18, "property": {"table_id": prices.table_id}},
            {"field_name": "单价", "type": 19, "expression": {"lookup": "价", "through": "品"}},
            {"field_name": "合计", "type": 20, "expression": {"product": ["量", {"value": 2}]}},
            {"field_name": "标题", "type": 20},
        ],
    )
    apple = control.add_record(base, prices.table_id, {"名": "苹果", "价": 3})
    line = control.add_record(base, lines.table_id, {"名": "一", "量": 4, "品": [apple]})
    control.set_expression(base, lines.table_id, "标题", {"concat": ["名", {"value": "-"}, "量"]})
    table = api.at(lines)
    assert table.read(line)["单价"] == {"type": 2, "value": [3]}
    assert table.read(line)["合计"] == {"type": 2, "value": [8.0]}
    assert table.read(line)["标题"] == {"type": 1, "value": [{"type": "text", "text": "一-4"}]}
    control.edit_record(base, prices.table_id, apple, {"价": 5})
    assert table.read(line)["单价"] == {"type": 2, "value": [5]}
    control.edit_record(base, lines.table_id, line, {"量": 10})
    assert table.read(line)["合计"] == {"type": 2, "value": [20.0]}


def test_a_recalculated_formula_moves_neither_time_nor_revision_unless_switched(orders, control, place):
    at = (place.app_token, place.table_id)
    record = control.add_record(*at, {"订单号": "1"})
    before, time = control.table(*at)["revision"], orders.read(record)["修改于"]
    control.edit_record(*at, record, {"公式": 1})
    assert (control.table(*at)["revision"], orders.read(record)["修改于"]) == (before, time)
    control.set_switches(computed_bumps_revision=True)
    control.edit_record(*at, record, {"公式": 2})
    assert control.table(*at)["revision"] == before + 1


# links


@pytest.fixture
def linked(control):
    """Two tables, tied by a one-way and a two-way link."""
    base = control.create_base()
    customers = control.create_table(base, "客户", [{"field_name": "名", "type": 1}])
    fields = [
        {"field_name": "号", "type": 1},
        {"field_name": "单向", "type": 18, "property": {"table_id": customers.table_id}},
        {"field_name": "双向", "type": 21, "property": {"table_id": customers.table_id, "back_field_name": "订单"}},
    ]
    return control.create_table(base, "订单", fields), customers


def test_a_two_way_link_is_written_back_and_taken_back(control, api, linked):
    orders, customers = map(api.at, linked)
    a, b = (customers.create({"名": name}).data["record"]["record_id"] for name in "ab")
    order = orders.create({"号": "1", "双向": [a]}).data["record"]["record_id"]
    assert customers.read(a)["订单"] == {"link_record_ids": [order]}
    orders.update(order, {"双向": {"link_record_ids": [b]}})
    assert "订单" not in customers.read(a)
    assert customers.read(b)["订单"] == {"link_record_ids": [order]}
    customers.update(b, {"订单": None})
    assert "双向" not in orders.read(order)


def test_a_deleted_record_leaves_every_link(control, api, linked):
    orders, customers = map(api.at, linked)
    a, b = (customers.create({"名": name}).data["record"]["record_id"] for name in "ab")
    order = orders.create({"单向": [a, b], "双向": [a]}).data["record"]["record_id"]
    customers.batch_delete(a)
    assert orders.read(order) == {"单向": {"link_record_ids": [b]}}


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("单向", "recX", 1254067),
        ("单向", ["recUnknown0000"], 1254067),
        ("双向", "recX", 1254074),
        ("双向", ["recUnknown0000"], 1254074),
        ("单向", [{"record_id": "recX"}], 1254074),
        ("双向", [{"record_id": "recX"}], 1254074),
    ],
)
def test_links_refuse_what_is_no_list_of_known_ids(api, linked, field, value, code):
    assert api.at(linked[0]).create({field: value}).code == code


def test_a_back_write_counts_for_the_peer_as_switched(control, api, linked):
    orders, customers = map(api.at, linked)
    a = customers.create({"名": "a"}).data["record"]["record_id"]
    control.set_switches(back_writes_bump_revision=False)
    at = (linked[1].app_token, linked[1].table_id)
    before = control.table(*at)["revision"]
    orders.create({"双向": [a]})
    assert control.table(*at)["revision"] == before
    control.set_switches(back_writes_bump_revision=True, back_writes_bump_modified=True)
    control.advance_clock(60)
    before_time = control.records(*at)[a]["last_modified_time"]
    orders.create({"双向": [a]})
    assert control.table(*at)["revision"] == before + 1
    assert control.records(*at)[a]["last_modified_time"] > before_time


def test_stages_and_buttons_are_read_only(control, api, place):
    fields = [{"field_name": "n", "type": 1}, {"field_name": "阶段", "type": 24}, {"field_name": "按钮", "type": 3001}]
    made = control.create_table(place.app_token, "流程", fields)
    record = control.add_record(made.app_token, made.table_id, {"阶段": "进行中"})
    assert api.at(made).read(record) == {"阶段": "进行中"}
    assert api.at(made).update(record, {"阶段": "完成"}).code == 1254015
    assert api.at(made).update(record, {"按钮": "x"}).code == 1254015
