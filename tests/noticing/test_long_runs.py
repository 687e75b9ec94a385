"""An edit does not stand behind a first load, nor behind the flood of events that the load's own lines cause."""

import time
from collections import Counter

import pytest

from syncer.engine.tools import Options
from tests.noticing.stage import COLUMNS, FIELDS, MAPPING

MANY = 4000
LOAD = Options(full=True, batch=500)
APART = 0.35
"""Seconds after which a run draws breath again."""


def load(stage, pair):
    """A first load; what it called of Feishu."""
    before = Counter(stage.control.counts())
    report = stage.syncer.sync(pair.name, LOAD)
    assert report.status == "done", report.to_json()
    return Counter(stage.control.counts()) - before


def orders(count):
    return [{"订单号": f"N-{number}", "金额": number} for number in range(count)]


def insert(pair, count):
    pair.sql("INSERT INTO {t} (order_no, amount) SELECT 'N-' || n, n FROM generate_series(0, %s - 1) n", count)


class Watched:
    """Edits once, at the third step of a kind or as soon as it can; then looks whether the other side has it."""

    def __init__(self, stage, kind, edit, is_there):
        self.stage, self.kind, self.edit, self.is_there = stage, kind, edit, is_there
        self.calls, self.edited, self.arrived = 0, False, 0

    def __call__(self, when, step):
        if when != "after" or not step.startswith(self.kind):
            return
        self.calls += 1
        if self.calls >= 3 and not self.edited:
            self.edited = self.edit() is not False
            self.stage.quiet()
        if self.edited and not self.arrived:
            time.sleep(APART)
            if self.is_there():
                self.arrived = self.calls


@pytest.mark.parametrize("when", ["before the load", "during the load"])
def test_an_edited_record_passes_a_load_whose_own_records_are_signalled_too(stage, pair, when):
    records = pair.add(*orders(MANY))
    if when == "before the load":
        pair.heard()

    def edit():
        pair.edit(records[-1], 备注="人")

    watched = Watched(stage, "rows.", edit, lambda: pair.sql("SELECT 1 FROM {t} WHERE note = '人'"))
    with stage.tapped(watched):
        calls = load(stage, pair)
    assert watched.arrived, watched.calls
    assert watched.arrived < watched.calls
    assert calls["bitable.record.batch_get"] <= 3  # of the flood nothing is read
    stage.quiet()
    pair.settle_signals()
    assert len(pair.equal()) == MANY


def test_an_edited_row_passes_a_load_of_the_database(stage, pair):
    pair.add(*orders(MANY))

    def edit():
        return bool(pair.sql("UPDATE {t} SET note = '行' WHERE id = (SELECT min(id) FROM {t}) RETURNING id"))

    def is_there():
        return any(cells.get("备注") == "行" for cells in pair.plain().values())

    watched = Watched(stage, "rows.", edit, is_there)
    with stage.tapped(watched):
        load(stage, pair)
    assert watched.arrived, watched.calls
    assert watched.arrived < watched.calls
    pair.equal()


@pytest.mark.parametrize("side", ["record", "row"])
def test_an_edit_passes_a_load_of_bitable_and_the_load_keeps_its_pace(stage, pair, side):
    insert(pair, MANY)

    def edit():
        if side == "row":
            pair.sql("UPDATE {t} SET note = '行' WHERE order_no = 'N-7'")
        else:
            pair.edit(pair.by("订单号")["N-7"], 备注="人")

    def is_there():
        if side == "record":
            return pair.sql("SELECT 1 FROM {t} WHERE note = '人'")
        return any(cells.get("备注") == "行" for cells in pair.plain().values())

    watched = Watched(stage, "records.create", edit, is_there)
    with stage.tapped(watched):
        calls = load(stage, pair)
    assert watched.arrived, watched.calls
    assert watched.arrived < watched.calls
    assert calls["bitable.record.search"] <= 2  # nobody has to look for each new line once more
    assert calls["bitable.record.batch_create"] == MANY // LOAD.batch
    stage.quiet()
    pair.settle_signals()
    assert len(pair.equal()) == MANY


def test_after_a_load_its_echoes_are_settled_and_nothing_of_them_is_read(stage, pair):
    insert(pair, MANY)
    load(stage, pair)
    stage.quiet()
    with stage.counted() as calls:
        pair.settle_signals()
    assert not {name for name in calls if "record." in name}, dict(calls)
    assert pair.waiting() == []


def test_the_rows_of_a_load_are_known_as_our_own(stage, pair):
    pair.add(*orders(MANY))
    load(stage, pair)
    stage.quiet()
    with stage.counted() as calls:
        assert not pair.sync().writes
    assert not {name for name in calls if name in {"rows.fetch", "rows.read", "record.search"}}, dict(calls)


def test_options_that_the_load_itself_makes_hide_no_edit_and_cost_no_search(stage):
    pair = stage.listened(
        "stock",
        fields={**FIELDS, "状态": 3},
        columns=f"{COLUMNS}, state text",
        mapping=f"{MAPPING}\n  - {{field: 状态, column: state}}",
    )
    pair.sql(
        "INSERT INTO {t} (order_no, amount, state)"
        " SELECT 'N-' || n, n, '状态 ' || mod(n, 7) FROM generate_series(0, %s - 1) n",
        MANY,
    )

    def edit():
        pair.edit(pair.by("订单号")["N-7"], 备注="人")

    watched = Watched(stage, "records.create", edit, lambda: pair.sql("SELECT 1 FROM {t} WHERE note = '人'"))
    with stage.tapped(watched):
        calls = load(stage, pair)
    assert 0 < watched.arrived < watched.calls
    assert calls["bitable.record.search"] <= 2
    assert calls["bitable.record.batch_get"] <= 3
