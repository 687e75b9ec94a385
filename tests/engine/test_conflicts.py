"""A field edited on both sides: settled by a named rule or parked for a person, told once, never lost."""

import time

import pytest

from syncer.core.values import load
from syncer.errors import MendError, OutsideError
from tests.engine.stage import written
from tests.engine.tables import ORDER_COLUMNS, equal, numbered, orders
from tests.engine.test_clocks import age

STAMPED = ORDER_COLUMNS + ", updated_at timestamptz DEFAULT now()"


def clashing(stage, rules="", quiet=0, **others):
    """A0001's amount is 55 in Bitable and 77 in its row, edited after so many quiet seconds."""
    pair = orders(stage, rules, **others)
    ids = pair.add(*numbered(3))
    pair.settle()
    time.sleep(quiet)
    pair.edit(ids[1], 金额=55)
    pair.sql("UPDATE {t} SET amount = 77 WHERE order_no = 'A0001'")
    return pair, ids[1]


def amount(pair):
    return next(float(amount) for number, amount, _ in equal(pair) if number == "A0001")


@pytest.mark.parametrize(("policy", "winner"), [("feishu", 55), ("database", 77)])
def test_a_named_side_wins_and_the_losing_value_is_kept(stage, policy, winner):
    pair, _ = clashing(stage, f"conflicts: {{default: {policy}}}\n")
    report = pair.sync()
    assert (report.conflicts, report.exit_status) == (1, 0)
    assert amount(pair) == winner
    (conflict,) = pair.conflicts(None)
    assert (conflict.state, conflict.winner, conflict.policy) == ("settled", policy, policy)
    assert (conflict.feishu, conflict.database) == (55, 77)
    for _ in range(3):
        assert pair.sync().conflicts == 0
    assert len(pair.conflicts(None)) == 1


def test_the_policy_decides_a_thousand_lines_one_by_one_and_every_losing_value_is_kept(stage):
    pair = orders(stage, "conflicts: {default: latest}\n", columns=STAMPED, extra=", watermark: updated_at")
    ids = pair.add(*numbered(1000))
    pair.settle()
    age(stage, 3600)
    pair.sql("UPDATE {t} SET amount = 77, updated_at = clock_timestamp() - interval '10 minutes' WHERE id % 2 = 0")
    pair.edit_many({record: {"金额": 55} for record in ids})
    time.sleep(4.2)  # beyond the tolerance and what Feishu's clock is known to
    pair.sql("UPDATE {t} SET amount = 77, updated_at = clock_timestamp() WHERE id % 2 = 1")
    time.sleep(0.2)
    report = pair.sync()
    assert (report.conflicts, report.exit_status) == (1000, 0)
    assert not pair.settle().writes
    won = {number: amount for number, amount, _ in equal(pair)}
    keys = dict(pair.rows("order_no, id"))
    assert all(won[number] == (77 if key % 2 else 55) for number, key in keys.items())
    lost = {audit[0]: load(audit[4]["amount"]) for audit in pair.audits()[-1000:]}
    assert lost == {"feishu": 55, "database": 77}
    for number in ("A0000", "A0999"):
        told = stage.syncer.store.history(pair.name, key=f"[{keys[number]}]")
        assert load(told[-1].before["amount"]) == 132 - won[number]


def test_a_policy_of_one_field_holds_for_it_alone(stage):
    mapping = """match: [order_no]
fields:
  - {field: 订单号, column: order_no}
  - {field: 金额, column: amount, conflict: database}
  - {field: 备注, column: note, conflict: feishu}
conflicts: {default: manual}
"""
    pair, record = clashing(stage, mapping=mapping)
    pair.edit(record, 备注="甲")
    pair.sql("UPDATE {t} SET note = '乙' WHERE order_no = 'A0001'")
    assert pair.sync().conflicts == 1
    assert ("A0001", 77.0, "甲") in equal(pair)


@pytest.mark.parametrize(("later", "winner"), [("feishu", 55), ("database", 77)])
def test_the_latest_wins_by_the_times_of_the_lines(stage, later, winner):
    rules = "conflicts: {tolerance: 0s}\n"
    pair, record = clashing(stage, rules, quiet=3, columns=STAMPED, extra=", watermark: updated_at")
    time.sleep(3)  # Feishu's clock is known to a second and a half, and what a call takes
    pair.sql("UPDATE {t} SET updated_at = clock_timestamp() WHERE order_no = 'A0001'")
    if later == "feishu":
        time.sleep(3)
        pair.edit(record, 金额=54)
        pair.edit(record, 金额=55)
    assert pair.sync().exit_status == 0
    assert amount(pair) == winner
    (conflict,) = pair.conflicts("settled")
    assert conflict.estimated


@pytest.mark.parametrize(("tie", "winner"), [("feishu", 55), ("database", 77)])
def test_a_tie_is_broken_by_the_side_that_is_named(stage, tie, winner):
    rules = f"conflicts: {{tie: {tie}, tolerance: 1h}}\n"
    pair, _ = clashing(stage, rules, columns=STAMPED, extra=", watermark: updated_at")
    pair.sync()
    assert amount(pair) == winner


def test_a_tie_waits_for_a_person_by_default(stage):
    pair, _ = clashing(stage)
    assert pair.sync().exit_status == 3
    (conflict,) = pair.conflicts()
    assert "not known" in conflict.reason


@pytest.fixture
def parked(stage):
    return clashing(stage, "conflicts: {default: manual}\n")


def test_an_open_conflict_is_one_however_often_it_is_met_and_counts_once(stage, parked):
    pair, _ = parked
    assert (pair.sync().conflicts, len(pair.conflicts())) == (1, 1)
    before, calls = pair.truth(), stage.writes_seen()
    (first,) = pair.conflicts()
    for turn in range(4):
        report = pair.sync(full=bool(turn % 2))
        assert (report.conflicts, report.writes, report.exit_status) == (0, 0, 3)
    assert pair.conflicts() == [first]
    assert pair.truth() == before
    assert stage.writes_seen() == calls


def test_the_other_fields_and_lines_go_on_beside_an_open_conflict(parked):
    pair, record = parked
    pair.sync()
    pair.edit(record, 备注="照常")
    pair.sql("UPDATE {t} SET note = '也' WHERE order_no = 'A0002'")
    report = pair.sync()
    assert (written(report), report.conflicts) == ({"database update": 1, "feishu update": 1}, 0)
    assert pair.rows("amount, note", "order_no")[1] == (77, "照常")
    assert len(pair.conflicts()) == 1


def test_a_new_edit_updates_the_open_conflict(parked):
    pair, record = parked
    pair.sync()
    (first,) = pair.conflicts()
    pair.edit(record, 金额=56)
    assert pair.sync().conflicts == 1
    (second,) = pair.conflicts()
    assert (second.id, second.feishu, second.database) == (first.id, 56, 77)
    assert second.version > first.version


@pytest.mark.parametrize("side", ["feishu", "database"])
def test_an_open_conflict_closes_by_itself_once_both_sides_are_equal(parked, side):
    pair, record = parked
    pair.sync()
    if side == "feishu":
        pair.edit(record, 金额=77)
    else:
        pair.sql("UPDATE {t} SET amount = 55 WHERE order_no = 'A0001'")
    report = pair.sync()
    assert (report.writes, report.exit_status) == (0, 0)
    assert pair.conflicts() == []
    (conflict,) = pair.conflicts("settled")
    assert conflict.winner is None
    pair.edit(record, 金额=3)
    assert written(pair.sync()) == {"database update": 1}


@pytest.mark.parametrize(("winner", "held"), [("feishu", 55), ("database", 77)])
def test_a_person_resolves_an_open_conflict_and_the_next_run_carries_it_out(stage, parked, winner, held):
    pair, _ = parked
    pair.sync()
    (conflict,) = pair.conflicts()
    stage.syncer.store.resolve(conflict.id, winner, conflict.version)
    report = pair.sync()
    assert (report.writes, report.exit_status) == (1, 0)
    assert amount(pair) == held
    (settled,) = pair.conflicts(None)
    assert (settled.id, settled.state, settled.winner) == (conflict.id, "settled", winner)
    assert not pair.settle().writes


def test_a_resolution_is_refused_if_a_side_moved_since_it_was_shown(stage, parked):
    pair, record = parked
    pair.sync()
    (shown,) = pair.conflicts()
    pair.edit(record, 金额=56)
    pair.sync()
    with pytest.raises(MendError, match="moved since it was shown"):
        stage.syncer.store.resolve(shown.id, "database", shown.version)


def test_a_resolution_falls_if_a_side_moves_before_it_is_carried_out(stage, parked):
    pair, record = parked
    pair.sync()
    (shown,) = pair.conflicts()
    stage.syncer.store.resolve(shown.id, "database", shown.version)
    pair.edit(record, 金额=56)
    assert pair.sync().writes == 0
    (still,) = pair.conflicts()
    assert (still.feishu, still.winner) == (56, None)


def test_an_open_conflict_of_a_line_that_is_deleted_on_both_sides_is_over(parked):
    pair, record = parked
    pair.sync()
    pair.drop(record)
    pair.sql("DELETE FROM {t} WHERE order_no = 'A0001'")
    assert pair.sync().exit_status == 0
    assert pair.conflicts() == []


def test_an_empty_side_is_filled_and_two_full_ones_wait(stage):
    pair, record = clashing(stage, "conflicts: {default: fill_empty}\n")
    assert pair.sync().exit_status == 3
    pair.edit(record, 金额=None)
    pair.settle()
    assert amount(pair) == 77


def test_a_settled_conflict_whose_write_fails_for_three_runs_is_settled_all_the_same(stage):
    pair, _ = clashing(stage, "conflicts: {default: database}\n")
    fault = stage.control.fault("bitable.record.batch_update", "timed_out", times=100)
    for _ in range(3):
        with pytest.raises(OutsideError):
            pair.sync()
    stage.control.clear_faults(fault)
    pair.settle()
    assert amount(pair) == 77
    assert {(one.state, one.feishu, one.database) for one in pair.conflicts(None)} == {("settled", 55, 77)}
