"""Feishu in a bad mood: the run waits, repeats what may be repeated, and ends right."""

import pytest

from syncer.errors import OutsideError
from tests.engine.stage import written
from tests.engine.tables import equal, insert, numbered, orders


@pytest.fixture
def pair(stage):
    pair = orders(stage)
    ids = pair.add(*numbered(20))
    pair.settle()
    pair.edit(ids[0], 备注="甲")
    pair.drop(ids[1])
    pair.add({"订单号": "F1"})
    pair.sql("UPDATE {t} SET note = '乙' WHERE order_no = 'A0002'")
    pair.sql("DELETE FROM {t} WHERE order_no = 'A0003'")
    insert(pair, ("D1", 1, None))
    return pair


ALL = {f"{side} {action}": 1 for side in ("feishu", "database") for action in ("create", "update", "delete")}


def check(pair, report):
    assert written(report) == ALL
    assert report.exit_status == 0
    assert not pair.settle().writes
    assert len(equal(pair)) == 20


@pytest.mark.parametrize(
    ("kind", "how"),
    [
        ("rate_limit", {"reset": 1}),
        ("too_many", {}),
        ("conflict", {}),
        ("not_ready", {}),
    ],
)
def test_whatever_every_api_is_told_to_wait_for_a_run_ends_right(stage, pair, kind, how):
    for api in ("search", "batch_get", "batch_create", "batch_update", "batch_delete"):
        stage.control.fault(f"bitable.record.{api}", kind, times=3, **how)
    for api in ("bitable.app.get", "bitable.table.list", "bitable.field.list"):
        stage.control.fault(api, kind, times=2, **how)
    check(pair, pair.sync())


def test_connections_that_break_and_pages_of_proxies_are_lived_through(stage, pair):
    stage.control.fault("bitable.record.search", "reset", times=2)
    stage.control.fault("bitable.record.search", "html", nth=3, status=502)
    stage.control.fault("bitable.record.batch_*", "reset", nth=1)
    stage.control.fault("bitable.record.batch_*", "html", nth=3, status=504)
    stage.control.fault("bitable.record.batch_*", "truncated_json", nth=5)
    check(pair, pair.sync())


def test_a_storm_over_everything_only_slows_a_run(stage, pair):
    stage.control.fault("*", "rate_limit", probability=0.3)
    stage.control.fault("bitable.record.batch_*", "conflict", probability=0.3)
    report = pair.sync()
    stage.control.clear_faults()
    check(pair, report)


def test_a_token_that_is_no_longer_taken_is_fetched_anew(stage, pair):
    stage.control.revoke_tokens()
    check(pair, pair.sync())


def test_a_feishu_that_stays_away_ends_the_run_and_the_next_one_pays_what_is_owed(stage, pair):
    fault = stage.control.fault("bitable.record.batch_*", "fail", probability=1.0)
    with pytest.raises(OutsideError) as caught:
        pair.sync()
    assert caught.value.exit_status == 5
    stage.control.clear_faults(fault)
    pair.settle()
    assert len(equal(pair)) == 20


def test_a_batch_that_is_too_large_is_cut_until_it_passes(stage):
    pair = orders(stage)
    insert(pair, *((f"A{number:04}", number, None) for number in range(100)))
    stage.control.fault("bitable.record.batch_create", "oversize", records=30)
    assert written(pair.sync()) == {"feishu create": 100}
    assert len(equal(pair)) == 100
