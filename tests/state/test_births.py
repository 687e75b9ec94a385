"""Births leave what the same lines would leave one by one, in the twin and in PostgreSQL, byte for byte."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from syncer.core.records import Base, Link, Side
from syncer.core.series import forms, same, short_bases
from syncer.core.values import Value, digest, dump
from syncer.errors import FaultError
from syncer.ports import Audit, Births, Memo, Remembered
from syncer.state.store import Store
from syncer.testing import FakeClock
from syncer.testing.world import BEGINNING
from tests.state.rooms import LAYOUT, D, F, Room, linked

VALUES: list[st.SearchStrategy[Value]] = [
    st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
    st.booleans(),
    st.decimals(allow_nan=False, allow_infinity=False).map(lambda number: number.normalize() if number else Decimal(0)),
    st.datetimes(min_value=datetime(1, 1, 2), max_value=datetime(9999, 12, 30), timezones=st.just(UTC)),
    st.dates(),
    st.frozensets(st.sampled_from(["红", "蓝", '"', "\\"]), max_size=3),
    st.lists(st.sampled_from(["红", "蓝"]), max_size=3).map(tuple),
]


@st.composite
def pairs_of_series(draw: st.DrawFn, count: int) -> tuple[list[Value], list[Value]]:
    """A pair's values on both sides; often the same."""
    kind, other = st.none() | draw(st.sampled_from(VALUES)), st.none() | draw(st.sampled_from(VALUES))
    one = draw(st.lists(kind, min_size=count, max_size=count))
    return one, draw(
        st.just(list(one))
        | st.lists(kind, min_size=count, max_size=count)
        | st.lists(other, min_size=count, max_size=count)
    )


@st.composite
def births(draw: st.DrawFn) -> tuple[Births, dict[str, tuple[list[Value], list[Value]]]]:
    count, side = draw(st.integers(1, 4)), draw(st.sampled_from(Side))
    held = {name: draw(pairs_of_series(count)) for name, _ in LAYOUT}
    shown = {name: [forms(each) for each in both] for name, both in held.items()}
    for name, both in held.items():
        if same(*both):
            shown[name][1] = shown[name][0]
    names = [
        f"{draw(st.text(max_size=3).filter(str.isascii).filter(str.isprintable))}{place}" for place in range(count)
    ]
    told = Births(
        side,
        draw(st.sampled_from(["new in feishu", "备注 \\"])),
        draw(st.sampled_from([BEGINNING, BEGINNING.replace(year=1999, microsecond=7)])),
        range(11, 11 + count),
        [f"rec{name}" for name in names],
        [f'["{name}"]' for name in names],
        draw(st.lists(st.none() | st.binary(min_size=16, max_size=16), min_size=count, max_size=count)),
        draw(st.lists(st.sampled_from([BEGINNING, BEGINNING.replace(year=1970)]), min_size=count, max_size=count)),
        {each: [digest(name.encode()) for name in names] for each in {D, draw(st.sampled_from([D, F]))}},
        {name: short_bases(*held[name], *shown[name]) for name in held},
        {name: shown[name][0 if side is F else 1] for name in held},
    )
    return told, held


def one_by_one(told: Births, held: dict[str, tuple[list[Value], list[Value]]], first: int) -> Memo:
    """The same as a memo of links and audits."""
    links, audits = [], []
    for place, _ in enumerate(told.links):
        bases = {name: Base(feishu[place], database[place]) for name, (feishu, database) in held.items()}
        link = Link(first + place, told.records[place], told.keys[place], bases, None, told.at)
        prints = {side: told.prints[side][place] if side in told.prints else None for side in Side}
        links.append(Remembered(link, prints, told.matches[place], settled=True))
        after = {name: dump(both[told.side is D][place]) for name, both in held.items()}
        after = {name: form for name, form in after.items() if form is not None}
        lines = (told.records[place], told.keys[place])
        audits.append(
            Audit(first + place, told.side, "create", *lines, {}, after, told.reason, told.at, told.read_at[place])
        )
    return Memo(links=links, audits=audits)


LINKS = """SELECT id - %s, moved_at, layout, restless, severed, predicted, settled, record, key, match, record_print,
  key_print, bases FROM syncer_state.link WHERE id >= %s ORDER BY id"""
AUDITS = """SELECT link - %s, run, side, action, record, key, before::text, after::text, reason, at, read_at
  FROM syncer_state.audit WHERE link >= %s ORDER BY link"""


def test_postgres_keeps_births_byte_for_byte_as_it_keeps_the_same_lines_one_by_one(
    store: Store, clock: FakeClock
) -> None:
    with store.open_run("orders", "full", LAYOUT) as memory:
        connection = memory._connection

        @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
        @given(births())
        def agree(found: tuple[Births, dict[str, tuple[list[Value], list[Value]]]]) -> None:
            told, held = found
            kept = []
            for memo in (Memo(births=[told]), one_by_one(told, held, told.links[0])):
                connection.execute("TRUNCATE syncer_state.link, syncer_state.audit")
                memory.remember(memo)
                kept.append([connection.execute(query, [told.links[0]] * 2).fetchall() for query in (LINKS, AUDITS)])
            assert kept[0] == kept[1]
            assert len(kept[0][0]) == len(kept[0][1]) == len(told.links)

        agree()


def small(number: int = 1, **changes: object) -> Births:
    given_: dict[str, object] = {"bases": {"金额": [1], "状态": [["a", "b"]], "备注": [None]}, "created": {"金额": [1]}}
    shape = {"side": D, "reason": "new in feishu", "at": BEGINNING, "links": [number], "matches": [None]}
    shape["read_at"] = [BEGINNING]
    names = {"records": [f"f{number}"], "keys": [f"d{number}"], "prints": {F: [b"p" * 16]}}
    return Births(**{**shape, **names, **given_, **changes})  # type: ignore[arg-type]


def test_births_are_links_that_every_run_knows(room: Room) -> None:
    room.run().remember(Memo(births=[small()]))
    memory = room.run()
    (found,) = memory.links([1])
    bases = {"金额": Base(Decimal(1), Decimal(1)), "状态": Base("a", "b"), "备注": Base(None, None)}
    assert found == Remembered(Link(1, "f1", "d1", bases, None, BEGINNING), {F: b"p" * 16, D: None}, None, settled=True)
    assert set(memory.seen(D, ["d1", "d2"])) == {"d1"}


def test_births_of_a_line_that_is_linked_already_leave_nothing(room: Room) -> None:
    memory = room.run()
    memory.remember(Memo(links=[linked(1)]))
    with pytest.raises(FaultError):
        memory.remember(Memo(births=[small(2), small(3, keys=["d1"])]))
    assert not memory.links([2, 3])
