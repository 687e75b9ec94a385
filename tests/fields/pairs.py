"""The pairs the laws are tried on: a field type, a column as SQL and as ``ColumnInfo``, and what both may hold."""

import contextlib
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import orjson
from hypothesis import strategies as st

from syncer.core.mapping import Direction, Misfit, Translator
from syncer.fields.columns.interval import IntervalColumn
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
    lowest: float | None = None,
    highest: float | None = None,
    **column: object,
) -> Translator:
    """A translator of a field called 金额 and a column called amount."""
    field = FieldInfo("fld1", "金额", field_type, "", lowest=lowest, highest=highest)
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
phones = st.from_regex(r"\+?[0-9 \-\u2013\u3000]{0,70}", fullmatch=True) | st.sampled_from(
    ["", "+", "-", "+86 138-0013-8000", "021 6888–8888", "(021) 555", "１３８", "1" * 64, "1" * 65, "110\n"]
)
urls = st.one_of(
    st.fixed_dictionaries({"link": texts}, optional={"text": texts}),
    st.fixed_dictionaries({"text": texts}),
    st.sampled_from([{"text": "官网 🙂", "link": "https://example.cn/a?b=c&d=%20#e"}, {"text": "", "link": ""}]),
)
numbers_in_json = st.sampled_from(
    ["0", "-0", "1.0", "1e2", "0.10", "-1.5E-3", "123456789012345678901234567890.123", "9007199254740993", "1e-400"]
)
json_texts = st.recursive(
    st.sampled_from(["null", "true", "false", '""', '"\\u0001"', '"\\ud83d\\ude42"', '"\\\\u0000"'])
    | numbers_in_json
    | texts.map(lambda text: orjson.dumps(text).decode()),
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda items: f"[{', '.join(items)}]")
        | st.lists(st.tuples(texts, inner), max_size=3).map(
            lambda items: "{" + ",\n".join(f"{orjson.dumps(key).decode()} : {value}" for key, value in items) + "}"
        )
    ),
    max_leaves=6,
)
almost_json = json_texts | st.sampled_from(
    ["", "  ", "{", "NaN", "[1,]", '"\\u0000"', '"\\ud800"', "1e5000", "[" * 9999]
)
clocks = st.times().map(lambda it: it.isoformat()) | st.sampled_from(
    ["8:30", "08：30", "24:00:00", "24:00", "23:59:59.9999999", "00:00:00.0000005", "25:00", "8.30", "8:60", "7:30 PM"]
)
amounts = st.integers(-(10**4), 10**4)
spans = st.one_of(
    st.tuples(amounts, amounts, st.integers(-(10**12), 10**12)).map(
        lambda parts: f"{parts[0]} mons {parts[1]} days {Decimal(parts[2]).scaleb(-6):f} secs"
    ),
    st.tuples(amounts, amounts, st.booleans()).map(lambda parts: f"{parts[0]} year {parts[1]} week -{5:02}:07:09.5"),
    st.tuples(amounts, amounts, amounts).map(lambda parts: "P{}Y{}DT{}M1.25S".format(*parts)),
    st.sampled_from(
        [
            *("1:30", "-00:00:01", "2 days", "1 year 2 mons -3 days +04:05:06.7", "P1M", "P", "PT", "1.5 days", "90"),
            *(
                "0.0000005 sec",
                "178956970 years 7 mons",
                "2147483648 days",
                "2147483647:00:00",
                "2147483648:00",
                "soon",
            ),
        ]
    ),
)


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


def segment(text):
    return [{"type": "text", "text": text}]


def written_json(document):
    return orjson.dumps(document).decode()


def lists(elements):
    """Cells that hold a list as JSON, or nearly."""
    written = st.lists(st.none() | elements, max_size=4).map(written_json)
    return (
        st.one_of(
            written,
            st.lists(numerals | st.just("null"), max_size=4).map(lambda items: f"[{','.join(items)}]"),
            st.sampled_from(["[[1]]", "{}", "[true]", "7", '["', "[ ]", "null", "[1e400]", "[NaN]"]),
        )
    ).map(segment)


def is_span(text):
    with contextlib.suppress(Misfit):
        return IntervalColumn(nullable=True).fit(text) is not None
    return False


moods = st.sampled_from(ENUM)
digits = st.lists(numerals, max_size=5, unique=True)
float_edges = st.floats(allow_nan=False, allow_infinity=False) | st.sampled_from([0.1, 1e300, 5e-324, 2.0**53 + 2])
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
    case("phone-text", "text", pair(13, "text"), phones, phones),
    case(
        "phone-varchar-not-null",
        "varchar(12) NOT NULL",
        pair(13, "varchar", length=12, nullable=False),
        phones,
        phones.map(lambda text: text[:12]),
    ),
    case("phone-char", "char(20)", pair(13, "bpchar", length=20), phones, phones.map(lambda text: text[:20].ljust(20))),
    case("url-text", "text", pair(15, "text"), urls, texts),
    case("url-varchar", "varchar(6)", pair(15, "varchar", length=6), urls, texts.map(lambda text: text[:6])),
    case("url-json", "json", pair(15, "json"), urls, urls.map(written_json) | json_texts),
    case("url-jsonb", "jsonb NOT NULL", pair(15, "jsonb", nullable=False), urls, urls.map(written_json) | json_texts),
    case("text-json", "json", pair(1, "json"), almost_json.map(segment), json_texts),
    case("text-jsonb", "jsonb", pair(1, "jsonb"), almost_json.map(segment), json_texts),
    case(
        "text-jsonb-not-null", "jsonb NOT NULL", pair(1, "jsonb", nullable=False), json_texts.map(segment), json_texts
    ),
    case("text-time", "time", pair(1, "time"), clocks.map(segment), st.times()),
    case(
        "text-time-2",
        "time(2) NOT NULL",
        pair(1, "time", precision=2, nullable=False),
        clocks.map(segment),
        st.times().map(lambda it: it.replace(microsecond=it.microsecond // 10000 * 10000)),
    ),
    case("text-interval", "interval", pair(1, "interval"), spans.map(segment), spans.filter(is_span)),
    case("text-interval-1", "interval(1)", pair(1, "interval", precision=1), spans.map(segment), st.just("1 mon")),
    case("text-array", "text[]", pair(1, "text[]"), lists(texts), st.lists(st.none() | texts, max_size=4)),
    case(
        "text-array-char-not-null",
        "char(3)[] NOT NULL",
        pair(1, "bpchar[]", length=3, nullable=False),
        lists(texts),
        st.lists(st.none() | texts.map(lambda text: text[:3].ljust(3)), max_size=4),
    ),
    case("text-enums", "mood[]", pair(1, "mood[]", enum=ENUM), lists(moods), st.lists(st.none() | moods, max_size=4)),
    case("text-int4s", "int4[]", pair(1, "int4[]"), lists(numerals), st.lists(st.none() | whole(4), max_size=4)),
    case("text-float8s", "float8[]", pair(1, "float8[]"), lists(numerals), st.lists(float_edges, max_size=4)),
    case(
        "text-numerics",
        "numeric(12,2)[]",
        pair(1, "numeric[]", precision=12, scale=2),
        lists(numerals),
        st.lists(numerics(12, 2), max_size=4),
    ),
    case("multi-int8s", "int8[]", pair(4, "int8[]"), choices | digits, st.lists(whole(8), max_size=5)),
    case("multi-int2s", "int2[] NOT NULL", pair(4, "int2[]", nullable=False), digits, st.lists(whole(2), max_size=5)),
    case(
        "multi-numerics",
        "numeric(12,2)[]",
        pair(4, "numeric[]", precision=12, scale=2),
        digits,
        st.lists(numerics(12, 2), max_size=5),
    ),
    case("multi-float4s", "float4[]", pair(4, "float4[]"), digits, st.lists(singles, max_size=5)),
    case("multi-float8s", "float8[]", pair(4, "float8[]"), digits, st.lists(float_edges, max_size=5)),
    case("multi-enums", "mood[]", pair(4, "mood[]", enum=ENUM), st.lists(moods), st.lists(moods, max_size=5)),
    case(
        "multi-enums-labels",
        "mood[]",
        pair(4, "mood[]", enum=ENUM, values=LABELS),
        st.lists(labels, unique=True),
        st.lists(moods, max_size=5),
    ),
    case(
        "rating-int2",
        "int2",
        pair(2, "int2", lowest=1, highest=5),
        st.integers(0, 6) | st.just(4.5),
        st.integers(0, 6),
    ),
    case("checkbox-bool", "bool", pair(7, "bool"), st.booleans(), st.booleans()),
    case("checkbox-bool-not-null", "bool NOT NULL", pair(7, "bool", nullable=False), st.booleans(), st.booleans()),
]


def named(case: Case) -> str:
    return case.name
