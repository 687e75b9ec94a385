"""``latest`` by the times of single fields: events name them on one side, the log of rows on the other."""

import pytest

from tests.engine.test_clocks import SKEWS, age, slow

AGO = 60  # seconds since the edits, so that neither time lies ahead of its reading


def edited(stage, pair, record, *, later, apart, skew=0):
    """Both sides edit the amount of A-1, Bitable's so long ago; then the loser's line is edited elsewhere."""
    pair.edit(record, 金额=55)
    pair.sql("UPDATE {t} SET amount = 77 WHERE order_no = 'A-1'")
    pair.heard()
    shift = apart if later == "database" else -apart
    stage.state(f"UPDATE syncer_state.record_event SET happened_at = happened_at - interval '{AGO} s' RETURNING id")
    stage.sql(f"UPDATE syncer.log SET at = at + interval '{skew + shift - AGO} s' WHERE batch IS NULL RETURNING id")
    if later == "database":
        pair.edit(record, 备注="后改 🕐")
    else:
        pair.sql("UPDATE {t} SET note = '后改 🕐' WHERE order_no = 'A-1'")
    stage.quiet()


@pytest.mark.parametrize("later", ["feishu", "database"])
@pytest.mark.parametrize("skew", [0, *SKEWS.values()], ids=["right", *SKEWS])
def test_the_field_edited_five_seconds_later_wins_whatever_else_was_edited_and_however_a_clock_is_off(
    stage, skew, later
):
    if skew:
        slow(stage, skew)
        stage.restart()
    pair = stage.listened(extra=", notify: off" if skew else "")
    records = pair.begin(("A-1", 1, None), ("A-2", 2, None))
    edited(stage, pair, records[0], later=later, apart=5, skew=skew)
    pair.settle()
    (conflict,) = pair.conflicts(None)
    assert (conflict.winner, conflict.estimated) == (later, False)
    assert {side: told["exact"] for side, told in conflict.moments.items()} == {"feishu": True, "database": True}
    assert conflict.moments["feishu"]["who"].startswith("ou_")
    assert pair.equal()[0] == ("A-1", {"feishu": 55.0, "database": 77.0}[later], "后改 🕐")


@pytest.mark.parametrize("later", ["feishu", "database"])
def test_two_clocks_are_not_ordered_within_the_tolerance(stage, pair, later):
    records = pair.begin(("A-1", 1, None))
    edited(stage, pair, records[0], later=later, apart=1.5)
    assert pair.react().exit_status == 3
    (conflict,) = pair.conflicts()
    assert "both changed within 2 s" in conflict.reason
    assert not conflict.estimated


def test_a_field_whose_event_was_lost_is_judged_by_the_time_of_its_line_and_that_is_told(stage):
    pair = stage.listened(extra=", watermark: updated_at", columns=STAMPED)
    records = pair.begin(("A-1", 1, None))
    age(stage, 3600)
    edited(stage, pair, records[0], later="database", apart=5)
    stage.state("DELETE FROM syncer_state.record_event RETURNING id")
    pair.sync()
    (conflict,) = pair.conflicts(None)
    assert (conflict.winner, conflict.estimated) == ("feishu", True)
    assert conflict.moments["feishu"]["exact"] is False
    assert conflict.moments["database"]["exact"] is True


STAMPED = (
    "id serial PRIMARY KEY, order_no text UNIQUE, amount numeric(12,2), note text, updated_at timestamptz DEFAULT now()"
)


def test_a_full_run_and_a_plan_know_the_same_times_as_a_run_by_event(stage, pair):
    records = pair.begin(("A-1", 1, None))
    edited(stage, pair, records[0], later="database", apart=5)
    plan = pair.sync(dry=True, full=True)
    assert plan.undecided == 0
    assert pair.full().exit_status == 0
    (conflict,) = pair.conflicts(None)
    assert (conflict.winner, conflict.estimated) == ("database", False)


def test_what_we_wrote_ourselves_dates_no_field(stage, pair):
    records = pair.begin(("A-1", 1, None))
    cursor = stage.state("SELECT document FROM syncer_state.cursor WHERE side = 'database'")[0][0]["capture"]
    pair.edit(records[0], 金额=3)
    pair.heard().react()
    _, mapping, _ = stage.syncer.applied("orders")
    sides = stage.syncer.look(mapping)
    capture = stage.syncer.watch(mapping, sides.row_table).capture()
    assert capture.told(cursor, ["[1]"]) == {"[1]": {}}
    pair.sql("UPDATE {t} SET note = '人' WHERE order_no = 'A-1'")
    told = capture.told(cursor, ["[1]", "[2]"])
    assert set(told["[1]"]) == {"note"}
    assert told["[2]"] == {}
