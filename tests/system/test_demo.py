"""``syncer demo`` as a person runs it, and whether its last comparison would notice that the sides differ."""

import os
import re
import subprocess
import sys
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from syncer.cli.demo import ending, orders, products
from syncer.cli.demo.compare import cell_of_day, differences
from syncer.cli.demo.stage import Stage
from syncer.cli.demo.story import Story
from syncer.cli.demo.tables import Pair, connect
from syncer.cli.demo.teller import Teller
from syncer.simulator.server import SimulatorServer

SYNCER = [sys.executable, "-c", "from syncer.cli.main import main; main()"]


def test_the_demo_ends_with_both_sides_equal_and_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "tmp").mkdir()
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("SYNCER_", "FEISHU_"))},
        "PYTHONPATH": str(Path(__file__).parents[2]),
        "TMPDIR": str(tmp_path / "tmp"),
        "SYNCER_HOME": str(tmp_path / "mine"),
        "SYNCER_MAPPINGS": str(tmp_path / "none"),
    }
    ran = subprocess.run(
        [*SYNCER, "demo"], check=False, env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=110
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert ran.stderr == ""
    assert "✗" not in ran.stdout
    last = re.findall(r"│ (\S+ / \S+) +│ ([\d,]+) +│ ([\d,]+) +│ ([\d,]+) +│ (\d+) +│", ran.stdout)
    assert last == [
        ("订单 / sales.orders", "1,999", "1,999", "19,990", "0"),
        ("商品 / sales.products", "300", "300", "1,800", "0"),
    ]
    assert "Both sides are equal" in ran.stdout.splitlines()[-1]
    assert "\x1b" not in ran.stdout
    assert [path.name for path in tmp_path.iterdir()] == ["tmp"]
    assert list((tmp_path / "tmp").iterdir()) == []


def test_the_demo_tells_fifteen_numbered_steps_and_types_only_commands_that_exist() -> None:
    from syncer.cli.demo import acts

    sources = "".join(path.read_text() for path in Path(acts.__file__).parent.glob("*.py"))
    typed = set(re.findall(r'command\(f?"syncer (\w+)', sources))
    for command in sorted(typed):
        ran = subprocess.run([*SYNCER, command, "--help"], check=False, capture_output=True, text=True, timeout=60)
        assert ran.returncode == 0, command
    assert {"apply", "sync", "conflicts", "failures", "history"} <= typed
    assert len(acts.ALL) == 14


EQUAL = [
    {"no": "A-1", "amount": Decimal(5), "tags": frozenset({"加急"})},
    {"no": "A-2", "amount": None, "tags": frozenset()},
]


def test_equal_sides_have_no_differences_whatever_their_order() -> None:
    assert differences(EQUAL, EQUAL[::-1], "no") == []


@pytest.mark.parametrize(
    ("other", "told"),
    [
        (EQUAL[:1], "A-2: there once in Bitable, absent in PostgreSQL"),
        ([*EQUAL, {**EQUAL[0], "no": "A-3"}], "A-3: absent in Bitable, there once in PostgreSQL"),
        ([*EQUAL, EQUAL[1]], "A-2: there once in Bitable, there 2 times in PostgreSQL"),
        ([{**EQUAL[0], "amount": Decimal("5.01")}, EQUAL[1]], "A-1, amount: Bitable holds Decimal('5'), PostgreSQL "),
        ([EQUAL[0], {**EQUAL[1], "tags": frozenset({"海外"})}], "A-2, tags: Bitable holds frozenset(), PostgreSQL "),
    ],
)
def test_every_way_to_differ_is_told(other: list[dict[str, Any]], told: str) -> None:
    (found,) = differences(EQUAL, other, "no")
    assert str(found).startswith(told)


def test_values_of_both_sides_are_read_by_rules_of_their_own() -> None:
    columns = {column.column: column for column in orders.SHAPE.columns}
    midnight = int(datetime(2025, 5, 31, 16, tzinfo=UTC).timestamp() * 1000)  # midnight in Shanghai
    assert cell_of_day(date(2025, 6, 1)) == midnight
    assert columns["ordered_on"].of_cell(midnight) == columns["ordered_on"].of_column(date(2025, 6, 1))
    assert columns["amount"].of_cell(0.1) == columns["amount"].of_column(Decimal("0.10"))
    assert columns["status"].of_cell("已发货") == columns["status"].of_column("shipped")
    assert columns["paid"].of_cell(None) == columns["paid"].of_column(False)
    assert columns["tags"].of_cell(["海外", "加急"]) == columns["tags"].of_column(["加急", "海外"])
    assert columns["note"].of_cell(None) == columns["note"].of_column(None)
    assert columns["note"].of_cell("a") != columns["note"].of_column("a ")
    moment = datetime(2025, 6, 1, 1, 2, 3, 4000, tzinfo=UTC)
    assert columns["updated_at"].of_cell(1748739723004) == columns["updated_at"].of_column(moment)


def test_the_demo_fails_and_names_the_cell_when_somebody_tampered_with_one(
    simulator: SimulatorServer, database: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with connect(database) as erp:
        base = simulator.control.create_base()
        sales = Pair(orders.SHAPE, simulator.control, base, erp)
        stock = Pair(products.SHAPE, simulator.control, base, erp)
        stock.add_records([{"货号": "P-1", "品名": "蜂蜜 🍯", "库存": 7, "上架": True}])
        stock.insert_rows([{"sku": "P-1", "name": "蜂蜜 🍯", "stock": 7, "listed": True}])
        story = Story(Stage(None, simulator.control, sales, stock, (), {}), Teller())
        ending.comparison(story)
        assert ending.verdict(story, 1) == 0
        stock.update_row("P-1", stock=8)
        ending.comparison(story)
        assert ending.verdict(story, 1) == 1
    told = capsys.readouterr().out
    assert "商品: P-1, stock: Bitable holds Decimal('7'), PostgreSQL Decimal('8')" in told


def test_a_claim_that_does_not_hold_fails_the_demo_too(capsys: pytest.CaptureFixture[str]) -> None:
    story = Story(None, Teller())
    story.expect(False, "everything arrived")
    assert ending.verdict(story, 1) == 1
    assert "not so: everything arrived" in capsys.readouterr().out
