"""What a mapping file may ask of a pair beside its types: each way back is the inverse of its way there."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from syncer.core.mapping import Manner, Misfit
from syncer.core.records import Side
from syncer.fields.forms import Bridge, ImpossiblePair
from syncer.fields.transforms import Tidied, joined_by, power_of_ten, scaled, split_by
from syncer.fields.wordings import worded
from tests.fields.pairs import BERLIN, SHANGHAI, fits, pair
from tests.fields.values import decimals, moments, texts

separators = st.sampled_from([",", ";", "、", " | ", "und", "🙂", "aa", "."])
factors = st.integers(-15, 15).map(lambda exponent: power_of_ten(f"1e{exponent}"))
FORMATS = ["%Y-%m-%d", "%d.%m.%Y %H:%M", "%Y%m%d%H%M%S", "%Y年%m月%d日 %H:%M:%S.%f", "100%% %Y/%m/%d %H"]


def journeys(bridge, values, start="over"):
    """Values carried over, and those carried over, back and over again."""
    over, back = (bridge.over, bridge.back) if start == "over" else (bridge.back, bridge.over)
    once = fits(over, *values)
    return once, [over(value) for each in once for value in fits(back, each)]


@given(factor=factors, values=st.lists(decimals))
def test_scaling_and_scaling_back_keeps_every_digit(factor, values):
    bridge = scaled(factor)
    assert [bridge.back(bridge.over(value)) for value in values] == values
    assert [bridge.over(bridge.back(value)) for value in values] == values


@given(separator=separators, values=st.lists(st.frozensets(texts, max_size=4)), column=st.lists(texts))
def test_what_was_joined_to_a_text_is_split_as_it_was(separator, values, column):
    bridge = split_by(separator)
    for value in values:
        for text in fits(bridge.over, value):
            assert (bridge.back(text) or frozenset()) == value
    once, again = journeys(bridge, column, "back")
    assert [value for value in once if value in again or value is None] == [
        value for value in once if value is None or fits(bridge.over, value)
    ]


@given(separator=separators, lists=st.lists(st.lists(texts, max_size=4)), shown=st.lists(texts))
def test_a_list_that_was_shown_as_a_text_is_the_list_again(separator, lists, shown):
    from syncer.fields.documents import parsed_json, spelled

    bridge = joined_by(separator)
    for items in lists:
        for text in fits(bridge.back, spelled(items)):
            assert parsed_json(bridge.over(text) or "[]") == items if text else not items
    for text in shown:
        for held in fits(bridge.over, text):
            for again in fits(bridge.back, held) if held else []:
                assert bridge.over(again) == held


@pytest.mark.parametrize("zone", [SHANGHAI, BERLIN], ids=str)
@pytest.mark.parametrize("format_", FORMATS)
@given(times=st.lists(moments, max_size=8))
def test_a_time_that_was_written_is_read_as_what_was_written_of_it(format_, zone, times):
    bridge = worded(format_, (), zone)
    written, again = journeys(bridge, times)
    assert again == written


manners = st.sampled_from(
    [
        Manner(trim=True),
        Manner(case_database="lower"),
        Manner(case_feishu="upper"),
        Manner(trim=True, case_feishu="upper", case_database="lower"),
        Manner(case_feishu="lower", case_database="upper"),
    ]
)


@given(manner=manners, values=st.lists(texts | st.text(max_size=3) | st.sampled_from(["ß", "İ", "ŉ", "ΑΣ", "ǅ", "ﬁ"])))
def test_a_tidied_text_is_not_tidied_again(manner, values):
    tidied = Tidied.of(manner)
    assert tidied is not None
    for start in ("over", "back"):
        once, again = journeys(tidied.around(None), values, start)
        assert again == once


EXAMPLES = [
    (pair(1, "text", manner=Manner(trim=True)), " 甲 \n", "甲", "甲"),
    (pair(1, "text", manner=Manner(case_database="lower")), "AbC", "abc", "abc"),
    (pair(2, "int8", manner=Manner(scale="100")), Decimal("12.34"), Decimal(1234), Decimal("12.34")),
    (pair(5, "text", manner=Manner(format="%Y-%m-%d")), datetime(2024, 2, 28, 16, tzinfo=UTC), "2024-02-29", ...),
    (pair(4, "text", manner=Manner(split=", ")), frozenset(["b", "a"]), "a, b", ...),
    (pair(1, "text[]", manner=Manner(join="、")), "b、 a、、b", '["b","a","b"]', "b、a、b"),
]


@pytest.mark.parametrize("example", EXAMPLES)
def test_examples(example):
    carry, value, held, back = example
    assert carry.to_database(value) == held
    assert carry.to_feishu(held) == (value if back is ... else back)


def test_a_formula_of_a_date_goes_into_a_text_as_the_format_has_it():
    carry = pair(20, "text", manner=Manner(format="%d.%m.%Y"))
    assert carry.to_database(carry.from_cell({"type": 5, "value": [1709164800123]})) == "29.02.2024"


MISFITS = [
    (split_by(",").over, frozenset(["a,b"]), "divides the list"),
    (split_by(",").over, frozenset([" a"]), "blank at an end"),
    (joined_by(",").back, '["a", null]', "no list of texts alone"),
    (joined_by(",").back, '[""]', "empty"),
    (worded("%Y-%m-%d", ("%d.%m.%Y",), SHANGHAI).back, "2024/01/31", "is no time as `format:` or `parse:` write it"),
    (worded("%Y-%m-%d", (), SHANGHAI).back, "2023-02-29", "is no time"),
    (Tidied.of(Manner(case_feishu="upper", case_database="lower")).around(None).over, "ß", "without a counterpart"),
]


@pytest.mark.parametrize(("carry", "value", "said"), MISFITS)
def test_what_would_not_come_back_is_a_misfit(carry, value, said):
    with pytest.raises(Misfit, match=said):
        carry(value)


IMPOSSIBLE = [
    ((2, "text"), Manner(scale="100"), "such a field goes with"),
    ((1, "text"), Manner(scale="100"), "`scale:` is for numbers on both sides"),
    ((2, "int4"), Manner(scale="60"), "no power of ten"),
    ((5, "text"), Manner(format="%H:%M"), "needs %Y, %m and %d"),
    ((5, "text"), Manner(format="%Y-%m-%d %j"), "`%j` in .* is not known"),
    ((5, "text"), Manner(format="%Y-%m-%d %M"), "has %M without %H"),
    ((5, "date"), Manner(parse=("%Y-%m-%d",)), "`parse:` needs `format:`"),
    ((5, "date"), Manner(format="%Y-%m-%d"), "a date against a text column"),
    ((1, "text"), Manner(split=","), "a field of several values against a text column"),
    ((4, "text[]"), Manner(split=","), "a field of several values against a text column"),
    ((1, "text"), Manner(join=","), "a text field against an array"),
    ((1, "int4[]"), Manner(join=","), "a text field against an array of texts"),
    ((2, "int4"), Manner(trim=True), "for texts on both sides"),
    ((4, "text"), Manner(split=",", join=","), "cannot both be done"),
    ((3, "text"), Manner(otherwise=((Side.FEISHU, "x"),)), "add `values:`"),
    ((1, "text"), Manner(unknown="reject"), "`unknown:` is for select fields"),
]


@pytest.mark.parametrize(("types", "manner", "said"), IMPOSSIBLE)
def test_what_cannot_be_done_to_a_pair_says_why(types, manner, said):
    with pytest.raises(ImpossiblePair, match=said) as caught:
        pair(*types, manner=manner)
    assert '"金额" is of type' in caught.value.reason


def test_what_stands_for_everything_else_must_mean_itself_again():
    values = {"待处理": "pending", "其他": "other"}
    assert pair(3, "text", values=values, manner=Manner(otherwise=((Side.FEISHU, "其他"), (Side.DATABASE, "other"))))
    with pytest.raises(ImpossiblePair, match="comes back as"):
        pair(3, "text", values=values, manner=Manner(otherwise=((Side.FEISHU, "杂"), (Side.DATABASE, "pending"))))


def test_values_with_a_default_carry_what_they_do_not_name():
    both = Manner(otherwise=((Side.FEISHU, "其他"), (Side.DATABASE, "other")))
    carry = pair(3, "text", values={"待处理": "pending"}, manner=both)
    assert [carry.to_database(label) for label in ("待处理", "新的", None)] == ["pending", "other", None]
    assert [carry.to_feishu(text) for text in ("pending", "zzz", "", "other")] == ["待处理", "其他", None, "其他"]


@given(held=st.dictionaries(texts.filter(bool), texts.filter(bool), max_size=6), data=st.data())
def test_what_values_name_comes_back_as_itself_and_the_rest_goes_to_what_stands_for_it(held, data):
    """One to one on what is named; everything else is one value, which means itself from then on."""
    values = {name: text for text, name in {text: name for name, text in held.items()}.items()}
    assume(values)
    otherwise = data.draw(st.sampled_from([{}, {Side.FEISHU: "其余 🙂", Side.DATABASE: "\x7frest"}]))
    assume(not otherwise or ("其余 🙂" not in values and "\x7frest" not in values.values()))
    carry = pair(3, "text", values=values, manner=Manner(otherwise=tuple(otherwise.items())))
    for name, text in values.items():
        assert (carry.to_database(name), carry.to_feishu(text)) == (text, name)
    stranger = data.draw(texts.filter(lambda text: text and text not in values and text not in values.values()))
    once, again = journeys(Bridge(carry.to_database, carry.to_feishu), [stranger])
    assert once == again == (["\x7frest"] if otherwise else [])
    assert fits(carry.to_feishu, stranger) == (["其余 🙂"] if otherwise else [])
