"""Finding records by what their cells hold."""

import pytest

from syncer.errors import RefusedError
from tests.feishu.stage import NAMES

MIDNIGHT = 1702396800000
LINES = [
    {"订单号": "A-1", "金额": 23.4, "状态": "待处理", "标签": ["急"], "日期": MIDNIGHT, "已付": True},
    {"订单号": "A-2", "金额": 5, "状态": "已发货", "标签": ["急", "大客户"], "日期": MIDNIGHT + 3600_000},
    {"订单号": "B-1", "金额": -0.00001, "电话": "123", "网址": {"text": "官网", "link": "https://a.example/"}},
    {"订单号": "B-2", "网址": {"text": "官网", "link": "https://b.example/"}, "负责人": [{"id": "ou_1"}]},
    {"金额": 1e21, "负责人": [{"id": "ou_1"}, {"id": "ou_2"}]},
]


@pytest.fixture
def ids(simulator, place):
    for open_id in ("ou_1", "ou_2"):
        simulator.control.add_person(open_id, open_id=open_id)
    return simulator.control.add_records(*place.where, LINES)


@pytest.mark.parametrize(
    ("condition", "lines"),
    [
        ({"订单号": "A-1"}, [0]),
        ({"订单号": "A"}, []),
        ({"订单号": None}, [4]),
        ({"金额": 23.4}, [0]),
        ({"金额": 5.0}, [1]),
        ({"金额": -0.00001}, [2]),
        ({"金额": 1e21}, [4]),
        ({"状态": "已发货"}, [1]),
        ({"标签": ["急"]}, [0]),
        ({"标签": ["大客户", "急"]}, [1]),
        ({"日期": MIDNIGHT + 3600_000}, [1]),
        ({"已付": True}, [0]),
        ({"已付": False}, [1, 2, 3, 4]),
        ({"电话": "123"}, [2]),
        ({"网址": {"text": "官网", "link": "https://b.example/"}}, [3]),
        ({"负责人": [{"id": "ou_1"}]}, [3]),
        ({"负责人": [{"id": "ou_2"}, {"id": "ou_1"}]}, [4]),
        ({"订单号": "A-2", "金额": 5}, [1]),
        ({"订单号": "A-2", "金额": 6}, []),
    ],
)
def test_a_condition_finds_exactly_the_lines_that_hold_it(records, ids, condition, lines):
    assert [record.id for record in records.find([condition], ["订单号"])] == [ids[line] for line in lines]


def test_any_of_many_conditions_finds_a_record_once_with_the_named_cells_alone(records, ids):
    found = records.find([{"订单号": "A-1"}, {"金额": 23.4}, {"订单号": "B-2"}], ["金额"])
    assert [(record.id, record.cells) for record in found] == [(ids[0], {"金额": 23.4}), (ids[3], {})]


def test_fifty_conditions_travel_in_one_call(records, place, simulator):
    numbers = simulator.control.add_records(*place.where, [{"订单号": f"n{n}"} for n in range(120)])
    found = records.find([{"订单号": f"n{n}"} for n in range(120)], NAMES)
    assert {record.id for record in found} == set(numbers)
    assert records.calls()["bitable.record.search"] == 3


def test_conditions_of_several_cells_travel_ten_in_a_call(records, place, simulator):
    lines = [{"订单号": f"n{n}", "金额": n} for n in range(25)]
    numbers = simulator.control.add_records(*place.where, lines)
    assert [record.id for record in records.find(lines, [])] == numbers
    assert records.calls()["bitable.record.search"] == 3


def test_a_found_record_prints_like_the_same_record_read(records, ids):
    (found,) = records.find([{"订单号": "A-2"}], ["标签", "金额"])
    read = {record.id: record for page in records.read(["金额", "标签"]) for record in page.records}
    assert found.print == read[found.id].print


def test_no_conditions_find_nothing_and_ask_nothing(records):
    assert records.find([], NAMES) == []
    assert "bitable.record.search" not in records.calls()


def test_a_field_that_cannot_be_searched_is_named(records, place, simulator):
    simulator.control.create_field(*place.where, {"field_name": "合计", "type": 20})
    with pytest.raises(RefusedError, match="合计"):
        records.find([{"合计": 1}], NAMES)
