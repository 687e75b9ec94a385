"""Versions as bytes: whatever a line can hold comes back as it was, in any company."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from syncer.core.records import Side, Unreadable, Version
from syncer.core.values import number
from syncer.state.versions import VersionForms

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=5) | st.sampled_from(
    [",\n,", "null", "订单 🙂", "[1]"]
)
moments = st.datetimes(timezones=st.just(UTC))
numbers = st.decimals(allow_nan=False, allow_infinity=False).map(number) | st.integers(-(2**70), 2**70).map(number)
sets, lists = st.frozensets(texts, min_size=1, max_size=3), st.lists(texts, max_size=3).map(tuple)
values = st.none() | st.booleans() | texts | numbers | moments | st.dates() | sets | lists | texts.map(Unreadable)
shapes = st.lists(st.lists(texts, max_size=3, unique=True), min_size=1, max_size=2)


@st.composite
def pages(draw: st.DrawFn) -> list[Version]:
    known, page = draw(shapes), []
    for place in range(draw(st.integers(0, 5))):
        names = draw(st.none() | st.sampled_from(known))
        held = None if names is None else {name: draw(values) for name in names}
        side = draw(st.sampled_from(Side))
        page.append(Version(side, f"line {place}", held, draw(moments), draw(st.none() | moments)))
    return page


def kinds(version: Version) -> list[type]:
    return list(map(type, (version.values or {}).values()))


@given(st.lists(pages(), min_size=1, max_size=3))
def test_versions_come_back_as_they_were(given_pages):
    forms = VersionForms()
    dumped = [forms.dump(page) for page in given_pages]
    for page, stored in zip(given_pages, dumped, strict=True):
        back = forms.load([(version.side, version.line) for version in page], stored)
        assert back == page
        assert list(map(kinds, back)) == list(map(kinds, page))


def test_a_whole_number_comes_back_in_its_shortest_form():
    version = Version(Side.FEISHU, "a", {"n": number(1200)}, datetime(2026, 1, 1, tzinfo=UTC))
    forms = VersionForms()
    (back,) = forms.load([(Side.FEISHU, "a")], forms.dump([version]))
    assert str((back.values or {})["n"]) == "1.2E+3"
