"""A field of every type in one mapping: carried both ways by real runs, cleared, and then left in peace."""

import pytest

from tests.engine.stage import written

SEGMENTS = [
    {"type": "text", "text": "问 🙂 "},
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
TYPES = {
    "编号": (1, "no text UNIQUE", "A1"),
    "备注": (1, "note text", SEGMENTS),
    "富文本": (1, "rich jsonb", SEGMENTS),
    "邮箱": ({"type": 1, "ui_type": "Email"}, "mail text", "a@b.cn"),
    "金额": (2, "amount numeric(12,2)", 0.1 + 0.2),
    "浮点": (2, "exact float8", 5e-324),
    "进度": ({"type": 2, "ui_type": "Progress", "property": {"formatter": "0%"}}, "done real", 0.66),
    "状态": (3, "state text", "进行中 🙂"),
    "标签": (4, "tags text[]", ["急", "老客户"]),
    "日期": (5, "day date", 1709164800123),
    "时刻": (5, "at timestamptz", -1500),
    "完成": (7, "box boolean", True),
    "负责人": (11, "owners text[]", [{"id": "ou_1"}, {"id": "ou_2"}]),
    "审核人": ({"type": 11, "property": {"multiple": False}}, "checker varchar(80)", [{"id": "ou_1"}]),
    "电话": (13, "phone text", "+8613800138000"),
    "网址": (15, "link text", {"text": "官网", "link": "https://a.cn"}),
    "全网址": (15, "whole_link jsonb", {"text": "官网", "link": "https://a.cn"}),
    "附件": (17, "files jsonb", [{"file_token": "file"}]),
    "客户": (18, "customers text[]", ["one", "two"]),
    "往来": (21, "dealings jsonb", ["two"]),
    "合计": ({"type": 20, "expression": {"product": ["金额", {"value": 2}]}}, "total numeric(14,2)", None),
    "客户名": ({"type": 19, "expression": {"lookup": "名称", "through": "客户"}}, "names jsonb", None),
    "地点": (22, "place text", "116.397755,39.903179"),
    "地址": (22, "address jsonb", "116.397755,39.903179"),
    "群": (23, "chats text[]", [{"id": "oc_1"}]),
    "创建于": (1001, "made_at timestamptz", None),
    "修改于": (1002, "changed_at timestamptz", None),
    "创建人": (1003, "made_by text", None),
    "修改人": (1004, "changed_by text[]", None),
    "序号": (1005, "serial integer", None),
}
LARGE = "🙂长\t\n\\'\"" * 14_000
EDGES = {
    "编号": "🧑‍🧑‍🧒‍🧒 É\u0301 \u202e",
    "备注": [{"type": "text", "text": LARGE}],
    "富文本": [*SEGMENTS * 20, {"type": "text", "text": LARGE}],
    "邮箱": f"{'a' * 64}@{'b' * 180}.cn",
    "金额": -9999999999.99,
    "浮点": -(2**53),  # beyond, a number is a failure that says so
    "进度": 2.0**53,
    "状态": "🙂" * 100,
    "标签": [f"标签 {n} 🙂" for n in range(1000)],
    "日期": 253402185600000,  # the last day of the year 9999 in Shanghai
    "时刻": -62135596800000,  # the year 1
    "完成": False,
    "负责人": [{"id": f"ou_{n}"} for n in range(200)],
    "电话": "+" + "9" * 63,
    "网址": {"text": "🙂", "link": "https://a.cn/?q=" + "é" * 2000},
    "全网址": {"text": "🙂" * 500, "link": "https://a.cn/?q=" + "é" * 2000},
    "客户": 500,
    "往来": 500,
    "地点": "-180,-90",
    "群": [{"id": f"oc_{n}"} for n in range(10)],
}
"""What is largest, last or least of what a field takes; links count the records they lead to."""
SMALLEST = {
    "浮点": 2.5e-308,
    "金额": 0.005,
    "进度": -1e-37,
    "日期": -62104060800000,
    "时刻": 253402300799999,
}
READ_ONLY = {"附件", "合计", "客户名", "地址", "创建于", "修改于", "创建人", "修改人", "序号"}
WRITABLE = [name for name in TYPES if name not in READ_ONLY]


def column(name):
    return TYPES[name][1].split()[0]


def line(name):
    more = ", text: segments" if name == "富文本" else ""
    way = ", direction: to_database" if name in READ_ONLY else ""
    return f"  - {{field: {name}, column: {column(name)}{more}{way}}}"


def unordered(cell):
    linked = cell.get("link_record_ids") if isinstance(cell, dict) else None
    return set(linked) if linked else cell


def jumbled(cell):
    """Several people, groups or options have no order."""
    return sorted(map(str, cell)) if isinstance(cell, list) else unordered(cell)


class Everything:
    """The two tables, and the records that the first one's links lead to."""

    def __init__(self, stage):
        control = stage.control
        linked = self.linked = control.create_table(stage.base, "客户", [{"field_name": "名称", "type": 1}])
        one, two = control.add_records(linked.app_token, linked.table_id, [{"名称": "甲🙂"}, {"名称": "乙"}])
        self.known = {"one": one, "two": two, "file": control.add_file(stage.base, "合同 🙂.pdf", "application/pdf", 9)}
        fields = {name: self._field(given[0], linked.table_id) for name, given in TYPES.items()}
        columns = ", ".join(["id serial PRIMARY KEY", *(given[1] for given in TYPES.values())])
        mapping = "\n".join(["match: [no]", "fields:", *map(line, TYPES)])
        self.pair = stage.pair(fields, columns, mapping)

    def _field(self, given, linked):
        field = given if isinstance(given, dict) else {"type": given}
        return field | {"property": {"table_id": linked}} if field["type"] in (18, 21) else field

    def cells(self):
        """A record with something in every field that people write."""
        return {name: self._real(given[2]) for name, given in TYPES.items() if given[2] is not None}

    def _real(self, cell):
        if isinstance(cell, list):
            return [self._real(item) for item in cell]
        if isinstance(cell, dict) and "file_token" in cell:
            return {"file_token": self.known[cell["file_token"]]}
        return self.known.get(cell, cell) if isinstance(cell, str) else cell

    def shown(self, record):
        return self.pair.stage.control.records(self.pair.place.app_token, self.pair.place.table_id)[record]["fields"]

    def row(self):
        (row,) = self.pair.rows(", ".join(map(column, TYPES)))
        return dict(zip(TYPES, row, strict=True))

    def is_quiet(self, runs=5):
        """Whether so many runs, full and by what was noticed, leave everything as it is."""
        before = self.pair.truth()
        for number in range(runs):
            report = self.pair.sync(full=number % 2 == 0)
            assert (written(report), report.failures, self.pair.failures()) == ({}, 0, [])
        assert self.pair.truth() == before
        return True


@pytest.fixture
def everything(stage):
    return Everything(stage)


def test_every_type_reaches_the_database_and_five_quiet_runs_write_nothing(everything):
    (record,) = everything.pair.add(everything.cells())
    everything.pair.settle()
    row, known = everything.row(), everything.known
    assert [name for name, held in row.items() if held is None] == []
    assert (row["备注"], row["富文本"]) == ("问 🙂 @李雷官网", SEGMENTS)
    assert (set(row["负责人"]), row["审核人"]) == ({"ou_1", "ou_2"}, "ou_1")
    assert (set(row["客户"]), row["往来"]) == ({known["one"], known["two"]}, [known["two"]])
    assert row["附件"] == [{"file_token": known["file"], "name": "合同 🙂.pdf", "size": 9, "type": "application/pdf"}]
    assert (row["地点"], row["地址"]["location"]) == ("116.397755,39.903179", "116.397755,39.903179")
    assert (row["合计"], row["客户名"], row["序号"]) == (round(row["合计"], 2), ["甲🙂", "乙"], 1)
    assert row["创建人"] == everything.shown(record)["创建人"][0]["id"]
    assert everything.is_quiet()


def test_every_type_comes_from_the_database_and_five_quiet_runs_write_nothing(everything):
    (record,) = everything.pair.add(everything.cells())
    everything.pair.settle()
    shown = everything.shown(record)
    writable = ", ".join(map(column, WRITABLE))
    everything.pair.sql(f"CREATE TABLE kept AS SELECT {writable} FROM {{t}}")
    everything.pair.sql('UPDATE kept SET no = \'B2\', rich = \'[{"type": "text", "text": "新 🙂"}]\'')
    everything.pair.sql(f"INSERT INTO {{t}} ({writable}) SELECT {writable} FROM kept")
    everything.pair.settle()
    (other,) = [each for each, cells in everything.pair.plain().items() if cells["编号"] == "B2"]
    copied = everything.shown(other)
    changed = {"编号", "备注", "富文本", "金额", "日期", "网址"}  # rounded to the column, or without what a text loses
    same = [name for name in WRITABLE if name not in changed]
    assert {name: unordered(copied[name]) for name in same} == {name: unordered(shown[name]) for name in same}
    assert copied["备注"] == [{"type": "text", "text": "问 🙂 @李雷官网"}]
    assert everything.is_quiet()


def test_what_is_cleared_on_one_side_is_cleared_on_the_other(everything):
    first, second = everything.pair.add(everything.cells(), everything.cells() | {"编号": "B2"})
    everything.pair.settle()
    names = [name for name in WRITABLE if name != "编号"]
    everything.pair.edit(first, **dict.fromkeys([*names, "附件"]))
    emptied = ", ".join(f"{column(name)} = NULL" for name in names)
    everything.pair.sql(f"UPDATE {{t}} SET {emptied} WHERE no = 'B2'")
    report = everything.pair.sync()
    if report.guard:
        everything.pair.approve(report)
    everything.pair.settle()
    shown = everything.shown(second)
    assert [name for name in names if shown.get(name)] == []
    rows = everything.pair.rows(", ".join(map(column, names)))
    assert [held for row in rows for held in row if held] == []
    assert everything.is_quiet(2)


def test_rich_text_is_flattened_by_no_edit_but_its_own(everything):
    (record,) = everything.pair.add(everything.cells())
    everything.pair.settle()
    everything.pair.sql("UPDATE {t} SET amount = 7, state = '完', rich = rich || '[]'")
    everything.pair.settle()
    shown = everything.shown(record)
    assert (shown["备注"], shown["富文本"], shown["金额"]) == (SEGMENTS, SEGMENTS, 7)

    everything.pair.sql('UPDATE {t} SET note = note || \'!\', rich = rich || \'[{"type": "text", "text": "!"}]\'')
    everything.pair.sync()
    shown = everything.shown(record)
    assert shown["备注"] == [{"type": "text", "text": "问 🙂 @李雷官网!"}]
    assert shown["富文本"] == SEGMENTS
    (failure,) = everything.pair.failures()
    assert (failure.field, "plain text alone" in failure.message) == ("富文本", True)


def test_the_largest_and_the_last_of_every_type_go_both_ways(everything):
    """From Bitable to the database, and from there, copied as another row, to Bitable again."""
    stage, place = everything.pair.stage, everything.linked
    many = stage.control.add_records(place.app_token, place.table_id, [{"名称": f"客户 {n}"} for n in range(498)])
    records = [everything.known["one"], everything.known["two"], *many]
    edges = {name: records[:edge] if name in ("客户", "往来") else edge for name, edge in EDGES.items()}
    least = {name: value for name, value in (edges | SMALLEST).items() if name != "富文本"}
    everything.pair.add(edges, least | {"编号": "least", "完成": True})
    everything.pair.settle()
    assert [(each.field, each.message) for each in everything.pair.failures()] == []
    writable = ", ".join(map(column, WRITABLE))
    everything.pair.sql(f"CREATE TABLE kept AS SELECT {writable} FROM {{t}}")
    everything.pair.sql("UPDATE kept SET no = 'copy of ' || no, rich = NULL")
    everything.pair.sql(f"INSERT INTO {{t}} ({writable}) SELECT {writable} FROM kept")
    everything.pair.settle()
    assert [(each.field, each.message) for each in everything.pair.failures()] == []
    shown = {cells["编号"]: record for record, cells in everything.pair.plain().items()}
    for name in (EDGES["编号"], "least"):
        first, second = everything.shown(shown[name]), everything.shown(shown[f"copy of {name}"])
        changed = {"编号", "富文本", "网址", "金额", "进度", "日期", "完成"}
        for field in set(WRITABLE) - changed:
            assert jumbled(second.get(field)) == jumbled(first.get(field)), field
    assert everything.is_quiet(2)
