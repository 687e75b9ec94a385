"""What is read in the order it was linked is compared with the links next in line; what is not, is looked for."""

from collections.abc import Iterator

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from syncer.core.records import Side
from syncer.ports import Memo, Memory
from syncer.state import windows
from syncer.state.store import Store
from syncer.state.windows import Window
from syncer.testing import FakeClock
from tests.state.rooms import F, PostgresRoom, linked, print_of, remember

Read = tuple[str, bytes]


@pytest.fixture
def memory(store: Store, clock: FakeClock, monkeypatch: pytest.MonkeyPatch) -> Iterator[Memory]:
    """A run that reads six links on at a time, and holds no more than a dozen."""
    monkeypatch.setattr(windows, "LEAST", 6)
    monkeypatch.setattr(windows, "MOST", 12)
    with PostgresRoom(store, clock) as room:
        yield room.run()


@pytest.fixture
def window(memory: Memory, database_url: str) -> Iterator[Window]:
    """Forty links, to be looked at in their order."""
    remember(memory, *(linked(number) for number in range(1, 41)))
    with psycopg.connect(database_url.replace("+psycopg", ""), autocommit=True) as connection:
        of = connection.execute("SELECT DISTINCT mapping, layout FROM syncer_state.link").fetchall()
        yield Window(connection, F, *of[0])


def read(number: int, text: str | None = None) -> Read:
    """A record and its print."""
    return f"f{number}", print_of(text or f"f{number}")


def taken(window: Window, *page: Read) -> tuple[list[int], list[int]]:
    lines, prints = zip(*page, strict=True)
    return window.take(lines, prints)


def test_in_the_order_of_the_links_everything_is_found(window: Window) -> None:
    for start in range(1, 41, 4):
        numbers = range(start, start + 4)
        assert taken(window, *map(read, numbers)) == (list(numbers), [])


def test_only_what_is_as_it_was_is_found(window: Window) -> None:
    assert taken(window, read(1), read(2, "edited"), read(99), read(3)) == ([1, 3], [1, 2])
    assert taken(window, read(2), read(1)) == ([], [0, 1]), "nothing is found twice"


def test_in_another_order_it_gives_up_soon(window: Window) -> None:
    assert taken(window, read(40)) == ([], [0])
    assert taken(window, read(40)) == ([], [0])
    assert taken(window, read(1), read(2)) == ([], [0, 1]), "more links were passed over than it holds"


def test_what_was_stored_meanwhile_is_not_relied_on(window: Window) -> None:
    assert taken(window, read(1)) == ([1], [])
    window.forget([2])
    assert taken(window, read(2), read(3)) == ([3], [0])


numbers = st.integers(1, 30)
pages = st.lists(st.tuples(numbers, st.sampled_from(["", "", "", "a", "b"])), min_size=1, max_size=9)
steps = st.lists(st.one_of(pages, st.dictionaries(numbers, st.sampled_from(["", "a", "b", None]))), max_size=12)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.permutations(range(1, 25)), steps)
def test_whatever_the_order_and_whatever_is_stored_between_pages(
    memory: Memory, order: list[int], then: list[object]
) -> None:
    """Pages in any order, links stored anew or forgotten meanwhile: each line is judged by what is remembered now."""
    memory.remember(Memo(forgotten=range(1, 31)))
    remembered = dict.fromkeys(order, "")
    remember(memory, *(linked(number, prints=prints(number, "")) for number in order))
    survey = memory.survey()
    in_order = [[(number, "") for number in sorted(order)[start : start + 3]] for start in range(0, 24, 3)]
    for step in [step for pair in zip(then, in_order, strict=False) for step in pair]:
        if isinstance(step, dict):
            remembered = {**remembered, **step}
            gone = [number for number, text in step.items() if text is None]
            stored = [linked(number, prints=prints(number, text)) for number, text in step.items() if text is not None]
            memory.remember(Memo(links=stored, forgotten=gone))
        else:
            judged(survey, step, {number: text for number, text in remembered.items() if text is not None})


def prints(number: int, text: str) -> dict[Side, bytes]:
    return dict.fromkeys(Side, print_of(f"f{number}{text}"))


def judged(survey: object, page: list[tuple[int, str]], remembered: dict[int, str]) -> None:
    lines, seen = zip(*(read(number, f"f{number}{text}") for number, text in page), strict=True)
    others = [
        (place, number if number in remembered else None)
        for place, (number, text) in enumerate(page)
        if remembered.get(number) != text
    ]
    assert survey.sift(F, lines, seen) == others  # type: ignore[attr-defined]
