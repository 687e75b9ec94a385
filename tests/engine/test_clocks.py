"""``latest`` with clocks that are wrong: never a silent wrong winner."""

import time

import pytest

from tests.engine.tables import ORDER_COLUMNS, equal, numbered, orders

STAMPED = ORDER_COLUMNS + ", updated_at timestamptz DEFAULT now()"
SKEWS = {"90 s behind": -90, "one hour ahead": 3600}


def stamped(stage):
    pair = orders(stage, columns=STAMPED, extra=", watermark: updated_at")
    ids = pair.add(*numbered(2))
    pair.settle()
    return pair, ids[1]


def edited(pair, record, *, later, skew):
    """Both sides edit the amount of A0001, five seconds apart; the database's stamp is off by so much."""
    pair.edit(record, 金额=55)
    apart = 5 if later == "database" else -5
    stamp = f"clock_timestamp() + interval '{skew + apart} s'"
    time.sleep(0.05)
    pair.sql(f"UPDATE {{t}} SET amount = 77, updated_at = {stamp} WHERE order_no = 'A0001'")


def age(stage, seconds):
    """Let what was synced be synced that long ago."""
    stage.state(f"UPDATE syncer_state.link SET moved_at = moved_at - interval '{seconds} s' RETURNING id")


def slow(stage, skew):
    """A database whose own clock is off: every session finds this function first."""
    stage.sql("CREATE SCHEMA skewed")
    stage.sql(
        "CREATE FUNCTION skewed.clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE AS"
        f" $$ SELECT pg_catalog.clock_timestamp() + interval '{skew} s' $$"
    )
    (name,) = stage.sql("SELECT current_database()")[0]
    stage.sql(f'ALTER DATABASE "{name}" SET search_path = skewed, pg_catalog, public')


@pytest.mark.parametrize("later", ["feishu", "database"])
@pytest.mark.parametrize("skew", SKEWS.values(), ids=SKEWS)
def test_a_clock_that_is_off_is_measured_and_the_later_edit_wins(stage, skew, later):
    slow(stage, skew)
    stage.restart()
    pair, record = stamped(stage)
    age(stage, 3600)
    edited(pair, record, later=later, skew=skew)
    if later == "database":
        time.sleep(3.2)  # its stamp lies ahead: what was not there yet when it was read would be no time at all
    pair.sync()
    winners = {one.winner for one in pair.conflicts(None)}
    assert winners == {later}
    assert float(equal(pair)[1][1]) == {"feishu": 55, "database": 77}[later]


@pytest.mark.parametrize("later", ["feishu", "database"])
@pytest.mark.parametrize("skew", SKEWS.values(), ids=SKEWS)
def test_stamps_that_cannot_be_right_decide_nothing(stage, skew, later):
    """The clock is right, the stamps are not: they come from somebody else's clock."""
    pair, record = stamped(stage)
    edited(pair, record, later=later, skew=skew)
    assert pair.sync().exit_status == 3
    (conflict,) = pair.conflicts()
    assert "not known" in conflict.reason


def test_the_time_of_our_own_write_is_no_edit(stage):
    pair, record = stamped(stage)
    pair.sql("UPDATE {t} SET note = '一', updated_at = now() WHERE order_no = 'A0001'")
    pair.edit(record, 金额=55)
    pair.sync()
    pair.sql("UPDATE {t} SET amount = 77, updated_at = now() WHERE order_no = 'A0001'")
    report = pair.settle()
    assert report.exit_status == 0
    assert float(equal(pair)[1][1]) == 77
