"""Values keep their meaning through storage, and fingerprints tell different values apart."""

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncer.core.series import match_digests
from syncer.core.values import (
    digest,
    dump,
    is_empty,
    load,
    match_digest,
    microseconds,
    milliseconds,
    moment,
    number,
    plain,
)

texts = st.text(st.characters(codec="utf-8"), max_size=30) | st.sampled_from(
    ["订单号", "🚚👩‍👩‍👧", "x" * 100_000, "NaN", "1"]
)
decimals = st.decimals(allow_nan=False, allow_infinity=False).map(plain) | st.integers(-(2**70), 2**70).map(
    lambda whole: plain(Decimal(whole))
)
moments = st.datetimes(timezones=st.just(UTC))
values = st.one_of(
    st.none(),
    texts,
    st.booleans(),
    decimals,
    moments,
    st.dates(),
    st.frozensets(texts, max_size=5),
    st.lists(texts, max_size=5).map(tuple),
)


def alike(one, other) -> bool:
    """Equal and of one kind: Python holds True and 1 for equal."""
    return type(one) is type(other) and one == other


@given(values)
def test_what_is_dumped_loads_as_the_same_value_even_through_json(value):
    assert alike(load(dump(value)), value)
    assert alike(load(orjson.loads(orjson.dumps(dump(value)))), value)


@given(values, values)
def test_different_values_have_different_stored_forms(one, other):
    same_form = orjson.dumps(dump(one)) == orjson.dumps(dump(other))
    assert same_form == alike(one, other)


@pytest.mark.parametrize("form", [1.5, {"x": 1}, {"t": "soon"}, {"s": "abc"}])
def test_a_form_that_dump_never_makes_is_refused(form):
    with pytest.raises(ValueError, match="not the stored form"):
        load(form)


@pytest.mark.parametrize(
    ("given_as", "meant"),
    [
        ("1.50", "1.5"),
        ("-0", "0"),
        ("0.000", "0"),
        ("1E+2", "100"),
        (Decimal("100.00"), "100"),
        (0.1 + 0.2, "0.3"),
        (1e22, "1E22"),
        (-0.0, "0"),
        (5e-324, "4.94065645841247E-324"),
        (1.7976931348623157e308, "1.79769313486232E308"),
        (12, "12"),
        ("12345678901234567890.123456789012345678901234567890", "12345678901234567890.12345678901234567890123456789"),
    ],
)
def test_a_number_is_normalised(given_as, meant):
    assert number(given_as) == Decimal(meant)
    assert orjson.dumps(dump(number(given_as))) == orjson.dumps(dump(plain(Decimal(meant))))


@given(st.decimals(allow_nan=False, allow_infinity=False), st.integers(0, 20))
def test_trailing_zeros_never_make_another_number(raw, zeros):
    sign, digits, exponent = raw.as_tuple()
    padded = Decimal((sign, (*digits, *[0] * zeros), exponent - zeros))
    assert plain(padded).as_tuple() == plain(raw).as_tuple()
    assert plain(raw) == raw


@given(st.integers(-(2**53), 2**53))
def test_a_whole_number_is_stored_as_it_is_read(whole):
    assert load(dump(plain(Decimal(whole)))) == whole


@pytest.mark.parametrize("value", [None, "", frozenset(), ()])
def test_what_says_nothing_is_empty(value):
    assert is_empty(value)


@pytest.mark.parametrize("value", [False, Decimal(0), " ", "0", frozenset({""}), ("",), date.min])
def test_false_zero_and_blanks_are_not_empty(value):
    assert not is_empty(value)


@given(st.lists(st.binary(max_size=6), max_size=4), st.lists(st.binary(max_size=6), max_size=4))
def test_fingerprints_are_equal_only_for_equal_parts(one, other):
    assert (digest(*one) == digest(*other)) == (one == other)


def test_fingerprints_know_where_one_part_ends():
    assert digest(b"ab", b"c") != digest(b"a", b"bc")
    assert digest(b"", b"a") != digest(b"a", b"")
    assert digest() != digest(b"")


@given(st.lists(values, min_size=1, max_size=3), st.lists(values, min_size=1, max_size=3))
def test_lines_match_only_by_equal_values_and_never_by_empty_ones(one, other):
    first, second = match_digest(one), match_digest(other)
    assert (first is None) == any(is_empty(value) for value in one)
    if first is not None:
        same = len(one) == len(other) and all(map(alike, one, other))
        assert (first == second) == same


@given(st.lists(st.tuples(texts | st.none(), decimals | st.none(), st.frozensets(texts, max_size=2)), max_size=5))
def test_lines_match_alike_when_they_are_looked_at_series_by_series(lines):
    series = list(zip(*lines, strict=True)) if lines else [[], [], []]
    assert match_digests(series) == [match_digest(values) for values in lines]


def test_nothing_to_match_by_never_matches():
    assert match_digest([]) is None
    assert match_digest(["A-1", None]) is None
    assert match_digest(["A-1", ""]) is None


@given(moments)
def test_a_moment_survives_as_microseconds(when):
    assert moment(microseconds(when)) == when
    assert abs(milliseconds(when) - microseconds(when) / 1000) <= 0.5


def test_the_zone_of_a_moment_does_not_change_it():
    shanghai = timezone(timedelta(hours=8))
    assert microseconds(datetime(2026, 1, 1, 8, tzinfo=shanghai)) == microseconds(datetime(2026, 1, 1, tzinfo=UTC))


@pytest.mark.parametrize(("micros", "millis"), [(1500, 2), (2500, 2), (-500, 0), (999, 1)])
def test_milliseconds_are_rounded_half_even(micros, millis):
    assert milliseconds(moment(micros)) == millis
