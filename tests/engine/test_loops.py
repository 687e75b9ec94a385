"""Two machines that answer each other through us: the line they fight over is paused alone, until told to go on."""

from decimal import Decimal

import pytest

from syncer.engine import loops
from tests.engine.stage import written
from tests.engine.tables import equal, numbered, orders

WRITES = 4


@pytest.fixture(autouse=True)
def _soon(monkeypatch):
    monkeypatch.setattr(loops, "WRITES", WRITES)


@pytest.fixture
def fight(stage):
    """An automation in Bitable and a trigger at the database each add 1 to what the other made of A0001."""
    pair = orders(stage)
    ids = pair.add(*numbered(3))
    pair.settle()
    pair.edit(ids[1], 金额=10)

    def round_():
        report = pair.sync()
        held = pair.plain()[ids[1]]["金额"]
        if written(report).get("database update"):
            pair.sql("UPDATE {t} SET amount = amount + 1 WHERE order_no = 'A0001'")
        elif written(report).get("feishu update"):
            pair.edit(ids[1], 金额=held + 1)
        return report

    return pair, ids[1], round_


def test_a_line_that_two_machines_fight_over_is_paused_alone_and_goes_on_when_somebody_edits_it(fight):
    pair, record, round_ = fight
    rounds = 0
    while (report := round_()).writes:
        rounds += 1
        assert rounds < 5 * WRITES
    assert 2 * WRITES <= rounds <= 2 * WRITES + 3
    assert report.exit_status == 3
    (failure,) = pair.failures()
    assert (failure.code, failure.record, failure.pair) == ("loop", record, "")
    before = pair.truth()
    for full in (False, True, False):
        assert (pair.sync(full=full).writes, len(pair.failures())) == (0, 1)
    assert pair.truth() == before
    pair.sql("UPDATE {t} SET note = '别的行' WHERE order_no = 'A0002'")
    assert written(pair.sync()) == {"feishu update": 1}
    pair.edit(record, 金额=500)
    pair.settle()
    assert (pair.failures(), equal(pair)[1][1]) == ([], 500.0)
    pair.edit(record, 金额=501)
    assert written(pair.settle()) == {}
    assert equal(pair)[1][1] == 501.0


def test_a_paused_line_goes_on_when_it_is_retried(stage, fight):
    pair, _, round_ = fight
    while round_().writes:
        pass
    stage.syncer.store.retry([pair.failures()[0].id])
    assert pair.sync().writes == 1
    assert pair.failures() == []
    pair.settle()
    equal(pair)


def test_many_edits_from_one_side_are_no_loop(stage):
    pair = orders(stage)
    pair.add(*numbered(1))
    pair.settle()
    for amount in range(3 * WRITES):
        pair.sql("UPDATE {t} SET amount = %s", Decimal(amount))
        assert written(pair.sync()) == {"feishu update": 1}
