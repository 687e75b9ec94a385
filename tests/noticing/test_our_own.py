"""What we wrote ourselves comes back as events and in the log; neither is read again."""

import os

import pytest

from tests.engine.stage import written

MANY = int(os.environ.get("MANY_CREATES", "10000"))


def nothing_read(stage, pair):
    """A run by event that finds only what we wrote ourselves."""
    stage.quiet()
    with stage.counted() as calls:
        report = pair.react()
    assert not report.writes
    read = {name: count for name, count in calls.items() if name.endswith((".read", ".fetch", ".find"))}
    assert not read, read
    assert not {name for name in calls if "record." in name}, dict(calls)
    assert pair.waiting() == []
    return calls


def test_after_creates_and_updates_in_both_directions_nothing_is_read_again(stage, pair):
    records = pair.begin(*((f"A-{number}", number, "始") for number in range(20)))
    pair.sql(
        "INSERT INTO {t} (order_no, amount, note) SELECT 'N-' || n, n + 0.25, '新 🆕' FROM generate_series(1, 50) n"
    )
    assert written(pair.heard().react()) == {"feishu create": 50}
    nothing_read(stage, pair)
    pair.sql("UPDATE {t} SET amount = amount * 2 + 0.5, note = '改' WHERE order_no LIKE 'N-%'")
    assert written(pair.heard().react()) == {"feishu update": 50}
    nothing_read(stage, pair)
    pair.edit_many({record: {"备注": "人"} for record in records})
    assert written(pair.heard().react()) == {"database update": 20}
    nothing_read(stage, pair)
    pair.sql("DELETE FROM {t} WHERE order_no LIKE 'N-%' AND id % 10 = 0")
    assert written(pair.heard().react()) == {"feishu delete": 5}
    pair.equal()


def test_a_write_of_ours_and_an_edit_after_it_is_read_for_the_edit(stage, pair):
    records = pair.begin(("A-1", 1, "始"), ("A-2", 2, "始"))
    pair.sql("UPDATE {t} SET note = 'ours'")
    assert written(pair.heard().react()) == {"feishu update": 2}
    stage.quiet()
    pair.edit(records[0], 备注="theirs")
    report = pair.heard().react()
    assert (report.read, written(report)) == ({**report.read, "feishu": 1}, {"database update": 1})
    pair.equal()


def test_ten_thousand_creates_cause_no_flood_of_reads(stage, pair):
    pair.begin(("A-1", 1, "始"))
    pair.sql(f"INSERT INTO {{t}} (order_no, amount) SELECT 'N-' || n, n FROM generate_series(1, {MANY}) n")
    assert written(pair.heard().react()) == {"feishu create": MANY}
    stage.quiet()
    with stage.counted() as calls:
        while pair.is_woken():
            assert not pair.react().writes
    assert calls["record.search"] <= MANY // 500 + 1  # one scan at most
    assert not calls["record.batch_get"]
    assert pair.waiting() == []


@pytest.mark.parametrize("form", ["string", "no_value", "no_entry"])
def test_a_cleared_cell_is_recognised_however_its_event_says_so(stage, pair, form):
    stage.control.set_switches(event_empty_value=form)
    pair.begin(("A-1", 1, "始"), ("A-2", 2, "始"))
    pair.sql("UPDATE {t} SET note = NULL, amount = NULL")
    assert written(pair.heard().react()) == {"feishu update": 2}
    nothing_read(stage, pair)
