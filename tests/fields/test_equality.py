"""The table "when values are equal, and what a value that does not fit becomes", row by row."""

from datetime import UTC, date, datetime, time
from decimal import Decimal

import pytest

from syncer.core.mapping import Misfit
from syncer.core.values import is_empty
from tests.fields.pairs import BERLIN, SHANGHAI, pair


def at(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)


MONEY = pair(2, "numeric", precision=10, scale=2)
TO_DATABASE = [
    # scale of numeric, float noise beyond 15 digits, parts below a millisecond: rounded half even, silent
    (MONEY, 0.1 + 0.2, Decimal("0.3")),
    (MONEY, 1.005, Decimal(1)),
    (MONEY, 1.015, Decimal("1.02")),
    (pair(2, "numeric"), 0.1 + 0.2, Decimal("0.3")),
    (pair(2, "float8"), 1 / 3, Decimal("0.333333333333333")),
    (pair(2, "int4"), 2.5, Decimal(2)),
    (pair(2, "int4"), 3.5, Decimal(4)),
    (pair(2, "int8"), 2**53, Decimal(2**53)),
    (pair(2, "int8"), float(2**53 - 1), Decimal(2**53 - 1)),
    (pair(5, "timestamptz", precision=0), 1_500, at(1970, 1, 1, 0, 0, 2)),
    (pair(5, "timestamptz", precision=0), -500, at(1970, 1, 1)),
    # trailing blanks where the target trims: normalised, silent
    (pair(1, "bpchar", length=5), [{"text": "ab   "}], "ab"),
    (pair(1, "bpchar", length=5), [{"text": "     "}], None),
    (pair(1, "varchar", length=3), [{"text": "abc  "}], "abc"),
    (pair(1, "varchar", length=5), [{"text": "ab "}], "ab "),
    # unchecked, absent checkbox, false, NULL: equal; an unchecked box becomes false
    (pair(7, "bool"), None, False),
    (pair(7, "bool"), False, False),
    (pair(7, "bool", nullable=False), None, False),
    # empty text, missing key, null: NULL; '' in a NOT NULL text column
    (pair(1, "text"), None, None),
    (pair(1, "text"), "", None),
    (pair(1, "text"), [], None),
    (pair(1, "text"), [{"type": "text", "text": ""}], None),
    (pair(1, "text", nullable=False), None, ""),
    (pair(1, "varchar", length=9, nullable=False), [], ""),
    (pair(1, "bpchar", length=9, nullable=False), [], ""),
    (pair(3, "text", nullable=False), None, ""),
    # a cleared cell clears the column
    (MONEY, None, None),
    (pair(3, "text"), None, None),
    (pair(4, "text[]"), None, None),
    (pair(4, "text[]"), [], None),
    (pair(4, "text[]", nullable=False), None, frozenset()),
    (pair(5, "date"), None, None),
    # dates and times in the mapping's zone
    (pair(5, "date"), 1_704_038_399_999, date(2023, 12, 31)),
    (pair(5, "date"), 1_704_038_400_000, date(2024, 1, 1)),
    (pair(5, "date"), -1, date(1970, 1, 1)),
    (pair(5, "date", timezone=BERLIN), -3_600_001, date(1969, 12, 31)),
    # order of a multi select means nothing
    (pair(4, "text[]"), ["b", "a", "中"], frozenset(["a", "b", "中"])),
    # text with mentions or links is its plain text
    (
        pair(1, "text"),
        [{"type": "text", "text": "见 "}, {"type": "mention", "text": "@张三", "token": "ou_1"}],
        "见 @张三",
    ),
    (pair(1, "text"), [{"type": "url", "text": "a@b.cn", "link": "mailto:a@b.cn"}], "a@b.cn"),
    # big ids live in text fields
    (pair(1, "int8"), [{"text": " 9007199254740993 "}], Decimal(9007199254740993)),
    (pair(1, "numeric"), "007", Decimal(7)),
    # blanks and dashes in a phone number: normalised, silent
    (pair(13, "text"), "+86 138-0013–8000", "+8613800138000"),
    (pair(13, "varchar", length=14), "+86 138-0013-8000", "+8613800138000"),
    (pair(13, "text"), " - ", None),
    (pair(13, "text"), "(021) 555", "(021)555"),
    # a URL is its link, or the whole of it
    (pair(15, "text"), {"text": "官网", "link": "https://a.cn"}, "https://a.cn"),
    (pair(15, "text"), {"text": "官网", "link": ""}, "官网"),
    (pair(15, "text"), None, None),
    (pair(15, "text", nullable=False), None, ""),
    (pair(15, "jsonb"), {"text": "官网", "link": "https://a.cn"}, '{"link":"https://a.cn","text":"官网"}'),
    (pair(15, "json"), {"link": "a"}, '{"link":"a","text":"a"}'),
    (pair(15, "jsonb"), None, None),
    # documents: order of keys means nothing in jsonb, order of lists always does; numbers keep their digits
    (pair(1, "jsonb"), '{"b": 1.50, "a": [2, 1]}', '{"a":[2,1],"b":1.5}'),
    (pair(1, "json"), '{"b": 1.50, "a": [2, 1]}', '{"b":1.5,"a":[2,1]}'),
    (pair(1, "jsonb"), "0.12345678901234567890123", "0.12345678901234567890123"),
    (pair(1, "jsonb"), "[1e2, -0, 1E-2]", "[100,0,0.01]"),
    (pair(1, "jsonb"), '"\\u4e2d\\ud83d\\ude42"', '"中🙂"'),
    (pair(1, "jsonb"), '{"a": 1, "a": 2}', '{"a":2}'),
    (pair(1, "jsonb"), "null", None),
    (pair(1, "json"), '"\\u0000"', '"\\u0000"'),
    (pair(1, "jsonb"), '"\\\\u0000"', '"\\\\u0000"'),
    # arrays: a set for a multi select, a list for a text
    (pair(4, "int4[]"), ["007", " 1 ", "2.5"], frozenset(["7", "1", "2"])),
    (pair(4, "int4[]", nullable=False), None, frozenset()),
    (pair(4, "mood[]", enum=("a", "b")), ["b", "a"], frozenset("ab")),
    (pair(1, "int4[]"), "[3, 1, 3, null, 2.5]", "[3,1,3,null,2]"),
    (pair(1, "text[]"), '["b", "a", "b", "", null]', '["b","a","b","",null]'),
    (pair(1, "text[]"), "", None),
    (pair(1, "text[]"), "[]", "[]"),
    (pair(1, "text[]", nullable=False), None, "[]"),
    (pair(1, "bpchar[]", length=3), '["a  "]', '["a"]'),
    # times of day and spans
    (pair(1, "time"), " 8:30 ", "08:30:00"),
    (pair(1, "time"), "08：30：15.250", "08:30:15.25"),
    (pair(1, "time", precision=0), "23:59:59.5", "24:00:00"),
    (pair(1, "time", precision=0), "00:00:00.5", "00:00:00"),
    (pair(1, "interval"), "1:30", "01:30:00"),
    (pair(1, "interval"), "14 months 36 hours -90 min", "1 year 2 mons 34:30:00"),
    (pair(1, "interval"), "-14 mons 1 day", "-1 years -2 mons +1 day"),
    (pair(1, "interval"), "P1Y2M3W4DT5H6M7.5S", "1 year 2 mons 25 days 05:06:07.5"),
    (pair(1, "interval"), "p-1dt-1s", "-1 days -00:00:01"),
    (pair(1, "interval"), "0 days", "00:00:00"),
    (pair(1, "interval", precision=1), "0.25 sec", "00:00:00.2"),
    (pair(1, "uuid"), "{6F9619FF-8B86-D011-B42D-00CF4FC964FF}", "6f9619ff-8b86-d011-b42d-00cf4fc964ff"),
]


@pytest.mark.parametrize(("carry", "cell", "stored"), TO_DATABASE)
def test_what_a_cell_becomes_in_the_column(carry, cell, stored):
    value = carry.to_database(carry.from_cell(cell))
    assert value == stored
    assert type(value) is type(stored)


TO_FEISHU = [
    (MONEY, Decimal("1.50"), Decimal("1.5")),
    (pair(2, "numeric"), Decimal("123456789012345.67"), Decimal(123456789012346)),
    (pair(2, "numeric"), Decimal("1234567890123456.7"), Decimal(1234567890123457)),
    (pair(2, "int8"), -(2**53), Decimal(-(2**53))),
    (pair(2, "float4"), 0.10000000149011612, Decimal("0.1")),
    (pair(5, "timestamptz"), at(2024, 5, 1, 0, 0, 0, 1500), at(2024, 5, 1, 0, 0, 0, 2000)),
    (pair(5, "timestamptz"), at(2024, 5, 1, 0, 0, 0, 2500), at(2024, 5, 1, 0, 0, 0, 2000)),
    (pair(5, "timestamptz"), at(1969, 12, 31, 23, 59, 59, 999500), at(1970, 1, 1)),
    (pair(5, "timestamptz"), datetime(2024, 5, 1, 8, tzinfo=SHANGHAI), at(2024, 5, 1)),
    (pair(5, "timestamp"), datetime(2024, 5, 1, 8), at(2024, 5, 1)),
    (pair(5, "timestamp", timezone=BERLIN), datetime(2024, 10, 27, 2, 30), at(2024, 10, 27, 0, 30)),
    (pair(5, "timestamp", timezone=BERLIN), datetime(2024, 10, 27, 2, 30, fold=1), at(2024, 10, 27, 0, 30)),
    (pair(5, "timestamp", timezone=BERLIN), datetime(2024, 3, 31, 2, 30), at(2024, 3, 31, 1, 30)),
    (pair(5, "date"), date(2024, 1, 1), at(2023, 12, 31, 16)),
    (pair(5, "date"), date(1969, 12, 31), at(1969, 12, 30, 16)),
    (pair(1, "bpchar", length=5), "ab   ", "ab"),
    (pair(1, "text", nullable=False), "", None),
    (pair(7, "bool"), None, False),
    (pair(7, "bool"), True, True),
    (pair(4, "text[]"), [], None),
    (pair(4, "text[]"), ["b", "a", "b"], frozenset(["a", "b"])),
    (pair(1, "int8"), 9007199254740993, "9007199254740993"),
    (pair(1, "numeric"), Decimal("1E+3"), "1000"),
    (pair(3, "text", values={"待处理": "pending"}), "pending", "待处理"),
    (pair(13, "text"), "+86 138–0013　8000", "+8613800138000"),
    (pair(13, "bpchar", length=12), "021-5555    ", "0215555"),
    (pair(13, "text"), "--", None),
    (pair(15, "text"), "https://a.cn", "https://a.cn"),
    (pair(15, "jsonb"), '{"link": "a", "text": ""}', '{"link":"a","text":"a"}'),
    (pair(15, "json"), '{"text": "官网", "link": "a"}', '{"link":"a","text":"官网"}'),
    (pair(1, "jsonb"), '{"b": 1, "a": 1.0}', '{"a":1,"b":1}'),
    (pair(1, "json"), '{"b": 1,  "a": 1.0}', '{"b":1,"a":1}'),
    (pair(1, "jsonb"), "1" + "0" * 400, "1" + "0" * 400),
    (pair(1, "jsonb"), "null", None),
    (pair(4, "int8[]"), [10, 1, 10], frozenset(["10", "1"])),
    (pair(4, "float4[]"), [0.10000000149011612], frozenset(["0.1"])),
    (pair(1, "int8[]"), [10, 9007199254740993, None], "[10,9007199254740993,null]"),
    (pair(1, "float8[]"), [0.1 + 0.2], "[0.3]"),
    (pair(1, "time"), time(8, 30, 0, 250000), "08:30:00.25"),
    (pair(1, "time"), "24:00:00", "24:00:00"),
    (pair(1, "interval"), "1 year 2 mons -3 days +04:05:06.7", "1 year 2 mons -3 days +04:05:06.7"),
    (pair(2, "int2", field={"lowest": 1, "highest": 5}), 5, Decimal(5)),
]


@pytest.mark.parametrize(("carry", "held", "shown"), TO_FEISHU)
def test_what_a_column_becomes_in_the_field(carry, held, shown):
    value = carry.to_feishu(carry.from_column(held))
    assert value == shown
    assert type(value) is type(shown)


LABELLED = pair(3, "text", values={"待处理": "pending"})
NOT_HELD_BY_THE_DATABASE = [
    (pair(1, "varchar", length=3), "甲乙丙🙂", "4 characters; the column holds at most 3"),
    (pair(1, "bpchar", length=3), "abcd", "4 characters; the column holds at most 3"),
    (pair(4, "varchar[]", length=1), ["ab"], "2 characters"),
    (pair(2, "int2"), 32767.6, "-32768 to 32767"),
    (MONEY, 99999999.995, "less than 1E\\+8"),
    (pair(2, "numeric"), 2**53 + 1, "beyond 2\\^53"),
    (pair(2, "numeric"), 1e17, "use a text field"),
    (pair(2, "numeric"), float("nan"), "nan is not a number"),
    (pair(2, "numeric"), float("-inf"), "-inf is not a number"),
    (pair(1, "text"), "a\0b", "NUL"),
    (pair(1, "text"), "a\ud83d", "U\\+D83D at place 2"),
    (pair(3, "text"), "a\0", "NUL"),
    (LABELLED, "别的", "`values:` does not name; it names: 待处理"),
    (pair(4, "text[]", values={"甲": "a"}), ["甲", "乙"], "乙"),
    (pair(3, "mood", enum=("a", "b")), "c", "there are: a, b"),
    (pair(1, "int8"), "NO-17", "not a number"),
    (pair(1, "int8"), "１２", "not a number"),
    (pair(1, "numeric"), "1e5", "not a number"),
    (pair(1, "numeric"), "1" * 1001, "not a number"),
    (pair(1, "uuid"), "17", "not a UUID"),
    (pair(5, "timestamptz"), 10**18, "outside the years"),
    (pair(5, "date"), 253_402_300_799_999, "outside the years"),
    (pair(15, "varchar", length=3), {"text": "a", "link": "long"}, "at most 3"),
    (pair(15, "jsonb"), {"text": 7, "link": "a"}, "not a text"),
    (pair(1, "jsonb"), "{", "is not JSON"),
    (pair(1, "jsonb"), "NaN", "knows no such number"),
    (pair(1, "jsonb"), "1e9999999999999999999", "more than 1000 digits"),
    (pair(1, "jsonb"), "[" * 100_000, "nested too deeply"),
    (pair(1, "jsonb"), "[" * 500 + "]" * 500, "cannot be written as JSON"),
    (pair(1, "jsonb"), '"\\ud800"', "cannot be written as JSON"),
    (pair(1, "jsonb"), '{"\\u0000": 1}', "NUL character, which jsonb"),
    (pair(1, "jsonb", nullable=False), "null", "NOT NULL"),
    (pair(1, "int4[]"), "7", "not a list"),
    (pair(1, "int4[]"), '["7"]', "not a number"),
    (pair(1, "int4[]"), "[[1]]", "not a number"),
    (pair(1, "text[]"), "[7]", "not a text"),
    (pair(1, "float8[]"), "[1e400]", "out of the range"),
    (pair(4, "int4[]"), ["x"], "not a number"),
    (pair(4, "mood[]", enum=("a", "b")), ["c"], "there are: a, b"),
    (pair(1, "time"), "25:00", "goes from 00:00:00 to 24:00:00"),
    (pair(1, "time"), "half past", "time of day like 08:30"),
    (pair(1, "interval"), "1.5 days", "fractions: of seconds only"),
    (pair(1, "interval"), "soon", "span of time like 2 days"),
    (pair(1, "interval"), "1 day ago", "span of time"),
    (pair(1, "interval"), "P", "span of time"),
    (pair(1, "interval"), "9" * 300, "span of time"),
    (pair(1, "interval"), "2147483648 days", "longer than an interval"),
    (pair(1, "interval", nullable=False), None, "NOT NULL"),
    (pair(2, "int4", nullable=False), None, "NOT NULL"),
    (pair(5, "date", nullable=False), None, "NOT NULL"),
    (pair(3, "mood", enum=("a",), nullable=False), None, "NOT NULL"),
]


@pytest.mark.parametrize(("carry", "cell", "reason"), NOT_HELD_BY_THE_DATABASE)
def test_what_the_database_cannot_hold_fails_and_says_why(carry, cell, reason):
    with pytest.raises(Misfit, match=reason):
        carry.to_database(carry.from_cell(cell))


NOT_HELD_BY_FEISHU = [
    (pair(2, "int8"), 2**53 + 1, "use a text field"),
    (pair(2, "float8"), 1e300, "beyond 2\\^53"),
    (pair(2, "float8"), float("nan"), "no field can hold"),
    (pair(2, "numeric"), Decimal("NaN"), "no field can hold"),
    (pair(2, "numeric"), Decimal("-Infinity"), "no field can hold"),
    (pair(1, "text"), "x" * 100_001, "at most 100000"),
    (LABELLED, "lost", '"lost", which `values:` does not name; it names: pending'),
    (pair(4, "text[]"), [str(number) for number in range(1001)], "at most 1000"),
    (pair(4, "text[]"), ["a", ""], "cannot be an option"),
    (pair(4, "text[]"), ["a", None], "without NULL"),
    (pair(4, "text[]"), [["a"], ["b"]], "flat array"),
    (pair(5, "timestamptz"), datetime.max.replace(tzinfo=UTC), "outside the years"),
    (pair(5, "timestamp"), datetime.min, "outside the years"),
    (pair(5, "date"), date.min, "outside the years"),
    (pair(20, "text"), "x", "Feishu alone writes"),
    (pair(13, "text"), "(021) 555", "digits, with at most a \\+ before"),
    (pair(13, "text"), "13８", "is no phone number"),
    (pair(13, "text"), "1" * 65, "65 characters; a phone field holds 64"),
    (pair(15, "text"), "x" * 100_001, "at most 100000"),
    (pair(15, "jsonb"), '{"text": "a"}', "not a URL like"),
    (pair(15, "jsonb"), '{"link": "a", "more": 1}', "not a URL like"),
    (pair(15, "json"), '["a"]', "not a URL like"),
    (pair(2, "int2", field={"lowest": 1, "highest": 5}), 6, "out of range; the field goes from 1 to 5"),
    (pair(2, "int2", field={"lowest": 1}), 0, "the field goes from 1$"),
    (pair(4, "int4[]"), [1, None], "without NULL"),
    (pair(1, "int4[]"), [[1], [2]], "flat array"),
    (pair(1, "jsonb"), "[" * 100_000, "nested too deeply"),
    (pair(1, "interval"), "infinity", "span of time"),
]


@pytest.mark.parametrize(("carry", "held", "reason"), NOT_HELD_BY_FEISHU)
def test_what_feishu_cannot_hold_fails_and_says_why(carry, held, reason):
    with pytest.raises(Misfit, match=reason):
        carry.to_feishu(carry.from_column(held))


WRITTEN = [
    (pair(1, "text"), "甲🙂", "甲🙂"),
    (MONEY, Decimal("1E+2"), 100),
    (MONEY, Decimal("0.3"), 0.3),
    (pair(3, "text"), "新", "新"),
    (pair(4, "text[]"), frozenset("ba"), ["a", "b"]),
    (pair(5, "timestamptz"), at(1969, 12, 31, 23, 59, 59), -1000),
    (pair(7, "bool"), True, True),
    (pair(13, "text"), "+86", "+86"),
    (pair(15, "text"), "https://a.cn", {"text": "https://a.cn", "link": "https://a.cn"}),
    (pair(15, "jsonb"), '{"link":"a","text":"官网"}', {"text": "官网", "link": "a"}),
    (pair(15, "jsonb"), None, None),
    (pair(1, "jsonb"), '{"a":1}', '{"a":1}'),
]


@pytest.mark.parametrize(("carry", "value", "cell"), WRITTEN)
def test_what_is_sent(carry, value, cell):
    sent = carry.cell(value)
    assert sent == cell
    assert type(sent) is type(cell)


@pytest.mark.parametrize(
    "carry", [MONEY, *(pair(number, sql) for number, sql in [(1, "text"), (3, "text"), (4, "text[]"), (5, "date")])]
)
def test_nothing_clears_on_both_sides(carry):
    assert is_empty(carry.from_cell(None))
    assert carry.cell(None) is None
    assert carry.column(None) is None


def test_clearing_a_checkbox_unchecks_it():
    assert pair(7, "bool").cell(None) is False
    assert pair(7, "bool").column(None) is False


def test_a_phone_number_pairs_with_itself_however_its_digits_are_grouped():
    carry = pair(13, "varchar", length=20)
    held = carry.from_column("+86 138-0013-8000")
    assert held == carry.to_database(carry.from_cell("+8613800138000"))
    assert carry.to_feishu(held) == "+8613800138000"
