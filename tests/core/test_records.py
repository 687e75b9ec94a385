"""Keys and bases come back from storage exactly as they were."""

from datetime import UTC, date, datetime
from decimal import Decimal

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncer.core.records import Base, Owed, Side, dump_bases, key_text, key_values, load_bases
from tests.core.test_values import alike, moments, texts, values

owed = st.none() | st.builds(Owed, st.sampled_from(Side), values, st.none() | moments)
bases = st.builds(Base, values, values, owed)


def through_json(form):
    return orjson.loads(orjson.dumps(form))


def identical(one: Base, other: Base) -> bool:
    parts = [(one.feishu, other.feishu), (one.database, other.database)]
    if one.owed is not None and other.owed is not None:
        parts.append((one.owed.value, other.owed.value))
    return one == other and all(alike(*part) for part in parts)


@given(st.lists(values, max_size=4).map(tuple))
def test_a_key_comes_back_from_its_text(key):
    assert all(map(alike, key_values(key_text(key)), key))


@given(st.lists(values, max_size=3).map(tuple), st.lists(values, max_size=3).map(tuple))
def test_different_keys_have_different_texts(one, other):
    same = len(one) == len(other) and all(map(alike, one, other))
    assert (key_text(one) == key_text(other)) == same


def test_a_number_and_its_digits_are_different_keys():
    assert key_text((Decimal(1),)) != key_text(("1",))
    assert key_text((Decimal("1.50"),)) != key_text((Decimal("1.05"),))


@given(st.dictionaries(texts, bases, max_size=4))
def test_bases_come_back_from_storage(remembered):
    restored = load_bases(through_json(dump_bases(remembered)))
    assert restored.keys() == remembered.keys()
    assert all(identical(restored[name], base) for name, base in remembered.items())


@pytest.mark.parametrize(
    "base",
    [
        Base(True, Decimal(1)),
        Base(Decimal(0), False),
        Base(None, False),
        Base(None, Decimal(0)),
        Base(None, ""),
        Base((), frozenset()),
        Base(("a",), frozenset({"a"})),
        Base("2026-01-01", date(2026, 1, 1)),
        Base(date(2026, 1, 1), datetime(2026, 1, 1, tzinfo=UTC)),
        Base("1", Decimal(1)),
        Base(("a", "b"), ("a", "b")),
        Base(None, None, Owed(Side.DATABASE, None)),
    ],
    ids=repr,
)
def test_sides_that_only_look_alike_stay_apart(base):
    assert identical(load_bases(through_json(dump_bases({"金额": base})))["金额"], base)


def test_a_base_that_is_equal_on_both_sides_is_stored_once():
    assert dump_bases({"状态": Base("待处理", "待处理")}) == {"状态": ["待处理"]}
    assert dump_bases({"状态": Base("待处理", "pending")}) == {"状态": ["待处理", "pending"]}
