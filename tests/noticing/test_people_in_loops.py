"""The loop breaker where events say who edited: people at work are no loop, machines are."""

import pytest

from syncer.engine import loops
from tests.engine.stage import written

WRITES = 3


@pytest.fixture(autouse=True)
def _soon(monkeypatch):
    monkeypatch.setattr(loops, "WRITES", WRITES)
    monkeypatch.setattr(loops, "MOST", 5 * WRITES)


def rounds(pair, record, most, by=None):
    """A trigger at the database answers every change; Bitable's side answers it, as whoever ``by`` is."""
    amount = 10
    for count in range(most):
        amount += 1
        pair.stage.control.edit_record(pair.place.app_token, pair.place.table_id, record, {"金额": amount}, by=by)
        if not written(pair.heard().react()).get("database update"):
            return count
        amount += 1
        pair.sql("UPDATE {t} SET amount = amount + 1 WHERE order_no = 'A-1'")
        if not written(pair.heard().react()).get("feishu update"):
            return count
    return most


def test_people_who_edit_a_line_again_and_again_are_no_loop(pair):
    (record,) = pair.begin(("A-1", 1, None))
    assert rounds(pair, record, 2 * WRITES) == 2 * WRITES
    assert pair.failures() == []


def test_where_nobody_is_named_the_count_alone_decides(stage, pair):
    stage.control.set_switches(event_operator="empty")
    (record,) = pair.begin(("A-1", 1, None))
    assert rounds(pair, record, 3 * WRITES) <= WRITES + 1
    (failure,) = pair.failures()
    assert failure.code == "loop"


def test_beyond_many_writes_a_name_does_not_help(pair):
    (record,) = pair.begin(("A-1", 1, None))
    assert 4 * WRITES < rounds(pair, record, 7 * WRITES) <= 5 * WRITES + 1
    (failure,) = pair.failures()
    assert failure.code == "loop"
