"""A mapping against its two real tables: every fault and warning, and the pairs and rules that come of a right one."""

# ruff: noqa: E501 - a sentence stands on one line, as a person reads it

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from syncer.catalog.check import check_against
from syncer.catalog.faults import Places
from syncer.catalog.pairs import build_pairs, build_rules
from syncer.core.mapping import DeleteRule, Direction, Merge, Policy
from syncer.core.records import Side
from syncer.errors import MendError, SchemaError
from syncer.ports import ColumnInfo, FieldInfo
from tests.catalog.samples import COLUMNS, FIELDS, RIGHT, loaded, records, rows


def column(name: str, **changes) -> tuple[ColumnInfo, ...]:
    return tuple(replace(item, **changes) if item.name == name else item for item in COLUMNS)


def field(name: str, **changes) -> tuple[FieldInfo, ...]:
    return tuple(replace(item, **changes) if item.name == name else item for item in FIELDS)


def found(tmp_path, text=RIGHT, record_table=None, row_table=None):
    item = loaded(tmp_path, text)
    findings = check_against(item.mapping, record_table or records(), row_table or rows(), item.places)
    return tuple([told.replace(f"{item.path}", "m") for told in part] for part in (findings.faults, findings.warnings))


def test_a_right_mapping_has_no_fault_and_no_warning(tmp_path):
    assert found(tmp_path) == ([], [])


FAULTS = [
    (
        "an unknown field",
        RIGHT.replace("field: 订单号", "field: 订单编号"),
        {},
        {},
        "m:13: mapping orders: fields.订单编号: the table 订单 has no field 订单编号; did you mean 订单号?",
    ),
    (
        "an unknown column",
        RIGHT.replace("column: amount", "column: amont"),
        {},
        {},
        "m:14: mapping orders: fields.金额 💰: the table sales.orders has no column amont; did you mean amount?",
    ),
    (
        "types that cannot meet",
        RIGHT,
        {},
        {"columns": column("amount", type="boolean")},
        'm:14: mapping orders: fields.金额 💰: field "金额 💰" is of type number, but column "amount" is of type boolean; ',
    ),
    (
        "a computed field towards Feishu",
        RIGHT.replace(", direction: to_database}", "}"),
        {},
        {},
        "m:18: mapping orders: fields.合计: the field 合计 is computed there and cannot be written; write direction: to_database for this pair",
    ),
    (
        "a generated column towards the database",
        RIGHT,
        {},
        {"columns": column("order_no", generated=True)},
        "m:13: mapping orders: fields.订单号: the column order_no is computed there and cannot be written; write direction: to_feishu for this pair",
    ),
    (
        "one field by name and by id",
        RIGHT.replace("field: 金额 💰", "field: fldNo").replace("amount", "status2"),
        {},
        {"columns": (*COLUMNS, ColumnInfo("status2", "text"))},
        "m:14: mapping orders: fields.fldNo: is the field 订单号, which an earlier pair carries; keep one of them",
    ),
    (
        "a set of what is no set",
        RIGHT.replace("column: amount, conflict: database", "column: amount, merge: set"),
        {},
        {},
        "m:14: mapping orders: fields.金额 💰.merge: set is for multi selects and arrays on both sides; leave it out for this pair",
    ),
    (
        "a counter of texts",
        RIGHT.replace("required: true", "merge: counter"),
        {},
        {},
        "m:13: mapping orders: fields.订单号.merge: counter is for numbers on both sides; leave it out for this pair",
    ),
    (
        "a default that does not fit",
        RIGHT.replace("column: amount", "column: amount, default: {database: viel}"),
        {},
        {},
        "m:14: mapping orders: fields.金额 💰: default.database does not fit: ",
    ),
    (
        "a key that is not unique",
        RIGHT.replace("key: [id]", "key: [status]"),
        {},
        {},
        "m:8: mapping orders: database.key: [status] is not unique and not null in sales.orders; use [id] or [order_no]",
    ),
    (
        "a key column that is missing",
        RIGHT.replace("key: [id]", "key: [idd]"),
        {},
        {},
        "m:8: mapping orders: database.key.idd: the table sales.orders has no column idd; did you mean id?",
    ),
    (
        "no key at all",
        RIGHT.replace("  key: [id]\n", ""),
        {},
        {"primary_key": (), "unique": (("order_no",),)},
        "m:5: mapping orders: database: the table sales.orders has no primary key; name the columns that identify a row: key: [...]",
    ),
    (
        "a column new rows need",
        RIGHT,
        {},
        {"columns": (*COLUMNS, ColumnInfo("created_by", "text", nullable=False))},
        "m:5: mapping orders: database: new rows need the column created_by (NOT NULL, no default); map a field, or add on_insert: {created_by: {value: ...}}",
    ),
    (
        "a filled column that is missing",
        RIGHT.replace("key: [id]", "on_insert: {creator: {value: x}}"),
        {},
        {},
        "m:8: mapping orders: database.on_insert.creator: the table sales.orders has no column creator; ",
    ),
    (
        "a filled column that is generated",
        RIGHT.replace("key: [id]", "on_insert: {deleted: {value: x}}"),
        {},
        {"columns": column("deleted", generated=True)},
        "m:8: mapping orders: database.on_insert.deleted: the database alone writes deleted; leave it out",
    ),
    (
        "a watermark that is missing",
        RIGHT.replace("key: [id]", "watermark: updated_at"),
        {},
        {},
        "m:8: mapping orders: database.watermark: the table sales.orders has no column updated_at",
    ),
    (
        "a mark without its column",
        RIGHT + "deletes: {from_feishu: {mark: {column: gone, value: true}}}\n",
        {},
        {},
        "m:20: mapping orders: deletes.from_feishu.mark.column: the table sales.orders has no column gone",
    ),
    (
        "a mark without its field",
        RIGHT + "deletes: {from_database: {mark: {field: 状況, value: x}}}\n",
        {},
        {},
        "m:20: mapping orders: deletes.from_database.mark.field: the table 订单 has no field 状況; did you mean 状态?",
    ),
    (
        "a view to write",
        RIGHT,
        {},
        {"is_view": True},
        "m:7: mapping orders: database.table: sales.orders is a view; name its table, or write direction: to_feishu",
    ),
    (
        "row security",
        RIGHT,
        {},
        {"row_security": True},
        "m:7: mapping orders: database.table: row security hides rows of sales.orders; give the role BYPASSRLS, or name another connection",
    ),
    (
        "a base with hidden records",
        RIGHT,
        {"whole": False},
        {},
        "m:4: mapping orders: feishu.bitable: the base has advanced permissions and may hide records from the app; make the app a manager of the base",
    ),
    (
        "a base in no known zone",
        RIGHT.replace("timezone: Asia/Shanghai\n", ""),
        {"time_zone": "Mars/Olympus"},
        {},
        'm:1: mapping orders: timezone: "Mars/Olympus" is no time zone; write one like Asia/Shanghai or UTC; name the time zone in the mapping',
    ),
]


@pytest.mark.parametrize(
    ("text", "of_records", "of_rows", "fault"), [case[1:] for case in FAULTS], ids=[case[0] for case in FAULTS]
)
def test_what_the_tables_do_not_carry_is_a_fault_at_its_line(tmp_path, text, of_records, of_rows, fault):
    faults, _ = found(tmp_path, text, records(**of_records), rows(**of_rows))
    assert len(faults) == 1
    assert faults[0].startswith(fault)


WARNINGS = [
    (
        "a match that new rows lack",
        RIGHT.replace("required: true", "direction: to_feishu"),
        {},
        {"columns": column("order_no", nullable=True)},
        "m:13: mapping orders: fields.订单号: new rows get no order_no, by which lines are paired; let this pair go both ways",
    ),
    (
        "a match that is not unique",
        RIGHT.replace("match: [order_no]", "match: [status]"),
        {},
        {},
        "m:10: mapping orders: match: [status] is not known to be unique and not null in sales.orders; lines that repeat or lack it do not pair",
    ),
    (
        "nothing to match by",
        RIGHT.replace("match: [order_no]\n", ""),
        {},
        {},
        "m:1: mapping orders: match: nothing pairs lines that are on both sides already, they would be doubled; name match: [...]",
    ),
    (
        "a match by a float",
        RIGHT.replace("match: [order_no]", "match: [amount]"),
        {},
        {"columns": column("amount", type="double precision"), "unique": (("id",), ("amount",))},
        "m:10: mapping orders: match: amount is a double precision, which is not exact; match by a text or a whole number",
    ),
    (
        "a label that is no option",
        RIGHT,
        {"fields": field("状态", options=("待处理",))},
        {},
        "m:15: mapping orders: fields.状态.values.已发货: 已发货 is no option of 状态 yet (待处理)",
    ),
]


@pytest.mark.parametrize(
    ("text", "of_records", "of_rows", "warning"), [case[1:] for case in WARNINGS], ids=[case[0] for case in WARNINGS]
)
def test_what_is_unwise_is_a_warning(tmp_path, text, of_records, of_rows, warning):
    assert found(tmp_path, text, records(**of_records), rows(**of_rows)) == ([], [warning])


def test_a_match_that_a_side_fills_by_itself_needs_no_advice(tmp_path):
    numbered = RIGHT.replace("required: true", "direction: to_database")
    serial = records(fields=field("订单号", type=1005, ui_type="AutoNumber"))
    assert found(tmp_path, numbered, serial) == ([], [])
    filled = RIGHT.replace("required: true", "direction: to_feishu")
    assert found(tmp_path, filled, row_table=rows(columns=column("order_no", has_default=True))) == ([], [])


def test_fields_that_feishu_computes_are_named_with_how_late_they_are(tmp_path):
    told = check_against(loaded(tmp_path, f"{RIGHT}computed: 3m\n").mapping, records(), rows(), Places("m"))
    (note,) = told.notes
    assert "Feishu tells of no change of 合计: it is seen 5s after the record is edited or written" in note
    assert "else by the first poll (schedule: every) after 3m" in note
    bare = RIGHT.replace("  - {field: 合计, column: total, direction: to_database}\n", "")
    assert check_against(loaded(tmp_path, bare).mapping, records(), rows(), Places("m")).notes == ()


def test_many_faults_are_told_at_once_by_line(tmp_path):
    text = (
        RIGHT.replace("field: 金额 💰", "field: 余额")
        .replace("column: tags", "column: labels")
        .replace("key: [id]", "key: [no]")
    )
    faults, _ = found(tmp_path, text, records(whole=False))
    assert [told.split(":")[1] for told in faults] == ["4", "8", "14", "16"]


def test_a_view_may_be_read(tmp_path):
    text = RIGHT.replace("direction: both", "direction: to_feishu").replace(", direction: to_database", "")
    text = text.replace(", merge: set", "").replace(", merge: counter", "").replace("key: [id]", "key: [order_no]")
    number = field("合计", type=2, ui_type="Number")
    view = rows(is_view=True, row_security=True, primary_key=(), unique=())
    faults, warnings = found(tmp_path, text, records(fields=number), view)
    assert faults == []
    assert [warning.split(": ", 2)[2] for warning in warnings] == [
        "database.table: row security may hide rows of sales.orders; a hidden row looks like a deleted one",
        "database.key: sales.orders is a view: that its key is unique and not null cannot be seen",
        "match: [order_no] is not known to be unique and not null in sales.orders; lines that repeat or lack it do not pair",
    ]


def test_new_rows_need_nothing_where_none_are_made(tmp_path):
    columns = (*COLUMNS, ColumnInfo("created_by", "text", nullable=False))
    filled = RIGHT.replace("key: [id]", "on_insert: {created_by: {value: syncer}}")
    assert found(tmp_path, filled, row_table=rows(columns=columns)) == ([], [])


def test_a_stored_mapping_is_told_by_its_name(tmp_path):
    mapping = loaded(tmp_path, RIGHT.replace("订单号", "单号")).mapping
    findings = check_against(mapping, records(), rows(), Places("orders, revision 3"))
    assert findings.faults == (
        "orders, revision 3: mapping orders: fields.单号: the table 订单 has no field 单号; did you mean 订单号?",
    )


def test_pairs_carry_values_by_the_rules_of_their_line(tmp_path):
    text = RIGHT.replace("{field: 订单号", "{field: fldNo").replace("conflict: database", "default: {database: 1.50}")
    number, amount, status, tags, quantity, total = build_pairs(loaded(tmp_path, text).mapping, records(), rows())
    assert (number.name, number.field, number.required) == ("order_no", "订单号", True)
    assert amount.defaults == {Side.DATABASE: Decimal("1.5")}
    assert status.carry("待处理", Side.DATABASE) == "pending"
    assert status.carry("shipped", Side.FEISHU) == "已发货"
    assert (tags.merge, quantity.merge, total.merge) == (Merge.SET, Merge.COUNTER, Merge.REGISTER)
    assert total.direction is Direction.TO_DATABASE
    assert total.writable == {Side.DATABASE}
    assert {pair.policy for pair in (number, amount, total)} == {Policy.LATEST}


def test_a_default_takes_the_form_of_its_side(tmp_path):
    text = RIGHT.replace("merge: set", "default: {feishu: [急, 大客户], database: 急}")
    text = text.replace(
        "{待处理: pending, 已发货: shipped}", "{待处理: pending}, default: {feishu: 待处理, database: pending}"
    )
    pairs = build_pairs(loaded(tmp_path, text).mapping, records(), rows())
    assert pairs[3].defaults == {Side.FEISHU: frozenset({"急", "大客户"}), Side.DATABASE: frozenset({"急"})}
    assert pairs[2].defaults == {Side.FEISHU: "待处理", Side.DATABASE: "pending"}


def test_rules_hold_the_mappings_policies(tmp_path):
    text = RIGHT.replace("match: [order_no]\n", "").replace("[id]", "[order_no]")
    text += "deletes: {from_feishu: ignore, from_database: {mark: {field: fldStatus, value: 已删除}}}\n"
    rules = build_rules(loaded(tmp_path, text).mapping, records(), rows())
    assert (rules.name, rules.match) == ("orders", ("order_no",))
    assert rules.on_deleted == {
        Side.FEISHU: DeleteRule("ignore"),
        Side.DATABASE: DeleteRule("mark", "状态", "已删除"),
    }
    assert [pair.policy for pair in rules.pairs][:2] == [Policy.LATEST, Policy.DATABASE]


def test_match_left_open_follows_the_primary_key(tmp_path):
    text = RIGHT.replace("match: [order_no]\n", "").replace("  key: [id]\n", "")
    assert build_rules(loaded(tmp_path, text).mapping, records(), rows(primary_key=("order_no",))).match == (
        "order_no",
    )


def test_a_time_without_zone_is_read_in_the_mappings_zone_else_the_bases(tmp_path):
    times = (FieldInfo("fldAt", "合计", 5, "DateTime"),)
    columns = column("total", type="timestamp")
    for text, base in (
        (RIGHT, "UTC"),
        (RIGHT.replace("timezone: Asia/Shanghai\n", ""), "Asia/Beijing"),
    ):
        table = records(fields=(*FIELDS[:5], *times), time_zone=base)
        pair = build_pairs(loaded(tmp_path, text).mapping, table, rows(columns=columns))[5]
        assert pair.translator.from_column(datetime(2026, 1, 1, 8)) == datetime(2026, 1, 1, tzinfo=UTC)


def test_tables_that_changed_under_a_mapping_are_told_all_at_once(tmp_path):
    mapping = loaded(tmp_path).mapping
    with pytest.raises(SchemaError) as caught:
        build_rules(mapping, records(fields=FIELDS[1:]), rows(columns=COLUMNS[:-1][:4]))
    assert [fault.split(" the table")[0] for fault in caught.value.faults] == [
        "mapping orders: fields.订单号:",
        "mapping orders: fields.标签:",
        "mapping orders: fields.数量:",
        "mapping orders: fields.合计:",
    ]
    assert isinstance(caught.value, MendError)


def test_a_marked_field_that_is_gone_is_told_before_a_run(tmp_path):
    mapping = loaded(tmp_path, RIGHT + "deletes: {from_database: {mark: {field: 废, value: x}}}\n").mapping
    with pytest.raises(
        SchemaError, match=r"mapping orders: deletes\.from_database\.mark\.field: the table 订单 has no field 废"
    ):
        build_rules(mapping, records(), rows())
