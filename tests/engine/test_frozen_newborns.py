"""A slice of creates comes back from its stored form as the same creates would one by one."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from syncer.core.newborns import Newborns
from syncer.core.plan import Action
from syncer.core.records import Base, Side
from syncer.core.series import forms, short_bases
from syncer.engine.frozen import Frozen, freeze, freeze_newborns, thaw

FEISHU = {
    "文": ["字 🙂", None, '"\\'],
    "n": [Decimal("1.25"), Decimal(7), None],
    "at": [None, datetime(2026, 1, 2, tzinfo=UTC), None],
    "tags": [frozenset({"b", "a"}), None, None],
    "flag": [True, False, False],
}
DATABASE = {**FEISHU, "n": [Decimal("1.3"), Decimal(7), None], "list": [("a",), ("b", "c"), None]}
CELLS = {
    "文": ["字 🙂", None, '"\\'],
    "数": [1.25, 7, None],
    "标签": [["a", "b"], None, None],
    "勾": [True, False, False],
}


@pytest.mark.parametrize("on", list(Side))
def test_a_slice_comes_back_as_its_lines_would(on):
    names = list(DATABASE)
    feishu, database = ({name: held.get(name, [None] * 3) for name in names} for held in (FEISHU, DATABASE))
    shown = {name: (forms(feishu[name]), forms(database[name])) for name in names}
    bases = {name: short_bases(feishu[name], database[name], *shown[name]) for name in names}
    values = feishu if on is Side.FEISHU else database
    of_values = {name: shown[name][on is Side.DATABASE] for name in names}
    born = Newborns(on, values, of_values, bases)
    cells = {**CELLS, "文": of_values["文"]} if on is Side.FEISHU else {}
    lines = ["l1", "l2", "l3"]
    body = freeze_newborns(born, lines, range(4, 7), "new", cells, ["文", "数"] if cells else [])
    expected = []
    for place, line in enumerate(lines):
        after = {name: Base(feishu[name][place], database[name][place]) for name in names}
        sent = {name: each[place] for name, each in cells.items() if each[place] is not None}
        record, key = (None, line) if on is Side.FEISHU else (line, None)
        made = {name: values[name][place] for name in names if values[name][place] is not None}
        match = {name: sent[name] for name in ("文", "数")} if {"文", "数"} <= sent.keys() else {}
        expected.append(
            Frozen(
                str(place), 4 + place, Action.CREATE, record, key, made, {}, {}, after, "new", cells=sent, match=match
            )
        )
    assert thaw(body) == expected
    assert thaw(freeze(expected)) == expected
    if cells:
        assert body.count("🙂".encode()) == 1
