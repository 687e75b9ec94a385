"""Laws of every pair of the table: what a carry predicts is stable, typed, and readable again."""

from datetime import UTC, date, datetime
from decimal import Decimal

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from syncer.core.mapping import Misfit
from syncer.core.series import at_once
from syncer.core.values import dump, load
from syncer.fields.columns.text import TextColumn
from syncer.fields.text import TextField
from tests.fields.pairs import CASES, Case, fits, named

shared = settings(max_examples=max(12, settings().max_examples // 5))
"""Eighty pairs look at each law: each of them for a fifth of the time."""
PLAIN = (str, bool, Decimal, datetime, date, frozenset, type(None))


@pytest.mark.parametrize("case", CASES, ids=named)
@shared
@given(data=st.data())
def test_what_the_column_will_hold_is_still_that_after_a_journey_to_feishu_and_back(case: Case, data):
    carry = case.translator
    for stored in fits(carry.to_database, *fits(carry.from_cell, data.draw(case.cells))):
        for shown in fits(carry.to_feishu, stored):
            assert carry.to_database(shown) == stored


@pytest.mark.parametrize("case", CASES, ids=named)
@shared
@given(data=st.data())
def test_what_the_field_will_show_is_still_that_after_a_journey_to_the_database_and_back(case: Case, data):
    carry = case.translator
    for shown in fits(carry.to_feishu, *fits(carry.from_column, data.draw(case.held))):
        for stored in fits(carry.to_database, shown):
            assert carry.to_feishu(stored) == shown


@pytest.mark.parametrize("case", CASES, ids=named)
@shared
@given(data=st.data())
def test_a_cell_that_is_written_as_predicted_reads_as_predicted(case: Case, data):
    carry = case.translator
    for shown in fits(carry.to_feishu, *fits(carry.from_column, data.draw(case.held))):
        assert carry.from_cell(orjson.loads(orjson.dumps(carry.cell(shown)))) == shown


@pytest.mark.parametrize("case", CASES, ids=named)
@shared
@given(data=st.data())
def test_every_value_is_neutral_and_survives_storage(case: Case, data):
    carry = case.translator
    read = fits(carry.from_cell, data.draw(case.cells)) + fits(carry.from_column, data.draw(case.held))
    for value in read:
        assert isinstance(value, PLAIN)
        assert not isinstance(value, datetime) or value.tzinfo is UTC
        stored = load(orjson.loads(orjson.dumps(dump(value))))
        assert stored == value
        assert type(stored) is type(value)


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.just("\ud800") | st.just("\0"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["type", "value", "text", "a"]), inner),
    max_leaves=8,
)


@pytest.mark.parametrize("case", CASES, ids=named)
@shared
@given(cell=ANYTHING)
def test_no_cell_whatever_its_shape_breaks_the_reading(case: Case, cell):
    for value in fits(case.translator.from_cell, cell):
        orjson.dumps(dump(value))
        fits(case.translator.to_database, value)


@pytest.mark.parametrize("case", CASES, ids=named)
@shared
@given(held=ANYTHING | st.datetimes() | st.dates() | st.decimals() | st.uuids() | st.binary())
def test_no_content_of_a_column_breaks_the_reading(case: Case, held):
    fits(case.translator.to_feishu, *fits(case.translator.from_column, held))


@pytest.mark.parametrize("case", CASES, ids=named)
def test_a_misfit_says_why(case: Case):
    with pytest.raises(Misfit) as caught:
        case.translator.from_cell({"strange": [1]})
    assert "strange" in caught.value.reason


@pytest.mark.parametrize("case", CASES, ids=named)
@shared
@given(data=st.data())
def test_a_series_becomes_what_each_of_it_becomes(case: Case, data):
    """Where a whole series can be dealt with in one go, nothing else comes of it than one by one, types included."""
    carry = case.translator
    cells, held = data.draw(st.lists(st.none() | case.cells)), data.draw(st.lists(st.none() | case.held))
    for step, series in (
        (carry.from_cell, cells),
        (carry.from_column, held),
        (carry.to_database, fits_all(carry.from_cell, cells)),
        (carry.to_feishu, fits_all(carry.from_column, held)),
    ):
        try:
            made = at_once(step, series)
        except Misfit:
            continue
        if made is not None:
            alone = [step(one) for one in series]
            assert list(made) == alone
            assert list(map(type, made)) == list(map(type, alone))


def fits_all(step, series):
    return [value for one in series for value in fits(step, one)]


@pytest.mark.parametrize(("nullable", "series"), [(True, ["a", None, None]), (False, ["a", "", ""])])
def test_empty_texts_of_a_series_become_what_the_column_takes(nullable, series):
    assert at_once(TextColumn(nullable=nullable).fit, ["a", None, ""]) == series


@pytest.mark.parametrize("bad", ["\0", "\ud83d", 7, "x" * 1_000_001])
def test_a_series_with_what_may_not_fit_is_looked_at_one_by_one(bad):
    assert at_once(TextColumn(nullable=True).fit, ["a", bad]) is None
    assert at_once(TextField().read, [[{"text": "a"}], [{"text": bad}]]) is None
