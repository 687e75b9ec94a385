"""What a survey finds, case by case, and the twin and PostgreSQL finding the same in anything."""

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from itertools import groupby

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncer.core.joining import SmallSurvey
from syncer.core.records import Link, Side, Unreadable, Version
from syncer.core.survey import Newcomers
from syncer.core.values import dump
from syncer.ports import Case, CaseKind, Look, Memo, Memory, Remembered, Staged, Survey, Totals
from syncer.state.store import Store
from syncer.testing import FakeClock
from syncer.testing.world import BEGINNING
from tests.state.rooms import LAYOUT, D, F, Room, linked, match, print_of, remember, staged


def survey_of(memory: Memory, feishu: Sequence[Staged], database: Sequence[Staged]) -> Survey:
    survey = memory.survey()
    survey.stage(F, feishu)
    survey.stage(D, database)
    return survey


def same(side: Side, number: int) -> Staged:
    """A linked line that is as it was."""
    return staged(side, f"{'f' if side is F else 'd'}{number}", number, changed=False)


def edited(side: Side, number: int) -> Staged:
    """A linked line that moved."""
    return staged(side, f"{'f' if side is F else 'd'}{number}", number)


def new(side: Side, line: str, matches: str | None = None) -> Staged:
    """A line without a link."""
    return staged(side, line, None, matches)


def told(survey: Survey) -> list[str]:
    """All cases in words: kind, link, each side, others."""
    return [_told(case) for kind in CaseKind for case in survey.cases(kind, None, 100)]


def _told(case: Case) -> str:
    link = f" {case.remembered.link.id}" if case.remembered else ""
    others = f" others {','.join(case.others)}" if case.others else ""
    return f"{case.kind}{link}: {_side(case.feishu)} | {_side(case.database)}{others}"


def _side(found: Version | Look | None) -> str:
    return found.line if isinstance(found, Version) else str(found or "-")


LINK_1 = linked(1)
FEISHU_SEVERED = linked(1, severed=F)
BOTH, NONE = frozenset(Side), frozenset[Side]()

EXAMPLES: dict[str, tuple[list[Remembered], list[Staged], list[Staged], frozenset[Side], list[str]]] = {
    "nothing moved": ([LINK_1], [same(F, 1)], [same(D, 1)], NONE, []),
    "the record changed": ([LINK_1], [edited(F, 1)], [same(D, 1)], NONE, ["changed 1: f1 | unchanged"]),
    "both changed": ([LINK_1], [edited(F, 1)], [edited(D, 1)], NONE, ["changed 1: f1 | d1"]),
    "the record is gone": ([LINK_1], [], [same(D, 1)], NONE, ["changed 1: gone | unchanged"]),
    "the record is gone, the row changed": ([LINK_1], [], [edited(D, 1)], NONE, ["changed 1: gone | d1"]),
    "both are gone": ([LINK_1], [], [], NONE, ["changed 1: gone | gone"]),
    "nothing of an unread side is gone": ([LINK_1], [], [same(D, 1)], frozenset({F}), []),
    "an unread side's changes count": ([LINK_1], [edited(F, 1)], [], BOTH, ["changed 1: f1 | unchanged"]),
    "a severed side is not gone": ([FEISHU_SEVERED], [], [same(D, 1)], NONE, []),
    "the survivor changed": ([FEISHU_SEVERED], [], [edited(D, 1)], NONE, ["changed 1: - | d1"]),
    "the survivor is gone": ([FEISHU_SEVERED], [], [], NONE, ["changed 1: - | gone"]),
    "the severed line is back": ([FEISHU_SEVERED], [edited(F, 1)], [same(D, 1)], NONE, ["changed 1: f1 | unchanged"]),
    "a newcomer takes the place of what is gone": (
        [LINK_1],
        [new(F, "f2", "m1")],
        [edited(D, 1)],
        NONE,
        ["moved 1: f2 | d1"],
    ),
    "a row takes the place of what is gone": (
        [LINK_1],
        [same(F, 1)],
        [new(D, "d2", "m1")],
        NONE,
        ["moved 1: unchanged | d2"],
    ),
    "a newcomer takes the severed side": (
        [FEISHU_SEVERED],
        [new(F, "f2", "m1")],
        [same(D, 1)],
        NONE,
        ["moved 1: f2 | unchanged"],
    ),
    "of two that could take the place none does": (
        [LINK_1],
        [new(F, "f2", "m1"), new(F, "f3", "m1")],
        [same(D, 1)],
        NONE,
        ["changed 1: gone | unchanged", "duplicate: f2 | - others f3", "duplicate: f3 | - others f2"],
    ),
    "what is wholly gone has no place to take": (
        [LINK_1],
        [new(F, "f2", "m1")],
        [new(D, "d2", "m1")],
        NONE,
        ["changed 1: gone | gone", "pair: f2 | d2"],
    ),
    "one newcomer of a link that is wholly gone is fresh": (
        [LINK_1],
        [new(F, "f2", "m1")],
        [],
        NONE,
        ["changed 1: gone | gone", "fresh: f2 | -"],
    ),
    "a gone link and a severed one: the gone one gets the newcomer": (
        [FEISHU_SEVERED, linked(2, match=match("m1"))],
        [new(F, "f9", "m1")],
        [same(D, 1), same(D, 2)],
        NONE,
        ["moved 2: f9 | unchanged"],
    ),
    "one side alone, each its own": (
        [],
        [new(F, "f1", "m1"), new(F, "f2"), new(F, "f3", "m3")],
        [],
        NONE,
        ["fresh: f1 | -", "fresh: f2 | -", "fresh: f3 | -"],
    ),
    "one side alone, two of them alike": (
        [],
        [],
        [new(D, "d1", "m1"), new(D, "d2", "m1"), new(D, "d3", "m3")],
        NONE,
        ["duplicate: - | d1 others d2", "duplicate: - | d2 others d1", "fresh: - | d3"],
    ),
    "a rival of a line that lives": (
        [LINK_1],
        [same(F, 1), new(F, "f2", "m1")],
        [same(D, 1)],
        NONE,
        ["rival: f2 | - others f1"],
    ),
    "rivals on both sides are no pair": (
        [LINK_1],
        [same(F, 1), new(F, "f2", "m1")],
        [same(D, 1), new(D, "d2", "m1")],
        NONE,
        ["rival: f2 | - others f1", "rival: - | d2 others d1"],
    ),
    "a rival of a survivor": (
        [FEISHU_SEVERED],
        [],
        [same(D, 1), new(D, "d2", "m1")],
        NONE,
        ["rival: - | d2 others d1"],
    ),
    "on an unread side every linked line lives": (
        [LINK_1],
        [new(F, "f2", "m1")],
        [same(D, 1)],
        frozenset({F}),
        ["rival: f2 | - others f1"],
    ),
    "one takes the place, the other side's newcomer is a rival": (
        [LINK_1],
        [new(F, "f2", "m1")],
        [same(D, 1), new(D, "d2", "m1")],
        NONE,
        ["moved 1: f2 | unchanged", "rival: - | d2 others d1"],
    ),
    "a pair": ([], [new(F, "f1", "m")], [new(D, "d1", "m")], NONE, ["pair: f1 | d1"]),
    "duplicates": (
        [],
        [new(F, "f1", "m"), new(F, "f2", "m"), new(F, "f3", "m")],
        [],
        NONE,
        ["duplicate: f1 | - others f2,f3", "duplicate: f2 | - others f1,f3", "duplicate: f3 | - others f1,f2"],
    ),
    "a lone row meets duplicates": (
        [],
        [new(F, "f1", "m"), new(F, "f2", "m")],
        [new(D, "d1", "m")],
        NONE,
        ["duplicate: f1 | - others f2", "duplicate: f2 | - others f1", "duplicate: - | d1 others f1,f2"],
    ),
    "duplicates on both sides": (
        [],
        [new(F, "f1", "m"), new(F, "f2", "m")],
        [new(D, "d1", "m"), new(D, "d2", "m")],
        NONE,
        [
            "duplicate: f1 | - others f2",
            "duplicate: f2 | - others f1",
            "duplicate: - | d1 others d2",
            "duplicate: - | d2 others d1",
        ],
    ),
    "lines without a partner": (
        [],
        [new(F, "f2", "m2"), new(F, "f1", "m1")],
        [new(D, "d3", "m3")],
        NONE,
        ["fresh: f2 | -", "fresh: f1 | -", "fresh: - | d3"],
    ),
    "lines without a match are fresh, however many": (
        [linked(1, match=None)],
        [same(F, 1), new(F, "f2"), new(F, "f3")],
        [new(D, "d2"), same(D, 1)],
        NONE,
        ["fresh: f2 | -", "fresh: f3 | -", "fresh: - | d2"],
    ),
}


@pytest.mark.parametrize("example", EXAMPLES)
def test_a_survey_finds(room: Room, example: str) -> None:
    links, feishu, database, unread, expected = EXAMPLES[example]
    memory = room.run()
    remember(memory, *links)
    survey = survey_of(memory, feishu, database)
    totals = survey.close(unread)
    assert told(survey) == expected
    assert totals.lines == {F: len(feishu), D: len(database)}
    assert sum(totals.cases.values()) == len(expected)
    assert totals.linked + totals.severed == len(links)


def test_a_case_carries_versions_prints_match_and_the_link(room: Room) -> None:
    memory = room.run()
    remember(memory, linked(1))
    values = {"金额": None, "状态": frozenset({"红", "😀"}), "备注": Unreadable("no number: 一")}
    moved = Version(F, "f1", values, BEGINNING, BEGINNING)
    line = Staged("f1", b"new print", 1, match("other"), moved)
    survey = survey_of(memory, [line], [same(D, 1), new(D, "d2", "m2")])
    survey.close()
    (case,) = survey.cases(CaseKind.CHANGED, None, 10)
    assert case.feishu == moved
    assert case.database is Look.UNCHANGED
    assert case.remembered == linked(1)
    assert case.prints == {F: b"new print", D: print_of("d1")}
    assert case.match == match("m1")
    (fresh,) = survey.cases(CaseKind.FRESH, None, 10)
    assert fresh.prints == {D: print_of("d2")}
    assert fresh.match == match("m2")
    assert fresh.remembered is None


def test_a_version_of_an_absent_line_stays_absent(room: Room) -> None:
    memory = room.run()
    remember(memory, linked(1))
    absent = Version(F, "f1", None, BEGINNING)
    survey = survey_of(memory, [Staged("f1", b"", 1, None, absent)], [same(D, 1)])
    survey.close(frozenset({F}))
    assert [case.feishu for case in survey.cases(CaseKind.CHANGED, None, 10)] == [absent]


def test_a_line_staged_twice_counts_as_it_was_staged_last(room: Room) -> None:
    memory = room.run()
    remember(memory, linked(1))
    survey = survey_of(memory, [edited(F, 1), new(F, "f2", "m"), same(F, 1)], [same(D, 1)])
    survey.stage(F, [new(F, "f2", "other")])
    totals = survey.close()
    assert told(survey) == ["fresh: f2 | -"]
    assert survey.cases(CaseKind.FRESH, None, 9)[0].match == match("other")
    assert totals.lines == {F: 2, D: 1}


def test_sifting_keeps_back_what_is_as_it_was_and_names_the_rest_with_its_link(room: Room) -> None:
    memory = room.run()
    remember(memory, linked(1), linked(2), linked(3, prints={F: None, D: print_of("d3")}), linked(4, severed=D))
    survey = memory.survey()
    lines = ["f2", 'neu \\ "🙂"', "f1", "f3", "f4"]
    prints = [b"another print 16", *map(print_of, lines[1:])]
    assert sorted(survey.sift(F, lines, prints)) == [(0, 2), (1, None), (3, 3)]
    survey.stage(F, [edited(F, 2), edited(F, 3), new(F, lines[1])])
    assert not survey.sift(D, ["d1", "d2", "d3"], [print_of("d1"), print_of("d2"), print_of("d3")])
    assert survey.close().lines == {F: 5, D: 3}
    assert told(survey) == ["changed 2: f2 | unchanged", "changed 3: f3 | unchanged", f"fresh: {lines[1]} | -"]
    (case, _) = survey.cases(CaseKind.CHANGED, None, 9)
    assert case.prints == {F: print_of("f2"), D: print_of("d2")}


def test_linked_lines_that_a_reading_left_out_are_told_in_order_but_not_what_is_severed_there(room: Room) -> None:
    memory = room.run()
    remember(memory, linked(1), linked(2), linked(3), linked(4, severed=D), linked(5))
    survey = survey_of(memory, [same(F, 1)], [same(D, 2), new(D, "neu", "m")])
    assert survey.unstaged(D, 0, 10) == [(1, "d1"), (3, "d3"), (5, "d5")]
    assert survey.unstaged(D, 1, 1) == [(3, "d3")]
    assert survey.unstaged(D, 5, 10) == []
    assert [link for link, _ in survey.unstaged(F, 0, 10)] == [2, 3, 4, 5]


def test_a_line_sifted_and_staged_counts_as_it_was_read_last(room: Room) -> None:
    memory = room.run()
    remember(memory, linked(1), linked(2))
    survey = memory.survey()
    survey.stage(F, [edited(F, 1)])
    survey.sift(F, ["f1", "f2"], [print_of("f1"), print_of("f2")])
    survey.sift(F, ["f1"], [print_of("f1")])
    survey.stage(F, [edited(F, 2)])
    assert survey.close(frozenset({D})).lines == {F: 2, D: 0}
    assert told(survey) == ["changed 2: f2 | unchanged"]


def test_totals_count_what_is_gone_but_not_what_was_replaced(room: Room) -> None:
    memory = room.run()
    remember(memory, linked(1), linked(2), linked(3), linked(4, severed=D))
    survey = survey_of(memory, [new(F, "f9", "m1"), same(F, 4)], [same(D, 1), same(D, 2)])
    assert survey.close() == Totals(
        lines={F: 2, D: 2},
        gone={F: 2, D: 1},
        cases={
            CaseKind.CHANGED: 2,
            CaseKind.MOVED: 1,
            CaseKind.PAIR: 0,
            CaseKind.DUPLICATE: 0,
            CaseKind.RIVAL: 0,
            CaseKind.FRESH: 0,
        },
        linked=3,
        severed=1,
    )


def test_what_was_dealt_with_while_the_survey_was_read_is_no_case(room: Room) -> None:
    memory = room.run()
    remember(memory, linked(1))
    survey = survey_of(memory, [edited(F, 1), new(F, "f2", "m2"), new(F, "f9", "m9")], [same(D, 1), new(D, "d8", "m8")])
    remember(memory, linked(2), linked(3))  # both lines of 3 came later than the readings
    lines = [(F, "f1"), (D, "d1"), (F, "f2"), (D, "d2"), (F, "f3"), (D, "d3"), (D, "d8")]
    totals = survey.close(NONE, frozenset(), frozenset(lines))
    assert told(survey) == ["fresh: f9 | -"]
    assert totals.linked == 3


def test_cases_come_in_pages_and_links_as_they_are_by_then(room: Room) -> None:
    memory = room.run()
    remember(memory, *(linked(number) for number in range(1, 8)))
    survey = survey_of(memory, [edited(F, number) for number in range(7, 0, -1)], [])
    survey.close(frozenset({D}))
    first = survey.cases(CaseKind.CHANGED, None, 3)
    remember(memory, linked(4, settled=False))
    second = survey.cases(CaseKind.CHANGED, first[-1].at, 100)
    ids = [case.remembered.link.id for case in (*first, *second) if case.remembered]
    assert ids == [1, 2, 3, 4, 5, 6, 7]
    assert second[0].remembered == linked(4, settled=False)
    assert not survey.cases(CaseKind.CHANGED, second[-1].at, 100)


@pytest.mark.parametrize("read", [(1, 2, 3), (1, 2), (1, 1, 2), (1, 2, 3, 3)])
def test_where_every_line_was_read_and_is_as_it_was_nothing_is_found_and_else_what_is_gone(
    room: Room, read: Sequence[int]
) -> None:
    memory = room.run()
    remember(memory, linked(1), linked(2), linked(3))
    survey = survey_of(memory, [same(F, number) for number in (1, 2, 3)], [same(D, number) for number in read])
    totals = survey.close()
    gone = {1, 2, 3} - set(read)
    assert told(survey) == [f"changed {number}: unchanged | gone" for number in gone]
    assert totals.lines == {F: 3, D: len(set(read))}
    assert (totals.linked, totals.severed, totals.gone[D]) == (3, 0, len(gone))


def test_a_new_survey_begins_empty(room: Room) -> None:
    memory = room.run()
    survey_of(memory, [new(F, "f1")], []).close()
    again = memory.survey()
    assert again.close().lines == {F: 0, D: 0}


def test_many_duplicates_name_some_of_them(room: Room) -> None:
    memory = room.run()
    survey = survey_of(memory, [new(F, f"f{number:02}", "m") for number in range(30)], [new(D, "d", "m")])
    survey.close()
    cases = survey.cases(CaseKind.DUPLICATE, None, 100)
    assert len(cases) == 31
    assert {len(case.others) for case in cases} == {10}
    assert all(case.feishu is None or _side(case.feishu) not in case.others for case in cases)


# Anything


matches = st.sampled_from([None, b"a", b"b", b"c"])
looks = st.sampled_from(["missing", "same", "changed"])


@st.composite
def worlds(draw: st.DrawFn) -> tuple[list[Remembered], dict[Side, list[Staged]], frozenset[Side]]:
    links, lines = [], {side: [] for side in Side}
    for number in range(1, draw(st.integers(0, 6)) + 1):
        severed = draw(st.sampled_from([None, None, F, D]))
        link = Link(number, f"f{number}", f"d{number}", severed=severed)
        links.append(Remembered(link, {}, draw(matches)))
        for side in Side:
            look = draw(looks)
            if look != "missing":
                lines[side].append(staged(side, link.line(side) or "", number, changed=look == "changed"))
    for side in Side:
        news = draw(st.lists(matches, max_size=5))
        lines[side] += [
            Staged(f"{side}{place}", b"", None, one, Version(side, f"{side}{place}", {}, BEGINNING))
            for place, one in enumerate(news)
        ]
        lines[side] = draw(st.permutations(lines[side]))
    return links, lines, draw(st.sampled_from([NONE, frozenset({F}), frozenset({D}), BOTH]))


def found(survey: Survey) -> dict[CaseKind, list[tuple[object, ...]]]:
    return {
        kind: [
            (
                case.feishu,
                case.database,
                case.remembered and case.remembered.link.id,
                dict(case.prints),
                case.match,
                case.others,
            )
            for case in survey.cases(kind, None, 1000)
        ]
        for kind in CaseKind
    }


def test_postgres_and_the_twin_find_the_same_in_anything(store: Store, clock: FakeClock) -> None:
    with store.open_run("orders", "full", LAYOUT) as memory:

        @given(worlds())
        def agree(world: tuple[list[Remembered], dict[Side, list[Staged]], frozenset[Side]]) -> None:
            links, lines, unread = world
            staged_lines = {(side, line.line) for side in Side for line in lines[side]}
            gone = {(F, "f1"), (D, "d2"), (F, "f3"), (D, "d3")} - staged_lines
            overtaken = {(F, "f4"), (D, "d4"), (F, "f5"), (F, "feishu1"), (D, "database0")}
            known = [number for number in range(1, 7) if memory.links([number])]
            memory.remember(_memo(links, known))
            surveys = [memory.survey(), SmallSurvey(lambda: links)]
            totals = []
            for survey in surveys:
                for side in Side:
                    stage(survey, side, lines[side], many_at_once=survey is surveys[0])
                totals.append(survey.close(unread, gone, overtaken))
            assert totals[0] == totals[1]
            assert found(surveys[0]) == found(surveys[1])
            for survey in surveys:
                assert spread(survey) == found(survey)[CaseKind.FRESH]
            for side in Side:
                shown = [list(survey.newcomers(side, 100)) for survey in surveys]
                assert sorted(shown[0], key=lambda line: line.line) == sorted(shown[1], key=lambda line: line.line)
            left = {side: [line for line in lines[side] if (side, line.line) not in overtaken] for side in Side}
            accounted(found(surveys[0]), left)

        agree()


def stage(survey: Survey, side: Side, lines: Sequence[Staged], *, many_at_once: bool) -> None:
    """Stage lines in their order, those that are new together or each by itself."""
    for is_new, some in groupby(lines, lambda line: line.link is None):
        if is_new and many_at_once:
            survey.stage_newcomers(_newcomers(side, list(some)))
        else:
            survey.stage(side, list(some))


def _newcomers(side: Side, lines: Sequence[Staged]) -> Newcomers:
    versions = [line.version for line in lines if line.version is not None]
    times = [(version.read_at, version.modified_at) for version in versions]
    names = list(versions[0].values or {})
    held = {name: [(version.values or {})[name] for version in versions] for name in names}
    prints, matches = [line.print for line in lines], [line.match for line in lines]
    return Newcomers(side, "", [line.line for line in lines], prints, matches, times, held)


def test_lines_staged_series_by_series_come_back_as_they_were(room: Room) -> None:
    held = {"金额": Decimal("0.25"), "备注": 'a\nb 🙂"', "坏": Unreadable("because"), "标签": frozenset("ab")}
    versions = [
        Version(D, "d1", held, BEGINNING, BEGINNING + timedelta(microseconds=1)),
        Version(D, "d2", dict.fromkeys(held), BEGINNING),
    ]
    survey = room.run().survey()
    survey.stage_newcomers(
        _newcomers(D, [Staged(one.line, print_of(one.line), None, match(one.line), one) for one in versions])
    )
    assert survey.close().cases[CaseKind.FRESH] == 2
    cases = survey.cases(CaseKind.FRESH, None, 10)
    assert [case.database for case in cases] == versions
    assert [(case.match, case.prints[D]) for case in cases] == [(match(line), print_of(line)) for line in ("d1", "d2")]


def _memo(links: list[Remembered], known: list[int]) -> Memo:
    kept = {remembered.link.id for remembered in links}
    return Memo(links=links, forgotten=[number for number in known if number not in kept])


def spread(survey: Survey) -> list[tuple[object, ...]]:
    """The fresh cases, two at a time, as they are told series by series."""
    told, after = list[tuple[object, ...]](), None
    while page := survey.fresh(after, 2):
        after = page[-1].at
        for newcomers in page:
            cases = [newcomers.case(place) for place, _ in enumerate(newcomers.lines)]
            told += [(case.feishu, case.database, None, dict(case.prints), case.match, ()) for case in cases]
            for name, series in newcomers.held.items():
                for held, form in zip(series, newcomers.forms[name], strict=True):
                    assert isinstance(held, Unreadable) or dump(held) == form
    return told


def accounted(cases: dict[CaseKind, list[tuple[object, ...]]], lines: dict[Side, list[Staged]]) -> None:
    """Every line without a link is in exactly one case, and every link in at most one."""
    newcomers = sorted(line.line for side in Side for line in lines[side] if line.link is None)
    versions = [one for rows in cases.values() for row in rows for one in row[:2] if isinstance(one, Version)]
    linked_lines = {line.line for side in Side for line in lines[side] if line.link is not None}
    assert sorted(one.line for one in versions if one.line not in linked_lines) == newcomers
    links = [row[2] for rows in cases.values() for row in rows if row[2] is not None]
    assert len(links) == len(set(links))
