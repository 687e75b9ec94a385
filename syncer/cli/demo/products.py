"""The demo's products: 300 of them, begun by the ERP in PostgreSQL; the Bitable table begins empty. Always the same."""

from decimal import Decimal
from random import Random
from typing import Any

from syncer.cli.demo.compare import Column
from syncer.cli.demo.tables import Shape

COUNT = 300
_TAGS = ("新品", "热卖", "清仓", "有机", "进口")

SHAPE = Shape(
    title="商品",
    fields=(
        {"field_name": "货号", "type": 1},
        {"field_name": "品名", "type": 1},
        {"field_name": "单价", "type": 2, "property": {"formatter": "0.00"}},
        {"field_name": "库存", "type": 2},
        {"field_name": "标签", "type": 4, "property": {"options": [{"name": name} for name in _TAGS]}},
        {"field_name": "上架", "type": 7},
    ),
    ddl="""
CREATE TABLE sales.products (
    sku varchar(20) PRIMARY KEY,
    name text NOT NULL,
    price numeric(10, 2),
    stock integer NOT NULL DEFAULT 0,
    tags text[],
    listed boolean NOT NULL DEFAULT false
);
""",
    schema="sales",
    table="products",
    key="sku",
    columns=(
        Column("货号", "sku"),
        Column("品名", "name"),
        Column("单价", "price", "number"),
        Column("库存", "stock", "number"),
        Column("标签", "tags", "set"),
        Column("上架", "listed", "yes"),
    ),
)

_KINDS = ("龙井茶", "普洱茶", "桂花糕", "辣椒酱 🌶️", "丝绸围巾", "青花瓷碗", "竹编篮", "蜂蜜 🍯", "米酒", "檀香")
_SIZES = ("小", "中", "大", "礼盒", "试用装")


def sku(place: int) -> str:
    """The number of the product at a place, from 0."""
    return f"P-{place + 1:04d}"


def rows() -> list[dict[str, Any]]:
    """The products as rows."""
    chance = Random(20250608)  # noqa: S311 - chance must repeat
    return [_product(chance, sku(place)) for place in range(COUNT)]


def _product(chance: Random, number: str) -> dict[str, Any]:
    return {
        "sku": number,
        "name": f"{chance.choice(_KINDS)}（{chance.choice(_SIZES)}）",
        "price": None if chance.random() < 0.05 else Decimal(chance.randrange(500, 90_000)) / 100,
        "stock": chance.randrange(10, 900),
        "tags": sorted(chance.sample(_TAGS, chance.randrange(3))) or None,
        "listed": chance.random() < 0.8,
    }
