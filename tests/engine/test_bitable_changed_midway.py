"""A Bitable table that people change in the middle of a run: nothing is cleared or doubled; once mended it goes on."""

import re

import pytest

from syncer.errors import SyncerError
from tests.engine.stage import doing

STATES = {"type": 3, "property": {"options": [{"name": "待处理"}, {"name": "已发货 🚚"}]}}
FIELDS = {"订单号": 1, "金额": 2, "备注": 1, "状态": STATES}
COLUMNS = "id bigserial PRIMARY KEY, order_no text UNIQUE, amount numeric(12,2), note text, status text"
MAPPING = (
    "match: [order_no]\npairing: policy\nfields:\n  - {field: 订单号, column: order_no}\n"
    "  - {field: 金额, column: amount}\n  - {field: 备注, column: note}\n  - {field: 状态, column: status}\n"
)
STEPS = [
    ("before", "records.read"),
    ("after", "records.read"),
    ("before", "records.update"),
    ("before", "records.create"),
]


def control(name, *args, **more):
    """One operation of a person on the pair's table."""
    return lambda stage, pair: getattr(stage.control, name)(pair.place.app_token, pair.place.table_id, *args, **more)


def made_anew(stage, pair):
    stage.control.create_field(pair.place.app_token, pair.place.table_id, {"field_name": "备注", "type": 1})
    stage.apply("orders", pair.place, "orders", "id", MAPPING)


def hides(*fields):
    def act(stage, pair):
        token, app = pair.place.app_token, stage.simulator.app_id
        stage.control.grant(token, app, "edit" if fields else "manage")
        stage.control.set_advanced(token, on=bool(fields))
        stage.control.restrict(token, app, hidden_fields=fields)

    return act


def right(name):
    return lambda stage, pair: stage.control.grant(pair.place.app_token, stage.simulator.app_id, name)


NOTHING, PAUSED, LOST = "", "备注.*paused alone", "may|right|permission|403"
HIDDEN = f"(?s){PAUSED}.*short_reading"  # who does not manage such a base may be shown but a part of the records
CHANGES = {
    "a field is renamed": (
        control("rename_field", "备注", "说明 📝"),
        control("rename_field", "说明 📝", "备注"),
        NOTHING,
    ),
    "a field is dropped": (control("delete_field", "备注"), made_anew, PAUSED),
    "a field is retyped": (control("retype_field", "备注", 2), control("retype_field", "备注", 1), PAUSED),
    "a field is hidden": (hides("备注"), hides(), HIDDEN),
    "an option is new": (control("add_option", "状态", "退货"), control("delete_option", "状态", "退货"), NOTHING),
    "an option is renamed": (
        control("rename_option", "状态", "待处理", "待办"),
        control("rename_option", "状态", "待办", "待处理"),
        NOTHING,
    ),
    "the right to edit is lost": (right("read"), right("manage"), LOST),
    "every right is lost": (right("none"), right("manage"), LOST),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_table_that_people_change_in_the_middle_of_a_run_costs_nobody_anything(stage, change):
    begins, mends, says = change
    pair = stage.pair(FIELDS, COLUMNS, MAPPING)
    pair.add(*[{"订单号": f"N{n}", "金额": n, "备注": str(n), "状态": "待处理"} for n in range(5)])
    pair.full()
    for number, (when, what) in enumerate(STEPS):
        pair.sql("UPDATE {t} SET amount = %s WHERE order_no = 'N0'", 100 + number)
        pair.sql("INSERT INTO {t} (order_no, amount) VALUES (%s, 1)", f"行{number}")
        pair.edit(pair.by("订单号")["N1"], 金额=200 + number)
        done = []
        with stage.tapped(doing(when, what, lambda done=done: done.append(begins(stage, pair)))):
            ended(pair)
        assert done, (when, what)
        said = ended(pair)
        assert bool(said) == bool(says), said
        assert re.search(says, said), said
        if says in (NOTHING, PAUSED):  # the rest goes on meanwhile
            assert pair.sql("SELECT amount FROM {t} WHERE order_no = 'N1'") == [(200 + number,)], (when, what)
            assert pair.plain()[pair.by("订单号")["N0"]]["金额"] == 100 + number, (when, what)
        assert not pair.failures(), (when, what)
        assert notes(pair) == [str(n) for n in range(5)], (when, what)
        mends(stage, pair)
    for _ in range(2):
        ended(pair)
    assert notes(pair) == [str(n) for n in range(5)]
    records = {cells["订单号"]: cells.get("金额") for cells in pair.plain().values()}
    assert len(records) == len(pair.plain()) == 9
    assert {order: int(amount) for order, amount in pair.rows("order_no, amount")} == records
    assert (records["N0"], records["N1"]) == (103, 203)
    assert {status for (status,) in pair.sql("SELECT status FROM {t} WHERE order_no LIKE 'N%%'")} == {"待处理"}


@pytest.mark.parametrize(("when", "what"), STEPS[:2])
@pytest.mark.parametrize("type_", [5, 7])
def test_a_type_that_empties_the_cells_clears_nothing(stage, when, what, type_):
    pair = stage.pair(FIELDS, COLUMNS, MAPPING)
    pair.add(*[{"订单号": f"N{n}", "金额": n, "备注": str(n)} for n in range(5)])
    pair.full()
    retype = control("retype_field", "备注", type_)
    with stage.tapped(doing(when, what, lambda: retype(stage, pair))):
        (sentence,) = pair.full().drift
    assert "备注" in sentence
    assert "paused alone" in sentence
    pair.edit(pair.by("订单号")["N1"], 金额=201)
    pair.full()
    assert notes(pair) == [str(n) for n in range(5)]
    assert pair.sql("SELECT amount FROM {t} WHERE order_no = 'N1'") == [(201,)]


def notes(pair):
    return [note for (note,) in pair.sql("SELECT note FROM {t} WHERE order_no LIKE 'N%%' ORDER BY order_no")]


def ended(pair):
    """A run that ended well, or with a sentence that says what is to be mended; what it said."""
    try:
        report = pair.full()
        return "\n".join([*report.drift, *([report.guard.name] if report.guard else ())])
    except SyncerError as error:
        return str(error)
