"""Work done aside: its result, its error, and that nothing is under way once it is closed."""

import threading
import time

import pytest

from syncer.engine.aside import Aside, Threads


@pytest.fixture(params=[Aside, Threads])
def aside(request):
    made = request.param()
    yield made
    made.close()


def test_what_work_returns_stands_in_its_future(aside):
    assert aside.start(lambda: 3).result() == 3


def test_an_error_is_raised_where_the_result_is_asked_for(aside):
    future = aside.start(lambda: 1 // 0)
    with pytest.raises(ZeroDivisionError):
        future.result()


def test_without_threads_work_is_done_before_anything_else_happens():
    done = []
    Aside().start(lambda: done.append(1))
    assert done == [1]


def test_threads_let_a_write_and_a_look_be_under_way_together():
    aside, meet = Threads(), threading.Barrier(2, timeout=10)
    assert sorted(future.result() for future in [aside.start(meet.wait), aside.start(meet.wait)]) == [0, 1]
    aside.close()


def test_closing_waits_for_what_was_begun():
    aside, done = Threads(), []
    aside.start(lambda: (time.sleep(0.05), done.append(1)))
    aside.close()
    assert done == [1]


def test_what_is_queued_is_done_in_its_order(aside):
    done = []
    for number in range(20):
        aside.queue(lambda number=number: done.append(number))
    aside.wait()
    assert done == list(range(20))
    aside.close()


def test_after_a_failure_nothing_queued_is_begun_and_whoever_waits_is_told(aside):
    done = []
    failed = aside.queue(lambda: 1 / 0)
    later = aside.queue(lambda: done.append(1))
    for ask in (failed.result, later.result, aside.wait):
        with pytest.raises(ZeroDivisionError):
            ask()
    assert not done
    aside.close()
