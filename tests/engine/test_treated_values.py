"""Pairs whose values are treated on their way, and selects whose options live: by real runs over real tables."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.engine.stage import is_quiet, written

FIELDS = {
    "编号": 1,
    "状态": {"type": 3, "property": {"options": [{"name": "待处理"}, {"name": "已发货"}, {"name": "其他"}]}},
    "标签": {"type": 4, "property": {"options": [{"name": "急"}, {"name": "大客户"}]}},
    "类别": {"type": 3, "property": {"options": [{"name": "甲"}, {"name": "其他"}]}},
    "名称": 1,
    "代码": 1,
    "金额": 2,
    "日期": 5,
    "关键词": 4,
    "清单": 1,
}
COLUMNS = (
    "id serial PRIMARY KEY, no text UNIQUE, state text, tags text[], category text, name text, code text,"
    " cents bigint, day text, words text, items text[]"
)
MAPPING = """match: [no]
conflicts: {default: latest, tie: database}
fields:
  - {field: 编号, column: no}
  - {field: 状态, column: state, values: {待处理: pending, 已发货: shipped}, otherwise: {feishu: 其他, database: other}}
  - {field: 标签, column: tags, unknown: reject}
  - {field: 类别, column: category, unknown: {default: 其他}}
  - {field: 名称, column: name, trim: true}
  - {field: 代码, column: code, case: {feishu: upper, database: lower}}
  - {field: 金额, column: cents, scale: 100}
  - {field: 日期, column: day, format: "%Y-%m-%d", parse: ["%d.%m.%Y"]}
  - {field: 关键词, column: words, split: ","}
  - {field: 清单, column: items, join: "、"}"""


@pytest.fixture
def pair(stage):
    return stage.pair(FIELDS, COLUMNS, MAPPING)


def cells(pair, number):
    (found,) = [line for line in pair.plain().values() if line["编号"] == number]
    return found


def options(pair, field):
    (found,) = [
        each
        for each in pair.stage.control.table(pair.place.app_token, pair.place.table_id)["fields"]
        if each["field_name"] == field
    ]
    return [option["name"] for option in found["property"]["options"]]


def test_values_are_treated_both_ways_and_five_quiet_runs_write_nothing(pair):
    first = {
        "编号": "A",
        "状态": "待处理",
        "标签": ["急"],
        "类别": "甲",
        "名称": " 订单 🙂 ",
        "代码": "aB-1",
        "金额": 12.34,
    }
    pair.add(first | {"日期": 1709164800123, "关键词": ["乙", "甲"], "清单": "一、 二 、一"})
    pair.sql(
        "INSERT INTO {t} (no, state, tags, category, name, code, cents, day, words, items) VALUES"
        " ('B', 'zzz', '{急,大客户}', '乙', '  x ', 'qq', -1, '29.2.2024', ' b, a,', '{一,二,一}')"
    )
    pair.settle()
    row = pair.rows("state, tags, category, name, code, cents, day, words, items", order="no")[0]
    assert row == ("pending", ["急"], "甲", "订单 🙂", "ab-1", 1234, "2024-02-29", "乙,甲", ["一", "二", "一"])
    shown = cells(pair, "B")
    assert (shown["状态"], shown["标签"], shown["类别"]) == ("其他", ["大客户", "急"], "其他")
    assert (shown["名称"], shown["代码"], shown["金额"]) == ("x", "QQ", -0.01)
    assert (shown["日期"], shown["关键词"], shown["清单"]) == (1709136000000, ["a", "b"], "一、二、一")
    assert pair.rows("state, name, day, words", order="no")[1] == ("zzz", "  x ", "29.2.2024", " b, a,")
    assert is_quiet(pair)

    pair.sql(
        "UPDATE {t} SET state = NULL, tags = NULL, category = NULL, cents = NULL, day = '', words = '' WHERE no = 'A'"
    )
    (record,) = [record for record, line in pair.plain().items() if line["编号"] == "B"]
    pair.edit(record, **dict.fromkeys(["状态", "标签", "名称", "日期", "关键词", "清单"]), 金额=0.5)
    pair.settle()
    assert set(cells(pair, "A")) == {"编号", "名称", "代码", "清单"}
    assert pair.rows("state, tags, name, day, words, items, cents", order="no")[1] == (*[None] * 6, 50)
    assert is_quiet(pair, 2)


def test_what_is_no_option_fails_alone_where_it_is_rejected(pair):
    pair.sql("INSERT INTO {t} (no, tags, category, cents) VALUES ('A', '{急}', '甲', 1)")
    pair.settle()
    pair.sql("UPDATE {t} SET tags = '{急,生造}', cents = 2")
    report = pair.sync()
    assert (report.failures, cells(pair, "A")["标签"], cells(pair, "A")["金额"]) == (1, ["急"], 0.02)
    (failure,) = pair.failures()
    assert "no option of the field" in failure.message
    assert options(pair, "标签") == ["急", "大客户"]
    pair.stage.control.add_option(pair.place.app_token, pair.place.table_id, "标签", "生造")
    pair.stage.syncer.store.retry([failure.id])
    pair.sync(full=True)
    assert set(cells(pair, "A")["标签"]) == {"急", "生造"}


def test_a_new_name_makes_one_option_however_often_it_comes(pair):
    pair.sql("INSERT INTO {t} (no, words) VALUES ('A', '新,新, 新 ,旧'), ('B', '新')")
    pair.settle()
    assert sorted(options(pair, "关键词")) == ["新", "旧"]
    assert (cells(pair, "A")["关键词"], cells(pair, "B")["关键词"]) == (["新", "旧"], ["新"])


def test_a_new_name_makes_one_option_though_cells_of_one_batch_and_two_runs_at_a_time_bring_it(stage):
    """Twice in an array, in two lines of one batch, and by two mappings of one Bitable table that run side by side."""
    fields = {"编号": 1, "状态": 3, "标签": 4}
    columns = "id serial PRIMARY KEY, no text UNIQUE, state text, tags text[]"
    names = ", ".join(
        f"{{field: {field}, column: {column}}}" for field, column in zip(fields, ("no", "state", "tags"), strict=True)
    )
    rules = f"direction: to_feishu\nmatch: [no]\nfields: [{names}]"
    pairs = [stage.pair(fields, columns, rules)]
    pairs.append(stage.pair(fields, columns, rules, name="more", place=pairs[0].place))
    for letter, pair in zip("AB", pairs, strict=True):
        pair.sql(
            "INSERT INTO {t} (no, state, tags) SELECT %s || n, '新 🙂', '{急,急,新,急}' FROM generate_series(1, 30) n",
            letter,
        )
    gate = threading.Barrier(2, timeout=20)

    def run(pair):
        gate.wait()
        return pair.sync()

    with ThreadPoolExecutor(2) as pool:
        assert [written(report) for report in pool.map(run, pairs)] == [{"feishu create": 30}] * 2
    assert (options(pairs[0], "状态"), sorted(options(pairs[0], "标签"))) == (["新 🙂"], ["急", "新"])
    assert {tuple(sorted(line["标签"])) for line in pairs[0].plain().values()} == {("急", "新")}
    assert all(is_quiet(pair, 2) for pair in pairs)


@pytest.mark.parametrize("made", ["before", "after"])
def test_an_option_that_is_renamed_keeps_its_mapping_and_no_line_is_written(stage, made):
    given = FIELDS if made == "before" else FIELDS | {"状态": 3}
    pair = stage.pair(given, COLUMNS, MAPPING)
    pair.sql("INSERT INTO {t} (no, state) VALUES ('A', 'pending'), ('B', 'shipped')")
    pair.settle()
    pair.sync()
    rename = pair.stage.control.rename_option
    rename(pair.place.app_token, pair.place.table_id, "状态", "待处理", "等待中 🙂")
    for full in (True, False, True):
        assert written(pair.sync(full=full)) == {}
    assert pair.rows("state", order="no") == [("pending",), ("shipped",)]
    pair.sql("UPDATE {t} SET state = 'pending' WHERE no = 'B'")
    pair.settle()
    assert cells(pair, "B")["状态"] == "等待中 🙂"
    (record,) = [record for record, line in pair.plain().items() if line["编号"] == "A"]
    pair.edit(record, 状态="已发货")
    pair.settle()
    pair.edit(record, 状态="等待中 🙂")
    pair.settle()
    assert pair.rows("state", order="no") == [("pending",), ("pending",)]
    stage.apply(pair.name, pair.place, pair.table, "id", MAPPING)
    assert written(pair.sync(full=True)) == {}
    assert (pair.failures(), len(options(pair, "状态"))) == ([], len(set(options(pair, "状态"))))
