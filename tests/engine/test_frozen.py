"""What is stored of a batch before it is sent tells, after a crash, all that it was."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from syncer.core.plan import Action, Fate
from syncer.core.records import Base, Owed, Side
from syncer.engine.frozen import Frozen, freeze, thaw

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)

AFTER = {
    "文": Base("字 🙂", "字 🙂"),
    "n": Base(Decimal("1.25"), Decimal("1.3")),
    "at": Base(NOW, NOW),
    "tags": Base(frozenset({"b", "a"}), None),
    "flag": Base(False, False),
    "none": Base(None, None),
    "owed": Base("x", Decimal(7), Owed(Side.FEISHU, "7", NOW)),
}


@pytest.mark.parametrize(
    ("on", "record", "key"), [(Side.DATABASE, "rec1", None), (Side.FEISHU, None, '["k"]')], ids=str
)
def test_a_create_comes_back_with_its_values_which_only_its_bases_hold(on, record, key):
    values = {name: base.of(on) for name, base in AFTER.items() if base.of(on) is not None}
    cells = {"f": 1} if on is Side.FEISHU else {}
    one = Frozen("0", 5, Action.CREATE, record, key, values, {}, {}, AFTER, "new", cells=cells, match={"m": "x"})
    assert thaw(freeze([one])) == [one]


def test_an_update_comes_back_as_it_was():
    before, values = {"n": Decimal(1), "文": None}, {"n": Decimal("2.5"), "文": None}
    one = Frozen(
        "1", 6, Action.UPDATE, "rec1", '["k"]', values, before, AFTER, {"n": AFTER["n"]}, "changed", Fate.SEVER
    )
    assert thaw(freeze([one])) == [one]
