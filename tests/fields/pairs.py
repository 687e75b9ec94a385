"""The pairs the laws are tried on: a field type, a column as SQL and as ``ColumnInfo``, and what both may hold."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from syncer.core.mapping import Direction, Misfit, Translator
from syncer.fields.registry import translator
from syncer.fields.timezones import zone
from syncer.ports import ColumnInfo, FieldInfo

SHANGHAI = zone("Asia/Shanghai")
BERLIN = zone("Europe/Berlin")
APIA = zone("Pacific/Apia")
ENUM = ("new", "新", "shipped")


def pair(
    field_type: int,
    column_type: str,
    *,
    values: dict[str, str] | None = None,
    timezone: ZoneInfo = SHANGHAI,
    direction: Direction = Direction.BOTH,
    **column: object,
) -> Translator:
    """A translator of a field called 金额 and a column called amount."""
    field = FieldInfo("fld1", "金额", field_type, "")
    info = ColumnInfo("amount", column_type, **column)  # type: ignore[arg-type]
    return translator(field, info, values=values, timezone=timezone, direction=direction)


def fits(carry, *values):
    """The values carried, those left out that do not fit."""
    carried = []
    for value in values:
        try:
            carried.append(carry(value))
        except Misfit:
            continue
    return carried


texts = st.one_of(
    st.text(max_size=12),
    st.sampled_from(
        [
            "",
            " ",
            "甲方🙂",
            "a  ",
            "  b",
            "ab\ncd",
            "'\";--",
            "\\",
            "{a,b}",
            "👩‍👩‍👧",
            "e\u0301",
            "\u2028",
            "x" * 50,
            "NULL",
        ]
    ),
).filter(lambda text: "\0" not in text and not any("\ud800" <= char <= "\udfff" for char in text))
numerals = st.one_of(
    st.integers(-(2**70), 2**70).map(str),
    st.decimals(allow_nan=False, allow_infinity=False, places=4, min_value=-(10**12), max_value=10**12).map(
        "{:f}".format
    ),
    st.sampled_from(
        ["007", " 12 ", "9007199254740993", "-0", "+1", ".5", "5.", "32767", "32768", "2.5", "3.5", "1.005"]
    ),
)
floats = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False),
    st.floats(-1e7, 1e7),
    st.integers(-(2**53) - 2, 2**53 + 2),
    st.integers(-(10**9), 10**9).map(lambda cents: cents / 100),
    st.sampled_from(
        [
            0,
            -0.0,
            0.1 + 0.2,
            1 / 3,
            2.5,
            0.125,
            1.005,
            99999999.995,
            5e-324,
            2.2250738585072014e-308,
            1.7976931348623157e308,
            2**53,
            2**53 - 1,
            2**53 + 1,
            float(2**53),
            1e15 + 0.5,
            1e15 - 0.125,
            999999999999999.9,
            1234567890123456.75,
            3.4e38,
            16777217,
            1e-50,
        ]
    ),
)
decimals = st.one_of(
    st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**20), max_value=10**20),
    st.decimals(places=2, min_value=-(10**8), max_value=10**8, allow_nan=False),
    st.sampled_from(["0", "-0.00", "1.50", "1E+2", "0.005", "0.015", "9007199254740992", "123456789012345.67"]).map(
        Decimal
    ),
)
first, last = datetime(1, 1, 2), datetime(9999, 12, 30)
walls = st.one_of(
    st.datetimes(first, last),
    st.datetimes(datetime(2024, 3, 30, 22), datetime(2024, 3, 31, 6)),
    st.datetimes(datetime(2024, 10, 26, 22), datetime(2024, 10, 27, 6)),
    st.sampled_from(
        [
            datetime(1969, 12, 31, 23, 59, 59, 999500),
            datetime(1900, 1, 1),
            datetime(2011, 12, 30, 3),
            datetime(2024, 10, 27, 2, 30),
        ]
    ),
)
moments = walls.map(lambda wall: wall.replace(tzinfo=UTC))
instants = moments.map(lambda moment: (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1))
days = st.one_of(
    st.dates(first.date(), last.date()), st.sampled_from([date(2011, 12, 30), date(1969, 12, 31), date(2024, 2, 29)])
)
singles = st.floats(width=32, allow_nan=False, allow_infinity=False)

segments = texts.map(lambda text: [{"type": "text", "text": text}])
numeral_segments = numerals.map(lambda text: [{"type": "text", "text": text}])
names = texts.filter(bool)
choices = st.lists(names, max_size=5, unique=True)


@dataclass(frozen=True)
class Case:
    """``cells`` as ``search`` shows them, ``held`` as the driver returns it; both may also be empty."""

    name: str
    sql: str
    translator: Translator
    cells: st.SearchStrategy
    held: st.SearchStrategy


def case(name, sql, made, cells, held):
    return Case(name, sql, made, st.none() | cells, held if "NOT NULL" in sql else st.none() | held)


def whole(size):
    edge = 2 ** (8 * size - 1)
    return st.integers(-edge, edge - 1) | st.sampled_from([0, 10, -100, edge - 1, -edge])


def numerics(precision, scale):
    bound = 10 ** (precision - scale)
    return decimals.map(
        lambda value: value.quantize(Decimal(1).scaleb(-scale)) if abs(value) < bound - 1 else Decimal(7)
    )


LABELS = {"待处理": "new", "已发货": "shipped", "新": "新"}
CODES = {"待处理": "0", "已发货": "10", "取消": "-1"}
labels = st.sampled_from([*sorted(LABELS), "别的"])

CASES = [
    case("text-text", "text", pair(1, "text"), segments, texts),
    case("text-text-not-null", "text NOT NULL", pair(1, "text", nullable=False), segments, texts),
    case("text-varchar", "varchar(6)", pair(1, "varchar", length=6), segments, texts.map(lambda text: text[:6])),
    case("text-char", "char(6)", pair(1, "bpchar", length=6), segments, texts.map(lambda text: text[:6].ljust(6))),
    case(
        "text-char-not-null",
        "char(6) NOT NULL",
        pair(1, "bpchar", length=6, nullable=False),
        segments,
        texts.map(lambda text: text[:6].ljust(6)),
    ),
    case(
        "text-uuid",
        "uuid",
        pair(1, "uuid"),
        st.uuids().map(lambda it: [{"type": "text", "text": str(it).upper()}]),
        st.uuids(),
    ),
    case("text-int8", "int8", pair(1, "int8"), numeral_segments, whole(8)),
    case("text-int2", "int2", pair(1, "int2"), numeral_segments, whole(2)),
    case("text-numeric", "numeric", pair(1, "numeric"), numeral_segments, decimals),
    case(
        "text-numeric-scaled",
        "numeric(24,2)",
        pair(1, "numeric", precision=24, scale=2),
        numeral_segments,
        numerics(24, 2),
    ),
    case(
        "text-enum",
        "mood",
        pair(1, "mood", enum=ENUM),
        st.sampled_from(ENUM).map(lambda it: [{"text": it}]),
        st.sampled_from(ENUM),
    ),
    case("number-int2", "int2", pair(2, "int2"), floats, whole(2)),
    case("number-int4", "int4 NOT NULL", pair(2, "int4", nullable=False), floats, whole(4)),
    case("number-int8", "int8", pair(2, "int8"), floats, whole(8)),
    case("number-numeric", "numeric", pair(2, "numeric"), floats, decimals),
    case("number-numeric-10-2", "numeric(10,2)", pair(2, "numeric", precision=10, scale=2), floats, numerics(10, 2)),
    case(
        "number-numeric-38-10",
        "numeric(38,10)",
        pair(2, "numeric", precision=38, scale=10),
        floats,
        decimals.map(lambda value: value.quantize(Decimal("1E-6"))),
    ),
    case(
        "number-numeric-negative",
        "numeric(5,-2)",
        pair(2, "numeric", precision=5, scale=-2),
        floats,
        st.integers(-9999, 9999).map(lambda hundreds: Decimal(hundreds * 100)),
    ),
    case(
        "number-numeric-tiny",
        "numeric(2,4)",
        pair(2, "numeric", precision=2, scale=4),
        floats,
        st.integers(-99, 99).map(lambda tiny: Decimal(tiny).scaleb(-4)),
    ),
    case("number-float4", "float4", pair(2, "float4"), floats, singles),
    case("number-float8", "float8", pair(2, "float8"), floats, st.floats(allow_nan=False, allow_infinity=False)),
    case("select-text", "text", pair(3, "text"), names, texts),
    case(
        "select-varchar",
        "varchar(5) NOT NULL",
        pair(3, "varchar", length=5, nullable=False),
        names,
        texts.map(lambda it: it[:5]),
    ),
    case("select-char", "char(7)", pair(3, "char", length=7), names, texts.map(lambda text: text[:7].ljust(7))),
    case("select-enum", "mood", pair(3, "mood", enum=ENUM), st.sampled_from([*ENUM, "x"]), st.sampled_from(ENUM)),
    case("select-labels", "text", pair(3, "text", values=LABELS), labels, st.sampled_from([*LABELS.values(), "", "x"])),
    case(
        "select-labels-char",
        "char(9) NOT NULL",
        pair(3, "bpchar", length=9, nullable=False, values=LABELS),
        labels,
        st.sampled_from([*LABELS.values(), "", "x"]).map(lambda it: it.ljust(9)),
    ),
    case(
        "select-labels-enum",
        "mood NOT NULL",
        pair(3, "mood", enum=ENUM, nullable=False, values=LABELS),
        labels,
        st.sampled_from(ENUM),
    ),
    case(
        "select-codes",
        "int2",
        pair(3, "int2", values=CODES),
        st.sampled_from([*CODES, "x"]),
        st.sampled_from([0, 10, -1, 7]),
    ),
    case("multi-array", "text[]", pair(4, "text[]"), choices, st.lists(texts, max_size=5)),
    case(
        "multi-array-not-null",
        "text[] NOT NULL",
        pair(4, "text[]", nullable=False),
        choices,
        st.lists(texts, max_size=5),
    ),
    case(
        "multi-varchar",
        "varchar(4)[]",
        pair(4, "varchar[]", length=4),
        choices,
        st.lists(texts.map(lambda it: it[:4]), max_size=5),
    ),
    case(
        "multi-labels",
        "text[]",
        pair(4, "text[]", values=LABELS),
        st.lists(labels, unique=True),
        st.lists(st.sampled_from([*LABELS.values(), "x"])),
    ),
    case("date-timestamptz", "timestamptz", pair(5, "timestamptz", precision=6), instants, moments),
    case(
        "date-timestamptz-0",
        "timestamptz(0) NOT NULL",
        pair(5, "timestamptz", precision=0, nullable=False),
        instants,
        moments.map(lambda moment: moment.replace(microsecond=0)),
    ),
    case("date-timestamp", "timestamp", pair(5, "timestamp"), instants, walls),
    case("date-timestamp-berlin", "timestamp", pair(5, "timestamp", timezone=BERLIN), instants, walls),
    case(
        "date-timestamp-berlin-2",
        "timestamp(2)",
        pair(5, "timestamp", timezone=BERLIN, precision=2),
        instants,
        walls.map(lambda wall: wall.replace(microsecond=wall.microsecond // 10000 * 10000)),
    ),
    case("date-date", "date", pair(5, "date"), instants, days),
    case("date-date-apia", "date NOT NULL", pair(5, "date", timezone=APIA, nullable=False), instants, days),
    case("checkbox-bool", "bool", pair(7, "bool"), st.booleans(), st.booleans()),
    case("checkbox-bool-not-null", "bool NOT NULL", pair(7, "bool", nullable=False), st.booleans(), st.booleans()),
]


def named(case: Case) -> str:
    return case.name
