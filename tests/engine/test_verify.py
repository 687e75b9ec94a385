"""Both sides compared field by field, whatever is remembered; and what a repair makes of it."""

import orjson
import pytest

from syncer.engine.tools import Options
from syncer.engine.verify import KEPT, SILENT, Verify
from tests.engine.stage import doing, written
from tests.engine.tables import equal, insert, numbered, orders


def verify(pair, *, repair=False):
    """The report of a comparison, and what it found."""
    work = Verify(repair=repair)
    options = Options(full=True, dry=not repair)
    return pair.stage.syncer.sync(pair.name, options, work=work, kind="repair"), work.found


def found(pair):
    report, verified = verify(pair)
    assert not report.writes
    return verified


def synced(stage, count=5, rules="", **others):
    pair = orders(stage, rules, **others)
    ids = pair.add(*numbered(count))
    pair.settle()
    return pair, ids


def believe(stage, amount, *, feishu, database):
    """Make the syncer believe that these were the amounts when the two last agreed: what no run would look at."""
    links = "SELECT l.id, l.bases, y.pairs FROM syncer_state.link l JOIN syncer_state.layout y ON y.id = l.layout"
    for number, packed, pairs in stage.state(links):
        place, bases = [name for name, _ in pairs].index("amount"), orjson.loads(bytes(packed))
        if bases[place] == amount:
            bases[place] = [feishu, database]
            change = "UPDATE syncer_state.link SET bases = %s WHERE id = %s RETURNING id"
            stage.state(change, orjson.dumps(bases), number)


def drift(stage, rules="", **others):
    """A line whose halves differ although neither changed since they \"agreed\"."""
    pair, ids = synced(stage, rules=rules, **others)
    pair.edit(ids[1], 金额=7)
    pair.sync()
    pair.edit(ids[1], 金额=70)
    pair.sync()
    believe(stage, 70, feishu=70, database=700)
    pair.sql("UPDATE {t} SET amount = 700 WHERE order_no = 'A0001'")
    assert not pair.sync(full=True).writes
    return pair, ids


def test_equal_sides_are_equal(stage):
    pair, _ = synced(stage)
    verified = found(pair)
    assert (verified.differs, verified.compared) == (False, 5)


def test_a_line_that_differs_though_neither_side_changed_is_found_and_told_with_both_values(stage):
    pair, ids = drift(stage)
    verified = found(pair)
    (line,) = verified.lines
    assert (line["kind"], line["record_id"], verified.silent) == ("differs", ids[1], 1)
    assert line["fields"] == {"amount": {"feishu": 70, "database": 700, "why": SILENT}}


@pytest.mark.parametrize(("policy", "amount"), [("feishu", 70.0), ("database", 700.0)])
def test_a_repair_lets_the_policy_decide(stage, policy, amount):
    pair, _ = drift(stage, f"conflicts: {{default: {policy}}}\n")
    report, _ = verify(pair, repair=True)
    assert (sum(written(report).values()), report.exit_status) == (1, 0)
    assert equal(pair)[1][1] == amount
    assert not found(pair).differs
    assert not pair.settle().writes


def test_a_repair_that_no_policy_decides_is_a_conflict_for_a_person(stage):
    pair, _ = drift(stage, "conflicts: {default: manual}\n")
    report, _ = verify(pair, repair=True)
    assert (written(report), report.exit_status) == ({}, 3)
    assert [(one.feishu, one.database) for one in pair.conflicts()] == [(70, 700)]


def test_edits_that_no_run_has_carried_yet_are_told_as_such_and_a_repair_carries_them(stage):
    pair, ids = synced(stage)
    pair.edit(ids[0], 金额=5)
    pair.drop(ids[1])
    pair.sql("UPDATE {t} SET order_no = 'X' WHERE order_no = 'A0002'")
    pair.add({"订单号": "新"})
    insert(pair, ("孤", 1, None))
    verified = found(pair)
    assert verified.counts == {"differs": 2, "half": 1, "alone": 2}
    whys = {line["fields"]["amount"]["why"] for line in verified.lines if "amount" in line["fields"]}
    assert whys == {"feishu changed; the next run deals with it"}
    verify(pair, repair=True)
    pair.settle()
    assert len(equal(pair)) == 6


def test_lines_that_would_match_and_lines_that_cannot_be_told_apart_are_listed(stage):
    pair, _ = synced(stage, 2)
    pair.add({"订单号": "B", "金额": 1}, {"订单号": "C"}, {"订单号": "C"})
    insert(pair, ("B", 2, None))
    assert found(pair).counts == {"pairable": 1, "ambiguous": 2}


def test_an_edit_in_the_target_of_one_direction_is_listed_and_a_repair_overwrites_it(stage):
    pair, _ids = synced(stage, rules="direction: to_database\n")
    pair.sql("UPDATE {t} SET amount = 1000 WHERE order_no = 'A0000'")
    assert not pair.sync().writes
    (line,) = found(pair).lines
    assert line["fields"]["amount"]["why"] == KEPT
    report, _ = verify(pair, repair=True)
    assert written(report) == {"database update": 1}
    assert equal(pair)[0][1] == 0.5


def test_a_line_edited_between_the_two_readings_and_back_again_is_looked_at_once_more(stage):
    pair, ids = synced(stage)
    pair.edit(ids[0], 备注="刚刚")
    pair.sync()

    def both():
        pair.edit(ids[0], 备注="后来")
        pair.sql("UPDATE {t} SET note = '后来' WHERE order_no = 'A0000'")

    with stage.tapped(doing("before", "rows.read", both)):
        assert not found(pair).differs
