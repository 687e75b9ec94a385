"""What cells and columns may hold, as hypothesis strategies: everyday values, edges, and what fits nowhere."""

import contextlib
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import orjson
from hypothesis import strategies as st

from syncer.core.mapping import Misfit
from syncer.fields.columns.interval import IntervalColumn

ENUM = ("new", "新", "shipped")

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
dates_in_words = st.one_of(
    days.map(lambda it: f"{it.year:04}年{it.month:02}月{it.day:02}日"),
    days.map(lambda it: f" {it.day}.{it.month}.{it.year:04}"),
    st.sampled_from(["2024-02-29", "2023-02-29", "31.1.2024", "0000年01月01日", "soon"]),
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


def people(*ids):
    """Cells of a field of ids, as they are read."""
    return st.lists(st.sampled_from(ids), max_size=4).map(lambda found: [{"id": id_, "name": "甲🙂"} for id_ in found])


places = st.one_of(
    st.tuples(st.floats(-180, 180), st.floats(-90, 90)).map(lambda it: f"{it[0]:.9f}, {it[1]:.12f}"),
    st.sampled_from(["116.397755,39.903179", "-180,90.0", "0,-0", "181,1", "1", "x,y", " 1 \uff0c 2 "]),
)
rich = st.lists(
    texts.map(lambda text: {"type": "text", "text": text})
    | st.sampled_from(
        [
            {"type": "mention", "text": "@张三", "token": "ou_1", "mentionType": "User", "mentionNotify": False},
            {"type": "url", "text": "官网", "link": "https://a.cn"},
        ]
    ),
    max_size=4,
)


def just_ids(cell):
    return written_json([item["id"] for item in cell])
