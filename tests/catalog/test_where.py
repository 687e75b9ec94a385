"""``where:`` in a mapping file: every fault with its line, and what a condition holds of."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from syncer.catalog.check import check_against
from syncer.catalog.files import load_file
from syncer.core.records import Unreadable
from syncer.core.where import Condition, Group
from syncer.errors import MappingError
from tests.catalog.samples import RIGHT, records, rows


def written(tmp_path, line):
    path = tmp_path / "m.yaml"
    path.write_text(RIGHT.replace("  key: [id]\n", f"  key: [id]\n{line}\n"), encoding="utf-8")
    return path


SHAPES = [
    ("  where: []", "database.where: holds no condition; write one or leave it out"),
    ("  where: region", "database.where: must be a condition, such as {column: region, in: [CN, HK]}"),
    ("  where: {in: [CN]}", "database.where: names no column; write {column: region, in: [CN, HK]}"),
    ("  where: {column: status}", "database.where: tests nothing; add one of is, not, in"),
    ("  where: {column: status, isnt: a}", "database.where.isnt: is no test; did you mean is?"),
    ("  where: {field: 状态, is: a}", "database.where: names no column"),
    ("  where: {column: status, in: a}", "database.where.in: must be a list of values, such as [CN, HK]"),
    ("  where: {column: status, is: [a, b]}", "database.where.is: must be one value; for several write in: or not_in:"),
    ("  where: {column: status, empty: maybe}", "database.where.empty: must be true or false"),
    ("  where: {any: {column: status, is: a}}", "database.where.any: must be a list of conditions"),
    ("  where: {any: [{column: status, is: a}], column: b}", "holds more than one of all, any and a condition"),
    ("  on_leave: sever", "database.on_leave: is about lines that leave where:, which is not there"),
    ("  where: {column: status, is: a}\n  on_leave: keeps", "is none of keep, sever, delete; did you mean keep?"),
]


@pytest.mark.parametrize(("line", "told"), SHAPES)
def test_a_condition_of_the_wrong_shape_is_told_with_its_line(tmp_path, line, told):
    with pytest.raises(MappingError) as caught:
        load_file(written(tmp_path, line), {})
    assert any(told in fault for fault in caught.value.faults), caught.value.faults
    assert all("m.yaml:9:" in fault or "m.yaml:10:" in fault for fault in caught.value.faults)


AGAINST = [
    ("  where: {column: statu, is: a}", "the table sales.orders has no column statu; did you mean status?"),
    ("  where: {column: amount, is: many}", "database.where.is: "),
    ("  where: {column: status, gt: a}", "cannot be asked of status, which holds a text; is, not, in, not_in"),
    ("  where: {column: tags, is: a}", "cannot be asked of tags, which holds several values; contains, empty can"),
    ("  where: {column: deleted, is: 1}", "database.where.is: "),
    (
        "  where: [{column: status, is: a}, {any: [{column: nix, empty: true}]}]",
        "database.where.#2.any.nix.column: the table sales.orders has no column nix",
    ),
    ("  where: {column: deleted, not: true}\n  on_leave: delete", "on_leave: delete needs deleted among fields:"),
]


@pytest.mark.parametrize(("line", "told"), AGAINST)
def test_a_condition_that_the_table_does_not_carry_is_told_with_its_line(tmp_path, line, told):
    loaded = load_file(written(tmp_path, line), {})
    found = check_against(loaded.mapping, records(), rows(), loaded.places)
    assert any(told in fault for fault in found.faults), found.faults
    assert all("m.yaml:9" in fault or "m.yaml:10" in fault for fault in found.faults)


def test_right_conditions_have_no_fault_and_their_columns_are_read(tmp_path):
    line = (
        "  where: [{column: deleted, not: true}, {any: [{column: amount, gte: 1.5}, {column: order_no, contains: A}]}]"
    )
    loaded = load_file(written(tmp_path, line), {})
    assert check_against(loaded.mapping, records(), rows(), loaded.places).faults == ()
    assert loaded.mapping.columns[-1] == "deleted"


HOLDS = [
    (Condition("x", "in", ("草稿",)), ["草稿"], ["草稿 ", "", None, "Draft"]),
    (Condition("x", "in", ("草稿",), negated=True), ["草稿 ", "", None], ["草稿"]),
    (Condition("x", "in", (False,)), [False, None], [True]),
    (Condition("x", "in", (True,), negated=True), [False, None], [True]),
    (Condition("x", "gt", (Decimal("1.5"),)), [Decimal(2)], [Decimal("1.5"), None]),
    (Condition("x", "lte", (date(2026, 1, 1),)), [date(2026, 1, 1)], [date(2026, 1, 2), None]),
    (Condition("x", "gte", (datetime(2026, 1, 1, tzinfo=UTC),)), [datetime(2026, 1, 1, tzinfo=UTC)], [None]),
    (
        Condition("x", "contains", ("急", "🧾")),
        ["特急", frozenset({"🧾", "b"}), ("急",)],
        ["", None, frozenset({"急!"})],
    ),
    (Condition("x", "empty"), ["", None, frozenset()], ["a", Decimal(0)]),
    (Group(every=True, parts=()), ["a", None], []),
    (Group(every=False, parts=()), [], ["a", None]),
]


@pytest.mark.parametrize(("clause", "inside", "outside"), HOLDS)
def test_what_a_condition_holds_of(clause, inside, outside):
    for value in inside:
        assert clause.holds(lambda _, value=value: value), value
    for value in outside:
        assert not clause.holds(lambda _, value=value: value), value


@pytest.mark.parametrize("negated", [True, False])
def test_nothing_is_said_of_what_cannot_be_read(negated):
    assert not Condition("x", "in", ("a",), negated).holds(lambda _: Unreadable("NaN"))
