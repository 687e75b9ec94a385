"""Formulas, lookups, stages and serial numbers: every shape seen, read for the column that wants it."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from syncer.core.mapping import Misfit
from tests.fields.pairs import pair

DAY = datetime(2023, 2, 4, 16, tzinfo=UTC)
READ = [
    (20, "numeric", {"type": 2, "value": [12.5]}, Decimal("12.5")),
    (20, "numeric", {"type": 2, "ui_type": "Currency", "value": 12.5}, Decimal("12.5")),
    (20, "numeric", {"type": 1, "value": [{"type": "text", "text": "7"}]}, Decimal(7)),
    (20, "int4", 7, Decimal(7)),
    (20, "text", {"type": 1, "value": [{"type": "text", "text": "甲"}, {"type": "text", "text": "乙"}]}, "甲乙"),
    (19, "text", {"type": 1, "value": [{"type": "text", "text": "甲"}, {"type": "text", "text": "乙"}]}, "甲,乙"),
    (20, "text", [{"type": "text", "text": "旧"}], "旧"),
    (20, "text", {"type": 2, "value": [100]}, "100"),
    (19, "text", {"type": 2, "value": [1, 2.5]}, "1,2.5"),
    (19, "text", {"type": 3, "value": ["甲", "乙"]}, "甲,乙"),
    (19, "text", {"type": 11, "value": [{"id": "ou_1", "name": "张三"}]}, "张三"),
    (19, "text", {"type": 15, "value": [{"text": "官网", "link": "http://a.cn"}]}, "官网"),
    (19, "text", {"type": 22, "value": [{"location": "1,2", "full_address": "北京"}]}, "北京"),
    (19, "text", {"type": 17, "value": [{"file_token": "t", "name": "图.png", "url": "u"}]}, "图.png"),
    (19, "text", {"type": 18, "value": {"link_record_ids": ["rec1", "rec2"]}}, "rec1,rec2"),
    (19, "text", {"type": 23, "value": [{"id": "oc_1", "name": "群"}]}, "群"),
    (20, "text", {"type": 7, "value": [True, False]}, "truefalse"),
    (19, "text", {"type": 13, "value": ["110"]}, "110"),
    (19, "text", {"type": 1005, "value": ["NO-1"]}, "NO-1"),
    (19, "jsonb", {"type": 2, "value": [1, 1, 2.5]}, "[1,1,2.5]"),
    (19, "jsonb", {"type": 1, "value": [{"type": "text", "text": "甲"}, {"type": "text", "text": ""}]}, '["甲",""]'),
    (19, "json", {"type": 11, "value": [{"id": "ou_1", "avatar_url": "u"}]}, '[{"id":"ou_1"}]'),
    (20, "jsonb", {"type": 99, "value": {"strange": [1]}}, '[{"strange":[1]}]'),
    (20, "jsonb", None, None),
    (1003, "text", {"id": "ou_1", "name": "张三"}, "ou_1"),
    (1003, "text", [{"id": "ou_1", "name": "张三"}], "ou_1"),
    (1004, "text[]", [{"id": "ou_1"}], frozenset(["ou_1"])),
    (19, "text[]", {"type": 4, "value": ["甲", "乙"]}, frozenset(["甲", "乙"])),
    (20, "timestamptz", {"type": 5, "value": [1675526400000]}, DAY),
    (20, "timestamptz", {"type": 5, "value": 1675526400000}, DAY),
    (20, "timestamp", {"type": 1001, "value": [1675526400000]}, DAY),
    (20, "date", {"type": 5, "value": [1675526400000]}, DAY),
    (20, "bool", {"type": 7, "value": [True]}, True),
    (20, "bool", None, False),
    (24, "text", "进行中", "进行中"),
    (1001, "timestamptz", 1675526400000, DAY),
    (1005, "text", "NO-017", "NO-017"),
    (1005, "int8", "17", "17"),
]


@pytest.mark.parametrize(("field", "column", "cell", "value"), READ)
def test_a_result_is_read_for_the_column_that_wants_it(field, column, cell, value):
    read = pair(field, column).from_cell(cell)
    assert read == value
    assert type(read) is type(value)


@pytest.mark.parametrize(
    "cell", [None, [], "", {"type": 2, "value": []}, {"type": 2, "value": None}, {"type": 2, "value": ""}]
)
@pytest.mark.parametrize("column", ["text", "numeric", "timestamptz", "date", "text[]"])
def test_an_empty_result_is_empty_in_every_shape(cell, column):
    assert pair(20, column).from_cell(cell) is None


UNREADABLE = [
    ("numeric", {"type": 5, "value": [1675526400000]}),
    ("numeric", {"type": 2, "value": [1, 2]}),
    ("numeric", {"type": 1, "value": [{"type": "text", "text": "#DIV/0!"}]}),
    ("timestamptz", {"type": 2, "value": [5]}),
    ("timestamptz", {"type": 1, "value": [{"type": "text", "text": "2024"}]}),
    ("text", {"type": 5, "value": [1675526400000]}),
    ("bool", {"type": 2, "value": [1]}),
]


@pytest.mark.parametrize(("column", "cell"), UNREADABLE)
def test_a_result_of_another_type_is_unreadable_rather_than_guessed(column, cell):
    with pytest.raises(Misfit):
        pair(20, column).from_cell(cell)


def test_a_computed_day_is_the_day_where_the_mapping_lives():
    carry = pair(20, "date")
    assert carry.to_database(carry.from_cell({"type": 5, "value": [1675526400000]})) == date(2023, 2, 5)
