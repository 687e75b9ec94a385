"""One-way mappings: only the source's changes are carried; what is edited in the target stays until then."""

import pytest

from tests.engine.stage import written
from tests.engine.tables import equal, insert, numbered, orders


def to_database(stage, rules="direction: to_database\n"):
    pair = orders(stage, rules)
    ids = pair.add(*numbered(20))
    pair.settle()
    return pair, ids


def to_feishu(stage, rules="direction: to_feishu\n"):
    pair = orders(stage, rules)
    insert(pair, *((f"A{number:04}", number + 0.5, None) for number in range(20)))
    pair.settle()
    return pair, pair.by("订单号")


def test_to_the_database_a_target_edit_stays_until_the_source_changes_that_field(stage):
    pair, ids = to_database(stage)
    pair.sql("UPDATE {t} SET amount = 99, note = 'ERP' WHERE order_no = 'A0003'")
    for full in (False, True, False):
        assert not pair.sync(full=full).writes
    pair.edit(ids[3], 金额=7)
    assert written(pair.sync()) == {"database update": 1}
    assert pair.rows("amount, note", "order_no")[3] == (7, "ERP")
    assert pair.plain()[ids[3]] == {"订单号": "A0003", "金额": 7}
    assert pair.audits()[-1][4] == {"amount": 99}
    assert pair.conflicts(None) == []


def test_to_feishu_a_target_edit_stays_until_the_source_changes_that_field(stage):
    pair, ids = to_feishu(stage)
    pair.edit(ids["A0003"], 金额=99, 备注="人")
    for full in (False, True, False):
        assert not pair.sync(full=full).writes
    pair.sql("UPDATE {t} SET amount = 7 WHERE order_no = 'A0003'")
    assert written(pair.sync()) == {"feishu update": 1}
    assert pair.plain()[ids["A0003"]] == {"订单号": "A0003", "金额": 7, "备注": "人"}
    assert pair.rows("amount, note", "order_no")[3] == (7, None)


@pytest.mark.parametrize("way", [to_database, to_feishu])
def test_new_lines_of_the_target_are_left_alone(stage, way):
    pair, _ = way(stage)
    if way is to_database:
        insert(pair, ("Z", 1, None))
    else:
        pair.add({"订单号": "Z"})
    before = pair.truth()
    for full in (False, True, False):
        report = pair.sync(full=full)
        assert (report.writes, report.linked, report.exit_status) == (0, 20, 0)
    assert pair.truth() == before


@pytest.mark.parametrize("way", [to_database, to_feishu])
def test_a_deletion_in_the_source_is_carried_over(stage, way):
    pair, ids = way(stage)
    if way is to_database:
        pair.drop(ids[3])
    else:
        pair.sql("DELETE FROM {t} WHERE order_no = 'A0003'")
    assert len(written(pair.sync())) == 1
    assert len(equal(pair)) == 19


@pytest.mark.parametrize("revives", [False, True], ids=["under ignore", "under delete, where an edit revives"])
@pytest.mark.parametrize("way", [to_database, to_feishu])
def test_a_deletion_in_the_target_severs_the_pair(stage, way, revives):
    target = "from_database" if way is to_database else "from_feishu"
    deletes = "" if revives else f"deletes: {{{target}: ignore}}\n"
    pair, ids = way(stage, f"direction: {way.__name__}\n{deletes}")
    if way is to_database:
        pair.sql("DELETE FROM {t} WHERE order_no = 'A0003'")
    else:
        pair.drop(ids["A0003"])
    for turn in range(4):
        report = pair.sync(full=bool(turn % 2))
        assert report.writes == 0
    if way is to_database:
        pair.edit(ids[3], 金额=1234)
    else:
        pair.sql("UPDATE {t} SET amount = 1234 WHERE order_no = 'A0003'")
    assert pair.sync().writes == revives
    assert not pair.settle().writes
    assert (pair.standing().linked, pair.standing().severed) == ((20, 0) if revives else (19, 1))


def test_at_the_first_pairing_the_source_wins_and_an_empty_source_empties_nothing(stage):
    pair = orders(stage, "direction: to_database\n")
    pair.add({"订单号": "A", "金额": 1}, {"订单号": "B", "备注": "甲"})
    insert(pair, ("A", 9, "乙"), ("B", 2, None))
    assert written(pair.sync()) == {"database update": 2}
    pair.settle()
    assert pair.rows("amount, note", "order_no") == [(1, "乙"), (2, "甲")]


def test_many_overwrites_at_the_first_pairing_stop_the_run_until_they_are_approved(stage):
    pair = orders(stage, "direction: to_database\n")
    pair.add(*numbered(20))
    insert(pair, *((f"A{number:04}", 9, None) for number in range(20)))
    before = pair.truth()
    report = pair.sync()
    assert (report.guard.name, report.exit_status) == ("overwrites", 4)
    assert pair.truth() == before
    assert written(pair.approve(report)) == {"database update": 20}
    assert len(equal(pair)) == 20


def test_a_pair_of_its_own_direction_goes_that_way_only(stage):
    mapping = """match: [order_no]
fields:
  - {field: 订单号, column: order_no}
  - {field: 金额, column: amount, direction: to_database}
  - {field: 备注, column: note, direction: to_feishu}
"""
    pair = orders(stage, mapping=mapping)
    ids = pair.add(*numbered(3))
    pair.settle()
    pair.sql("UPDATE {t} SET amount = 99, note = 'ERP' WHERE order_no = 'A0001'")
    assert written(pair.sync()) == {"feishu update": 1}
    assert pair.plain()[ids[1]] == {"订单号": "A0001", "金额": 1.5, "备注": "ERP"}
