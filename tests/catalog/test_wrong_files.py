"""Every way a mapping file can be wrong, and the sentence a person gets for it."""

# ruff: noqa: E501 - a sentence stands on one line, as a person reads it

import re

import pytest

from syncer.catalog.files import load_file, load_files
from syncer.errors import MappingError
from tests.catalog.samples import RIGHT

ENV = {"EMPTY": "", "TOKEN": "s3cret-token", "WAY": "sideways"}


def told(tmp_path, text: str | bytes) -> list[str]:
    path = tmp_path / "m.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(MappingError) as caught:
        load_file(path, ENV)
    assert caught.value.exit_status == 2
    return [fault.replace(f"{path}", "m.yaml") for fault in caught.value.faults]


NOT_YAML = [
    ("", "m.yaml:1: is empty; a mapping begins with 'version: 1' and 'name: ...'"),
    ("# 只有注释\n", "m.yaml:1: is empty; a mapping begins with 'version: 1' and 'name: ...'"),
    ("- a\n", "m.yaml:1: is no mapping file; it must hold keys such as 'name: orders'"),
    ("a: 1\n---\nb: 2\n", "m.yaml:2: holds a second document; put every mapping in a file of its own"),
    ("a:\n\t- b\n", "m.yaml:2: has a tab where YAML wants blanks; indent with blanks"),
    (b"name: a\ndescription: \xb6\xa9\xb5\xa5\n", "m.yaml:2: is not UTF-8; save the file as UTF-8"),
    (
        "name: a: b\n",
        "m.yaml:1: is not YAML: mapping values are not allowed here; put text with : # or [ in quotes",
    ),
    (
        "name: a\nfeishu: {bitable: {app_token: ${TOKEN}}}\n",
        'm.yaml:2: has ${NAME} bare inside braces; put it in quotes there: "${NAME}"',
    ),
    ("name: *a\n", "m.yaml:1: undefined alias 'a'; write the value out"),
]


@pytest.mark.parametrize(("text", "fault"), NOT_YAML)
def test_a_file_that_cannot_be_read_says_where_and_why(tmp_path, text, fault):
    assert told(tmp_path, text) == [fault]


def test_a_file_of_control_characters_is_refused_in_one_line(tmp_path):
    (fault,) = told(tmp_path, "name: \x07\n")
    assert fault.startswith("m.yaml: is not YAML (")
    assert "\n" not in fault


def test_a_file_that_is_not_there_says_so(tmp_path):
    with pytest.raises(MappingError, match=r"none\.yaml: cannot be read \(No such file or directory\)"):
        load_file(tmp_path / "none.yaml", {})


# What is replaced in the right file, by what, and the faults that brings (without the file's name).
BENT = [
    ("version: 1", "version: 2", ["1: version: '2' is none of 1"]),
    ("version: 1\n", "", ["1: version: is missing; write version: the version of this file's form"]),
    (
        "version: 1",
        "versoin: 1",
        [
            "1: version: is missing; write version: the version of this file's form",
            "1: versoin: is no key here; did you mean version?",
        ],
    ),
    (
        "name: orders",
        "name: Orders!",
        ["2: name: 'Orders!' is no name; use up to 63 of a-z, 0-9, _ and -, beginning with a letter or digit"],
    ),
    (
        "name: orders",
        'name: "\\ud83d"',
        ["2: name: holds a NUL or half a character, which nothing can store; take it out"],
    ),
    (
        "name: orders",
        f"name: {'9' * 5000}",
        [f"2: name: '{'9' * 57}...' is no name; use up to 63 of a-z, 0-9, _ and -, beginning with a letter or digit"],
    ),
    ("name: orders", "name: 7", ["2: name: must be text; put it in quotes if it looks like a number"]),
    ("name: orders", "name:", ["2: name: has no value; write one or leave the key out"]),
    (
        "name: orders",
        "name: !secret orders",
        ["2: name: carries the tag !secret, which means nothing here; leave it out"],
    ),
    (
        "direction: both",
        "direction: both\ndirection: both",
        ["10: direction: stands here a second time (first on line 9); keep one of them"],
    ),
    ("direction: both", "? [a]\n: b", ["9: has a key that is no plain text; keys are words"]),
    ("  key: [id]", "  key: &k [id, *k]", ["8: database.key.#2: contains itself; write the value out"]),
    (
        "direction: both",
        "direction: to_databse",
        ["9: direction: 'to_databse' is none of both, to_database, to_feishu; did you mean to_database?"],
    ),
    ("direction: both", "pairing: whoever", ["9: pairing: 'whoever' is none of ask, feishu, database, policy"]),
    ("Asia/Shanghai", "Asia/Shangai", ["11: timezone: 'Asia/Shangai' is no time zone; did you mean Asia/Shanghai?"]),
    (
        "app_token: bascn1",
        'app_token: "${NO_TOKEN}"',
        ["4: feishu.bitable.app_token: the environment variable NO_TOKEN is not set; set it or write the value here"],
    ),
    (
        "app_token: bascn1",
        'app_token: "${EMPTY}"',
        ["4: feishu.bitable.app_token: the environment variable EMPTY is empty; give it a value"],
    ),
    (
        "app_token: bascn1",
        'app_token: "${a b}"',
        ["4: feishu.bitable.app_token: ${a b} names no environment variable; write ${NAME}"],
    ),
    ("direction: both", "direction: ${WAY}", ["9: direction: '${WAY}' is none of both, to_database, to_feishu"]),
    (
        "app_token: bascn1, ",
        "",
        ["4: feishu.bitable: needs app_token and table_id, or url alone; write one of the two"],
    ),
    (
        "app_token: bascn1, table_id: tbl1",
        "url: https://x.feishu.cn/docx/abc",
        [
            "4: feishu.bitable.url: 'https://x.feishu.cn/docx/abc' is no address of a table; copy it from the browser (https://.../base/...?table=tbl...)"
        ],
    ),
    (
        "app_token: bascn1, table_id: tbl1",
        "url: https://x.feishu.cn/base/abc",
        [
            "4: feishu.bitable.url: 'https://x.feishu.cn/base/abc' names no table (?table=tbl...); open the table in the browser and copy its address again"
        ],
    ),
    (
        "  bitable: {app_token: bascn1, table_id: tbl1}",
        "  app: other",
        ["3: feishu: needs exactly one source; write bitable: {app_token: ..., table_id: ...}"],
    ),
    (
        "{app_token: bascn1, table_id: tbl1}",
        "tbl1",
        ["4: feishu.bitable: must hold keys; there is app_token, table_id, url"],
    ),
    (
        "connection: erp",
        "connection: ERP",
        [
            "6: database.connection: 'ERP' is no connection; use a-z, 0-9, _ and - (erp is the setting SYNCER_CONNECTIONS__ERP)"
        ],
    ),
    (
        "  table: sales.orders\n",
        "",
        ["5: database.table: is missing; write table: the table, with its schema if it has one (sales.orders)"],
    ),
    ("key: [id]", "key: id", ["8: database.key: must be a list, such as [a, b]"]),
    ("key: [id]", "key: []", ["8: database.key: must not be empty; fill it in or leave the key out"]),
    ("key: [id]", "key: [id, id]", ["8: database.key.id: names id twice; name it once"]),
    ("key: [id]", "capture: watermark", ["8: database.capture: watermark needs the column; add watermark: updated_at"]),
    ("key: [id]", "notify: maybe", ["8: database.notify: must be true or false"]),
    (
        "key: [id]",
        "on_insert: {by: {valeu: 1}}",
        ["8: database.on_insert.by.valeu: is no key here; did you mean value?"],
    ),
    (
        "key: [id]",
        "on_insert: {by: {value: 1, now: true}}",
        ["8: database.on_insert.by: needs exactly one of sequence, value and now; write {value: ...} or {now: true}"],
    ),
    (
        "key: [id]",
        "on_insert: {by: {value: .nan}}",
        ["8: database.on_insert.by.value: is .nan, which no field and no column holds; write a number"],
    ),
    (
        "key: [id]",
        "on_update: {amount: {now: true}}",
        [
            "8: database.on_update.amount: is written by the field 金额 💰 too; make that pair to_feishu, or leave this out"
        ],
    ),
    (
        "match: [order_no]",
        "match: [order_num]",
        ["10: match.order_num: order_num is no column of fields; match names mapped columns; did you mean order_no?"],
    ),
    ("match: [order_no]", "match: [order_no, order_no]", ["10: match.order_no: names order_no twice; name it once"]),
    (
        "column: amount",
        "column: order_no",
        ["14: fields.金额 💰.column: column order_no stands in an earlier pair too; keep one of them"],
    ),
    (
        "field: 金额 💰",
        "field: 订单号",
        ["14: fields.订单号.field: field 订单号 stands in an earlier pair too; keep one of them"],
    ),
    ("column: amount, ", "", ["14: fields.金额 💰.column: is missing; write column: the column (order_no)"]),
    (
        "field: 金额 💰, ",
        "",
        [
            "14: fields.amount.field: is missing; write field: the field, by name or field id; a renamed field is followed (订单号)"
        ],
    ),
    ("required: true", "required: yes", ["13: fields.订单号.required: must be true or false"]),
    ("required: true", "requierd: true", ["13: fields.订单号.requierd: is no key here; did you mean required?"]),
    (
        "conflict: database",
        "conflict: lates",
        [
            "14: fields.金额 💰.conflict: 'lates' is none of latest, feishu, database, manual, fill_empty; did you mean latest?"
        ],
    ),
    (
        "已发货: shipped",
        "已发货: pending",
        ["15: fields.状态.values.已发货: pending is what 待处理 becomes already; every value needs one of its own"],
    ),
    (
        "已发货: shipped",
        "已发货: 2",
        ["15: fields.状态.values.已发货: must be text; put it in quotes if it looks like a number"],
    ),
    (
        "{待处理: pending, 已发货: shipped}",
        "{}",
        ["15: fields.状态.values: must not be empty; fill it in or leave the key out"],
    ),
    (
        "column: tags, merge: set",
        "column: tags, merge: set, direction: to_feishu",
        ["16: fields.标签.merge: set adds up edits of both sides, but the pair goes to_feishu; leave it out"],
    ),
    (
        "column: quantity, merge: counter",
        "column: quantity, merge: counter, scale: 100",
        [
            "17: fields.数量.merge: counter adds up numbers that count alike on both sides, not under scale; leave it out"
        ],
    ),
    (
        "column: quantity, merge: counter",
        "column: quantity, scale: 60",
        ["17: fields.数量.scale: '60' is no power of ten such as 100 or 0.001; other factors lose digits"],
    ),
    (
        "column: tags, merge: set",
        "column: tags, unknown: {defalt: 急}",
        ["16: fields.标签.unknown: is none of create, reject, empty, {default: an option}"],
    ),
    (
        "column: tags, merge: set",
        "column: tags, case: Lower, split: ' ', trim: yes",
        [
            "16: fields.标签.case: 'Lower' is none of lower, upper, {feishu: upper, database: lower}",
            "16: fields.标签.split: ' ' is blank; write what stands between the values, such as a comma",
            "16: fields.标签.trim: must be true or false",
        ],
    ),
    (
        "column: tags, merge: set",
        'column: tags, format: "%d.%m.%y"',
        [
            "16: fields.标签.format: '%d.%m.%y' is no format: `%y` in \"%d.%m.%y\" is not known; there are %Y %m %d %H %M %S %f and %%"
        ],
    ),
    (
        "column: tags, merge: set",
        "column: tags, text: segment",
        ["16: fields.标签.text: 'segment' is none of plain, segments; did you mean segments?"],
    ),
    (
        "column: tags, merge: set",
        "column: tags, default: {feish: a}",
        ["16: fields.标签.default.feish: 'feish' is none of feishu, database; did you mean feishu?"],
    ),
    (
        "direction: both",
        "direction: to_feishu",
        [
            "16: fields.标签.merge: set adds up edits of both sides, but the pair goes to_feishu; leave it out",
            "17: fields.数量.merge: counter adds up edits of both sides, but the pair goes to_feishu; leave it out",
            "18: fields.合计.direction: to_database goes beyond the mapping's direction to_feishu; leave it out, or change that one",
        ],
    ),
    ("30s", "30 s", ["19: schedule.every: '30 s' is no duration; write a number and s, m, h or d, such as 30s"]),
    ("30s", "0s", ["19: schedule.every: '0s' is no time at all; write at least 1s"]),
    ("direction: both", "weight: 0", ["9: weight: '0' must be at least 0.01"]),
    ("direction: both", "weight: .nan", ["9: weight: is .nan, which no field and no column holds; write a number"]),
    ("direction: both", "weight: 200", ["9: weight: '200' must be at most 100"]),
    ("direction: both", "weight: heavy", ["9: weight: must be a number"]),
    ("direction: both", "computed: 0m", ["9: computed: '0m' is no time at all; write at least 1s"]),
    (
        "every: 30s",
        "full: 0 3 * *",
        [
            "19: schedule.full: '0 3 * *' is no cron line; write five fields (minute hour day month weekday), such as \"0 3 * * *\""
        ],
    ),
    (
        "every: 30s",
        "full: 0 24 * * *",
        ["19: schedule.full: '0 24 * * *' has 24 for the hour; write *, numbers from 0 to 23, a-b, a,b or */n"],
    ),
    (
        "schedule: {every: 30s}",
        "conflicts: {tie: latest}",
        ["19: conflicts.tie: 'latest' is none of feishu, database, manual"],
    ),
    (
        "schedule: {every: 30s}",
        "deletes: {guard: {lines: -1, share: 1.5}}",
        ["19: deletes.guard.lines: '-1' must be at least 0", "19: deletes.guard.share: '1.5' must be at most 1"],
    ),
    (
        "schedule: {every: 30s}",
        "deletes: {from_feishu: drop}",
        ["19: deletes.from_feishu: 'drop' is none of delete, ignore, {mark: {column: deleted, value: true}}"],
    ),
    (
        "schedule: {every: 30s}",
        "deletes: {from_database: {mark: {column: a, value: b}}}",
        [
            "19: deletes.from_database.mark.column: is no key here; there is field, value",
            "19: deletes.from_database.mark.field: is missing; write field: the field, by name or field id (状态)",
        ],
    ),
    (
        "schedule: {every: 30s}",
        "deletes: {from_database: {mrk: {field: a, value: b}}}",
        ["19: deletes.from_database.mrk: is no key here; did you mean mark?"],
    ),
    (
        "schedule: {every: 30s}",
        "deletes: {from_database: {action: delete}}",
        ["19: deletes.from_database: is none of delete, ignore, {mark: {field: 状态, value: 已删除}}"],
    ),
    (
        "schedule: {every: 30s}",
        "deletes: {from_database: {}}",
        ["19: deletes.from_database: is none of delete, ignore, {mark: {field: 状态, value: 已删除}}"],
    ),
]


@pytest.mark.parametrize(("old", "new", "faults"), BENT, ids=[new or f"no {old}" for old, new, _ in BENT])
def test_a_wrong_key_is_told_with_its_line_and_what_would_be_right(tmp_path, old, new, faults):
    assert RIGHT.count(old) == 1
    assert told(tmp_path, RIGHT.replace(old, new)) == [f"m.yaml:{fault}" for fault in faults]


NOT_YET = [
    (
        "direction: both",
        "settle: 5s",
        "9: settle: is not supported yet (waiting until a line is quiet); leave settle out",
    ),
]


@pytest.mark.parametrize(("old", "new", "fault"), NOT_YET, ids=[new for _, new, _ in NOT_YET])
def test_what_is_promised_but_not_built_is_said_to_be_so(tmp_path, old, new, fault):
    assert told(tmp_path, RIGHT.replace(old, new)) == [f"m.yaml:{fault}"]


def test_all_faults_are_told_at_once_by_line(tmp_path):
    text = RIGHT.replace("name: orders", "nam: orders").replace("[order_no]", "[no]").replace("30s", "soon")
    text = text.replace("column: tags", "column: amount").replace("bascn1", '"${GONE}"')
    faults = told(tmp_path, text)
    lines = [int(re.match(r"m\.yaml:(\d+):", fault)[1]) for fault in faults]
    assert lines == [1, 2, 4, 10, 16, 19]


def test_a_value_of_the_environment_is_never_shown(tmp_path):
    text = RIGHT.replace("every: 30s", 'every: "${TOKEN}"').replace("name: orders", 'name: "${TOKEN} "')
    text = text.replace("app_token: bascn1, table_id: tbl1", 'url: "http://${TOKEN}"')
    faults = "\n".join(told(tmp_path, text.replace("direction: both", "pairing: ${TOKEN}")))
    assert faults.count("${TOKEN}") == 4
    assert "s3cret" not in faults


def test_faults_of_many_files_stand_in_order(tmp_path):
    for name in ("b", "a"):
        (tmp_path / f"{name}.yaml").write_text(RIGHT.replace("version: 1", "version: 9").replace("30s", "x"))
    faults = load_files([tmp_path / "b.yaml", tmp_path / "a.yaml"], {}).faults
    assert [re.search(r"(\w)\.yaml:(\d+)", fault).groups() for fault in faults] == [
        ("a", "1"),
        ("a", "19"),
        ("b", "1"),
        ("b", "19"),
    ]
