"""Which pairs there are, what is said about the others, and what one side alone can be asked."""

import contextlib
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from syncer.core.mapping import Direction, Misfit
from syncer.core.records import Side
from syncer.fields.forms import ImpossiblePair
from syncer.fields.names import FIELD_TYPE_NAMES
from syncer.fields.registry import FIELDS, column_form, default_value, field_form, writable
from syncer.ports import ColumnInfo, FieldInfo
from tests.fields.pairs import SHANGHAI, pair

COLUMNS = {
    "text",
    "varchar",
    "bpchar",
    "uuid",
    "mood",
    "int2",
    "int4",
    "int8",
    "numeric",
    "float4",
    "float8",
    "bool",
    "date",
    "timestamp",
    "timestamptz",
    "text[]",
    "varchar[]",
    "json",
    "jsonb",
    "bytea",
    "time",
    "timetz",
    "interval",
    "bpchar[]",
    "mood[]",
    "int2[]",
    "int4[]",
    "int8[]",
    "numeric[]",
    "float4[]",
    "float8[]",
    "bytea[]",
    "inet",
}
TEXTS, NUMBERS, TIMES = (
    {"text", "varchar", "bpchar"},
    {"int2", "int4", "int8", "numeric"},
    {"date", "timestamp", "timestamptz"},
)
ARRAYS, FLOATS = {"text[]", "varchar[]", "bpchar[]", "mood[]"}, {"float4", "float8"}
LISTS = {f"{number}[]" for number in NUMBERS | FLOATS}
JSON = {"json", "jsonb"}
IDS = TEXTS | (ARRAYS - {"mood[]"}) | JSON
POSSIBLE = {
    1: TEXTS | {"mood", "uuid", "time", "interval"} | NUMBERS | JSON | ARRAYS | LISTS,
    2: NUMBERS | FLOATS,
    3: TEXTS | {"mood", "int2", "int4", "int8"},
    4: ARRAYS | LISTS,
    5: TIMES,
    7: {"bool"},
    11: IDS,
    13: TEXTS,
    15: TEXTS | JSON,
    17: JSON,
    18: IDS,
    19: TEXTS | NUMBERS | FLOATS | TIMES | ARRAYS | JSON | {"bool"},
    20: TEXTS | NUMBERS | FLOATS | TIMES | ARRAYS | JSON | {"bool"},
    21: IDS,
    22: TEXTS | JSON,
    23: IDS,
    24: TEXTS | {"mood"},
    1001: TIMES,
    1002: TIMES,
    1003: IDS,
    1004: IDS,
    1005: TEXTS | NUMBERS,
    90001: IDS,
    90002: TEXTS | JSON,
    90003: IDS,
}


@pytest.mark.parametrize("field", sorted(FIELD_TYPE_NAMES))
def test_the_table_of_pairs(field):
    possible = set()
    for column in COLUMNS:
        with contextlib.suppress(ImpossiblePair):
            pair(field, column, enum=("a",) if column.startswith("mood") else ())
            possible.add(column)
    assert possible == POSSIBLE.get(field, set())


def test_sql_names_of_types_are_known():
    names = [
        "character varying",
        "character",
        "smallint",
        "integer",
        "bigint",
        "decimal",
        "real",
        "double precision",
        "boolean",
    ]
    names += ["timestamp with time zone", "timestamp without time zone", "_text", "character varying[]", "citext"]
    names += ["_int4", "double precision[]", "time without time zone", "character[]", "decimal[]"]
    for name in names:
        assert column_form(ColumnInfo("c", name), SHANGHAI)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            (2, "text"),
            'field "金额" is of type number, but column "amount" is of type text; such a field goes with .*numeric',
        ),
        ((2, "jsonb"), "column of type smallint, integer or bigint"),
        ((1, "bytea"), 'column "amount" is of type bytea: it holds bytes, and no field can show them; leave it out'),
        ((4, "bytea[]"), "no field can show them"),
        ((1, "timetz"), "use time or timestamptz"),
        ((17, "text"), "is of type attachment, but .* column of type json or jsonb"),
        ((3001, "text"), "is of type button, and a button has no value"),
        ((777, "text"), '"金额" is of type 777'),
    ],
)
def test_an_impossible_pair_names_both_and_what_would_fit(arguments, said):
    with pytest.raises(ImpossiblePair, match=said):
        pair(*arguments)


@pytest.mark.parametrize(
    ("field", "column", "values", "said"),
    [
        (2, "int4", {"a": "b"}, "for select fields"),
        (3, "text", {"甲": "a", "乙": "a"}, '"甲" and "乙" to the same'),
        (3, "int4", {"甲": "x"}, "not a number"),
        (3, "int2", {"甲": "40000"}, "out of range"),
        (3, "text", {"甲": ""}, "leave the entry out"),
        (4, "text[]", {"甲": "a", "乙": "a"}, "one to one"),
    ],
)
def test_a_map_of_values_is_tried_before_anything_runs(field, column, values, said):
    with pytest.raises(ImpossiblePair, match=said):
        pair(field, column, values=values)


def test_a_map_of_values_may_give_the_empty_text_a_name_where_no_null_is_taken():
    carry = pair(3, "text", nullable=False, values={"无": "", "有": "x"})
    assert carry.to_database("无") == ""
    assert carry.to_feishu("") == "无"


def test_a_computed_field_and_a_generated_column_never_take_a_write():
    formula, text = FieldInfo("f", "合计", 20, "Formula"), FieldInfo("f", "名称", 1, "Text")
    kept, generated = ColumnInfo("c", "text"), ColumnInfo("c", "text", generated=True)
    assert writable(text, kept) == frozenset(Side)
    assert writable(formula, kept) == frozenset([Side.DATABASE])
    assert writable(text, generated) == frozenset([Side.FEISHU])
    assert writable(formula, generated) == frozenset()


def test_a_direction_that_leads_nowhere_is_refused():
    with pytest.raises(ImpossiblePair, match="write `direction: to_database`"):
        pair(20, "text", direction=Direction.TO_FEISHU)
    with pytest.raises(ImpossiblePair, match="write `direction: to_feishu`"):
        pair(1, "text", direction=Direction.TO_DATABASE, generated=True)
    with pytest.raises(ImpossiblePair, match="and generated"):
        pair(20, "text", generated=True)
    assert pair(20, "text", direction=Direction.TO_DATABASE)
    assert pair(1, "int8", direction=Direction.TO_FEISHU, generated=True)


FIELD_DEFAULTS = [
    (1, "C", "C"),
    (1, 7, "7"),
    (2, 1.5, Decimal("1.5")),
    (2, "2", Decimal(2)),
    (3, "新", "新"),
    (4, ["a", "b"], frozenset("ab")),
    (4, "a", frozenset("a")),
    (5, "2024-01-01", datetime(2023, 12, 31, 16, tzinfo=UTC)),
    (7, True, True),
    (1, None, None),
    (5, "2024-01-01T00:00:00Z", datetime(2024, 1, 1, tzinfo=UTC)),
    (13, "021-555", "021555"),
    (15, "https://a.cn", "https://a.cn"),
    (5, date(2024, 1, 1), datetime(2023, 12, 31, 16, tzinfo=UTC)),
]
COLUMN_DEFAULTS = [
    ("text", "C", "C"),
    ("int4", 7, Decimal(7)),
    ("numeric", 1.5, Decimal("1.5")),
    ("bool", False, False),
    ("date", "2024-01-01", date(2024, 1, 1)),
    ("timestamptz", "2024-01-01", datetime(2023, 12, 31, 16, tzinfo=UTC)),
    ("text[]", ["a"], frozenset("a")),
    ("text", None, None),
    ("jsonb", {"b": [1.50, None]}, '{"b":[1.5,null]}'),
    ("jsonb", '{"b": 1}', '{"b":1}'),
    ("int4[]", [2, 1], frozenset("12")),
    ("time", "8:30", "08:30:00"),
    ("interval", "90 min", "01:30:00"),
    ("timestamp", "2024-01-01 08:00", datetime(2024, 1, 1, tzinfo=UTC)),
    ("uuid", "6F9619FF8B86D011B42D00CF4FC964FF", "6f9619ff-8b86-d011-b42d-00cf4fc964ff"),
]


@pytest.mark.parametrize(("number", "raw", "value"), FIELD_DEFAULTS)
def test_a_default_of_a_field(number, raw, value):
    assert default_value(raw, field_form(FieldInfo("f", "n", number, ""), SHANGHAI)) == value


@pytest.mark.parametrize(("name", "raw", "value"), COLUMN_DEFAULTS)
def test_a_default_of_a_column(name, raw, value):
    assert default_value(raw, column_form(ColumnInfo("c", name), SHANGHAI)) == value


DEFAULTS_IN_A_PAIR = [
    (1, "text[]", ["b", "a", "b"], '["b","a","b"]', ["b", "a", "b"]),
    (1, "int4[]", [3, 1], "[3,1]", [3, 1]),
    (4, "text[]", ["b", "a", "b"], frozenset("ab"), ["a", "b"]),
    (15, "jsonb", {"link": "a"}, '{"link":"a"}', '{"link":"a"}'),
]


@pytest.mark.parametrize(("number", "name", "raw", "value", "parameter"), DEFAULTS_IN_A_PAIR)
def test_a_default_of_a_column_is_what_its_pair_holds(number, name, raw, value, parameter):
    column = ColumnInfo("c", name)
    assert default_value(raw, column_form(column, SHANGHAI, FieldInfo("f", "n", number, ""))) == value
    assert pair(number, name).column(value) == parameter


@pytest.mark.parametrize(
    ("raw", "cell"), [("a", {"text": "a", "link": "a"}), ({"link": "a"}, {"text": "a", "link": "a"})]
)
def test_a_default_of_a_url_against_json_is_the_whole_url(raw, cell):
    form = field_form(FieldInfo("f", "n", 15, "Url"), SHANGHAI, ColumnInfo("c", "jsonb"))
    assert form.write(default_value(raw, form)) == cell


@pytest.mark.parametrize(
    ("number", "raw"),
    [
        (1, True),
        (2, "x"),
        (2, True),
        (2, float("nan")),
        (2, [1]),
        (3, {}),
        (4, [[]]),
        (5, "soon"),
        (5, 17),
        (7, "yes"),
        (20, "x"),
    ],
)
def test_a_default_of_the_wrong_type_says_so(number, raw):
    with pytest.raises(Misfit):
        default_value(raw, field_form(FieldInfo("f", "n", number, ""), SHANGHAI))


def test_every_form_tells_its_version():
    assert all(pair(number, next(iter(sorted(POSSIBLE[number])))).version >= 1 for number in FIELDS if number != 3)
