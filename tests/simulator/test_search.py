"""Search: paging, filters, sorting, views."""

import datetime as dt

import pytest

SHANGHAI = dt.timezone(dt.timedelta(hours=8))


def ms(*when):
    return int(dt.datetime(*when, tzinfo=SHANGHAI).timestamp() * 1000)


@pytest.fixture
def seven(control, place):
    return control.add_records(place.app_token, place.table_id, [{"订单号": str(n), "金额": n} for n in range(7)])


# paging


def test_pages_follow_each_other_to_the_end(orders, seven):
    data = orders.search(page_size=3).data
    assert (data["total"], data["has_more"], len(data["items"])) == (7, True, 3)
    assert data["page_token"]
    assert [len(page) for page in orders.pages(page_size=3)] == [3, 3, 1]
    assert orders.ids(page_size=3) == seven
    last = orders.search(page_size=7).data
    assert (last["has_more"], "page_token" in last) == (False, False)


def test_twenty_is_the_default_and_five_hundred_the_most(orders, control, place):
    control.add_records(place.app_token, place.table_id, [{}] * 600)
    assert len(orders.search().data["items"]) == 20
    assert len(orders.search(page_size=500).data["items"]) == 500
    assert orders.search(page_size=501).code == 99992402
    assert orders.search(page_size=0).code == 1254011
    assert orders.search(page_size="many").code == 99992402
    control.set_switches(oversize_page_code=0)
    assert len(orders.search(page_size=501).data["items"]) == 500


def test_page_token_and_page_size_in_the_body_are_ignored(orders, control, place):
    control.add_records(place.app_token, place.table_id, [{}] * 30)
    token = orders.search().data["page_token"]
    first = orders.search({"page_token": token, "page_size": 5}).data
    assert len(first["items"]) == 20
    assert first["items"] == orders.search().data["items"]


def test_a_page_token_that_is_not_ours_is_refused(orders, control, seven):
    assert orders.search(page_token="nonsense").code == 1254002
    assert orders.search(page_token="eyJhIjoxfQ==").code == 1254002
    control.set_switches(bad_page_token_code=1254030)
    assert orders.search(page_token="nonsense").code == 1254030


def test_page_tokens_may_expire(orders, control, seven):
    control.set_clock(scale=0)
    control.set_switches(page_token_seconds=60.0)
    token = orders.search(page_size=3).data["page_token"]
    assert orders.search(page_size=3, page_token=token).code == 0
    control.advance_clock(61)
    assert orders.search(page_size=3, page_token=token).code == 1254002


@pytest.mark.parametrize(("paging", "missed"), [("offset", {3}), ("key", set())])
def test_paging_is_no_snapshot(orders, control, place, seven, paging, missed):
    control.set_switches(paging=paging)
    data = orders.search(page_size=3).data
    control.delete_records(place.app_token, place.table_id, [seven[0]])
    rest = orders.search(page_size=10, page_token=data["page_token"]).data["items"]
    assert [item["record_id"] for item in rest] == [seven[n] for n in range(3, 7) if n not in missed]


@pytest.mark.parametrize(("shape", "shown"), [("list", {"items": []}), ("null", {"items": None}), ("omitted", {})])
def test_how_no_items_look_is_a_switch(orders, control, shape, shown):
    control.set_switches(empty_items=shape)
    assert orders.search().data == {"has_more": False, "total": 0, **shown}


def test_field_names_narrow_what_is_shown(orders, seven):
    item = orders.search({"field_names": ["金额"]}).data["items"][3]
    assert item == {"record_id": seven[3], "fields": {"金额": 3}}
    assert orders.search({"field_names": ["没有"]}).code == 1254024
    assert orders.search({"field_names": ["金额"] * 201}).code == 99992402


# filters


@pytest.fixture
def filled(control, place, api):
    """Two records, one full, one empty; returns a function that gives the matches of one condition."""
    ou = control.add_person("李雷")["open_id"]
    token = control.add_file(place.app_token)
    full = {
        "订单号": "SO-1001 甲",
        "金额": 23.4,
        "状态": "已发货",
        "标签": ["甲", "乙"],
        "日期": ms(2024, 5, 6, 15),
        "完成": True,
        "负责人": [{"id": ou}],
        "电话": "13800001111",
        "网址": {"text": "官网", "link": "https://a.cn"},
        "附件": [{"file_token": token}],
        "群": [{"id": "oc_1"}],
        "地点": "116.3,39.9",
        "邮箱": "a@b.cn",
    }
    one, two = control.add_records(place.app_token, place.table_id, [full, {}])

    def found(field, operator, *value):
        wanted = [ou if each == "OU" else each for each in value]
        condition = {"field_name": field, "operator": operator, "value": wanted}
        answer = api.at(place).search({"filter": {"conjunction": "and", "conditions": [condition]}})
        if answer.code:
            return answer.code
        return "".join({one: "F", two: "E"}[item["record_id"]] for item in answer.data["items"])

    return found


@pytest.mark.parametrize(
    ("field", "operator", "value", "matches"),
    [
        ("订单号", "is", ["SO-1001 甲"], "F"),
        ("订单号", "is", ["SO-1001"], ""),
        ("订单号", "isNot", ["SO-1001 甲"], "E"),
        ("订单号", "contains", ["1001"], "F"),
        ("订单号", "doesNotContain", ["1001"], "E"),
        ("订单号", "isEmpty", [], "E"),
        ("订单号", "isNotEmpty", [], "F"),
        ("邮箱", "contains", ["@b"], "F"),
        ("电话", "is", ["13800001111"], "F"),
        ("金额", "is", ["23.4"], "F"),
        ("金额", "isNot", ["23.4"], "E"),
        ("金额", "isGreater", ["23"], "F"),
        ("金额", "isGreaterEqual", ["23.4"], "F"),
        ("金额", "isLess", ["23.4"], ""),
        ("金额", "isLessEqual", ["23.4"], "F"),
        ("金额", "isEmpty", [], "E"),
        ("状态", "is", ["已发货"], "F"),
        ("状态", "isNot", ["已发货"], "E"),
        ("状态", "contains", ["已发货", "待处理"], "F"),
        ("状态", "doesNotContain", ["已发货", "待处理"], "E"),
        ("标签", "contains", ["甲", "乙"], "F"),
        ("标签", "contains", ["甲", "丙"], ""),
        ("标签", "is", ["甲"], ""),
        ("标签", "isEmpty", [], "E"),
        ("完成", "is", ["true"], "F"),
        ("完成", "is", ["false"], "E"),
        ("负责人", "is", ["OU"], "F"),
        ("负责人", "contains", ["OU"], "F"),
        ("负责人", "isEmpty", [], "E"),
        ("群", "contains", ["oc_1"], "F"),
        ("网址", "is", ["官网"], "F"),
        ("网址", "is", ["https://a.cn"], ""),
        ("附件", "isNotEmpty", [], "F"),
        ("地点", "contains", ["116.3"], "F"),
        ("编号", "is", ["2"], "E"),
        ("编号", "isGreater", ["1"], "E"),
        ("日期", "is", ["ExactDate", str(ms(2024, 5, 6))], "F"),
        ("日期", "is", ["ExactDate", str(ms(2024, 5, 6, 23, 59))], "F"),
        ("日期", "isGreater", ["ExactDate", str(ms(2024, 5, 6))], ""),
        ("日期", "isGreater", ["ExactDate", str(ms(2024, 5, 5, 23))], "F"),
        ("日期", "isLess", ["ExactDate", str(ms(2024, 5, 7))], "F"),
        ("日期", "isEmpty", [], "E"),
        ("创建于", "is", ["Today"], "FE"),
        ("修改于", "isGreater", ["Yesterday"], "FE"),
        ("创建于", "is", ["CurrentWeek"], "FE"),
        ("创建于", "is", ["LastMonth"], ""),
    ],
)
def test_a_condition_finds_what_it_means(filled, field, operator, value, matches):
    assert filled(field, operator, *value) == matches


@pytest.mark.parametrize(
    ("field", "operator", "value", "code"),
    [
        ("没有", "is", ["1"], 1254045),
        ("金额", "contains", ["1"], 1254018),
        ("金额", "is", ["many"], 1254018),
        ("金额", "is", ["1", "2"], 1254018),
        ("完成", "isNot", ["true"], 1254018),
        ("完成", "is", ["True"], 1254018),
        ("订单号", "like", ["1"], 1254018),
        ("订单号", "in", ["1"], 1254018),
        ("订单号", "is", [], 1254018),
        ("订单号", "is", ["1", "2"], 1254018),
        ("日期", "isGreaterEqual", ["ExactDate", "1"], 1254018),
        ("日期", "isNot", ["Today"], 1254018),
        ("日期", "isGreater", ["CurrentWeek"], 1254018),
        ("日期", "is", ["ExactDate"], 1254018),
        ("日期", "is", ["ExactDate", "noon"], 1254018),
        ("日期", "is", ["Someday"], 1254018),
        ("附件", "is", ["x"], 1254018),
        ("公式", "is", ["1"], 1254018),
        ("状态", "is", ["a", "b"], 1254018),
        ("标签", "contains", [str(n) for n in range(11)], 1254018),
    ],
)
def test_a_condition_outside_the_grammar_is_refused(filled, field, operator, value, code):
    assert filled(field, operator, *value) == code


def test_what_contains_several_means_is_a_switch(filled, control):
    control.set_switches(contains_many="any")
    assert filled("标签", "contains", "甲", "丙") == "F"


def test_an_empty_condition_still_needs_its_value_key(orders):
    condition = {"field_name": "订单号", "operator": "isEmpty"}
    answer = orders.search({"filter": {"conjunction": "and", "conditions": [condition]}})
    assert answer.code == 99992402
    assert "Missing required parameter: Value" in answer.json["error"]["field_violations"][0]["description"]


def condition(field, operator, *value):
    return {"field_name": field, "operator": operator, "value": list(value)}


def test_children_nest_one_level(orders, seven):
    low_or_high = {
        "conjunction": "or",
        "conditions": [condition("金额", "isLess", "2"), condition("金额", "isGreater", "4")],
    }
    body = {
        "filter": {"conjunction": "and", "conditions": [condition("金额", "isNot", "6")], "children": [low_or_high]}
    }
    assert orders.ids(body) == [seven[n] for n in (0, 1, 5)]
    deeper = {"conjunction": "and", "children": [{**low_or_high, "children": [low_or_high]}]}
    assert orders.search({"filter": deeper}).code == 1254018
    assert orders.search({"filter": {"conditions": [condition("金额", "is", "1")]}}).code == 1254018
    many = [condition("金额", "is", "1")] * 51
    assert orders.search({"filter": {"conjunction": "or", "conditions": many}}).code == 1254018


def test_days_are_counted_in_the_zone_of_the_base(api, control):
    late = ms(2024, 5, 6, 7)  # still the 5th in New York
    made = {}
    for zone in ("Asia/Beijing", "America/New_York"):
        base = control.create_base(time_zone=zone)
        place = control.create_table(base, "t", [{"field_name": "n", "type": 1}, {"field_name": "d", "type": 5}])
        control.add_record(base, place.table_id, {"d": late})
        body = {
            "filter": {"conjunction": "and", "conditions": [condition("d", "is", "ExactDate", str(ms(2024, 5, 6)))]}
        }
        made[zone] = api.at(place).search(body).data["total"]
        body["filter"]["conditions"] = [condition("d", "is", "ExactDate", str(ms(2024, 5, 6, 14)))]
        made[zone, "afternoon"] = api.at(place).search(body).data["total"]
    assert made == {
        "Asia/Beijing": 1,
        ("Asia/Beijing", "afternoon"): 1,
        "America/New_York": 1,
        ("America/New_York", "afternoon"): 0,
    }


def test_a_filtered_listing_follows_edits(orders, control, place, seven):
    body = {"filter": {"conjunction": "and", "conditions": [condition("金额", "isGreater", "4")]}}
    assert orders.ids(body) == seven[5:]
    control.edit_record(place.app_token, place.table_id, seven[0], {"金额": 9})
    assert orders.ids(body) == [seven[0], *seven[5:]]


# sorting


def test_sorting_by_several_fields(orders, control, place):
    lines = [("b", 1), ("a", 2), ("a", 1), (None, 5)]
    cells = [{"金额": n} | ({"订单号": name} if name else {}) for name, n in lines]
    ids = control.add_records(place.app_token, place.table_id, cells)
    by = [{"field_name": "订单号"}, {"field_name": "金额", "desc": True}]
    assert orders.ids({"sort": by}) == [ids[1], ids[2], ids[0], ids[3]]
    assert orders.ids({"sort": [{"field_name": "金额", "desc": True}]}, page_size=1)[0] == ids[3]


def test_sorting_by_modified_time_brings_the_latest_first(orders, control, place, seven):
    control.advance_clock(100)
    control.edit_record(place.app_token, place.table_id, seven[3], {"金额": 33})
    newest = {"sort": [{"field_name": "修改于", "desc": True}]}
    assert orders.ids(newest)[0] == seven[3]
    control.set_switches(sortable_times=False)
    assert orders.search(newest).code == 1254016


@pytest.mark.parametrize("name", ["last_modified_time", "没有", "附件", None])
def test_sorting_by_what_cannot_be_sorted_is_refused(orders, control, name):
    assert orders.search({"sort": [{"field_name": name}]}).code == 1254016
    control.set_switches(bad_sort_code=1254000)
    assert orders.search({"sort": [{"field_name": name}]}).code == 1254000


@pytest.mark.parametrize("field", ["状态", "标签", "日期", "完成", "负责人", "网址", "创建人", "编号", "公式", "地点"])
def test_every_other_field_can_be_sorted_by(orders, control, place, field):
    control.add_records(
        place.app_token, place.table_id, [{"状态": "已发货", "公式": 2}, {}, {"状态": "待处理", "公式": "x"}]
    )
    assert orders.search({"sort": [{"field_name": field}]}).data["total"] == 3


# views


def test_a_view_filters_unless_filter_or_sort_is_given(orders, control, place, seven):
    info = {
        "conjunction": "and",
        "conditions": [{"field_id": place.fields["金额"], "operator": "isGreater", "value": '["4"]'}],
    }
    control.filter_view(place.app_token, place.table_id, place.view_id, info)
    assert orders.ids({"view_id": place.view_id}) == seven[5:]
    assert orders.ids({"view_id": place.view_id, "sort": [{"field_name": "金额"}]}) == seven
    small = {"conjunction": "and", "conditions": [condition("金额", "isLess", "1")]}
    assert orders.ids({"view_id": place.view_id, "filter": small}) == seven[:1]
    assert orders.ids({"view_id": place.view_id, "filter": {"conjunction": "and", "conditions": []}}) == seven[5:]
    assert orders.search({"view_id": "vewUnknown"}).code == 1254042
    assert orders.search({"view_id": "nonsense"}).code == 1254005
