"""The demo's orders: about 2,000 of them, kept by sales in Bitable; PostgreSQL begins empty. Always the same."""

from datetime import date, timedelta
from random import Random
from typing import Any

from syncer.cli.demo.compare import Column, cell_of_day
from syncer.cli.demo.tables import Cells, Shape

COUNT = 2000
_STATUS = {"待处理": "pending", "已发货": "shipped", "已完成": "done"}
_TAGS = ("加急", "大客户", "赠品", "海外", "分期", "回头客")

_DDL = """
CREATE SCHEMA sales;
CREATE TABLE sales.orders (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    order_no varchar(40) NOT NULL UNIQUE,
    customer text,
    amount numeric(12, 2),
    quantity integer,
    status text,
    ordered_on date,
    tags text[],
    paid boolean NOT NULL DEFAULT false,
    note text,
    created_by text NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT date_trunc('milliseconds', clock_timestamp())
);
CREATE FUNCTION sales.stamp() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.updated_at := date_trunc('milliseconds', clock_timestamp());
    RETURN NEW;
END $$;
CREATE TRIGGER stamp BEFORE UPDATE ON sales.orders FOR EACH ROW EXECUTE FUNCTION sales.stamp();
"""


def _options(names: Any) -> dict[str, Any]:
    return {"options": [{"name": name} for name in names]}


SHAPE = Shape(
    title="订单",
    fields=(
        {"field_name": "订单号", "type": 1},
        {"field_name": "客户", "type": 1},
        {"field_name": "金额", "type": 2, "property": {"formatter": "0.00"}},
        {"field_name": "数量", "type": 2},
        {"field_name": "状态", "type": 3, "property": _options(_STATUS)},
        {"field_name": "下单日期", "type": 5},
        {"field_name": "标签", "type": 4, "property": _options(_TAGS)},
        {"field_name": "已付款", "type": 7},
        {"field_name": "备注", "type": 1},
        {"field_name": "更新时间", "type": 5, "property": {"date_formatter": "yyyy-MM-dd HH:mm"}},
    ),
    ddl=_DDL,
    schema="sales",
    table="orders",
    key="order_no",
    columns=(
        Column("订单号", "order_no"),
        Column("客户", "customer"),
        Column("金额", "amount", "number"),
        Column("数量", "quantity", "number"),
        Column("状态", "status", values=_STATUS),
        Column("下单日期", "ordered_on", "day"),
        Column("标签", "tags", "set"),
        Column("已付款", "paid", "yes"),
        Column("备注", "note"),
        Column("更新时间", "updated_at", "moment"),
    ),
)

_SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗"
_GIVEN = (
    "伟",
    "芳",
    "秀英",
    "敏",
    "静",
    "丽",
    "强",
    "磊",
    "军",
    "洋",
    "勇",
    "艳",
    "杰",
    "娟",
    "涛",
    "明",
    "子涵",
    "雨桐",
    "浩然",
    "欣怡",
)
_COMPANIES = (
    "杭州云杉科技",
    "深圳海石贸易",
    "成都青禾食品",
    "苏州木兰纺织",
    "厦门远帆物流",
    "北京知行教育",
    "青岛潮汐海产",
)
_NOTES = (
    "请在周五前送达 🚚",
    "老客户，赠送样品 🎁",
    "电话联系后再发货 ☎️",
    "发票抬头：个人",
    "易碎品，轻拿轻放 ⚠️",
    "第一行：门口放下\n第二行：按门铃",
    'Ship with "DHL", not by sea',
    "家人签收 👨‍👩‍👧",
    "折扣 5% 已含；O'Brien 先生收",
)


def number(place: int) -> str:
    """The order number of the order at a place, from 0."""
    return f"SO-2025-{place + 1:05d}"


def records() -> list[Cells]:
    """The orders as Bitable cells. The last one has no number yet."""
    chance = Random(20250607)  # noqa: S311 - chance must repeat
    orders = [_order(chance, number(place)) for place in range(COUNT)]
    return [*orders, {"客户": "杨浩然", "金额": 88, "备注": "电话里下的单，单号稍后补 📝"}]


def _order(chance: Random, order_no: str) -> Cells:
    day = date(2024, 1, 1) + timedelta(days=chance.randrange(700))
    cells: dict[str, Any] = {
        "订单号": order_no,
        "客户": _customer(chance),
        "金额": chance.randrange(100, 5_000_000) / 100,
        "数量": chance.randrange(1, 500),
        "状态": chance.choice(list(_STATUS)),
        "下单日期": cell_of_day(day),
        "标签": chance.sample(_TAGS, chance.randrange(4)),
        "已付款": chance.random() < 0.6,
        "备注": chance.choice(_NOTES) if chance.random() < 0.5 else "",
    }
    empty = {name for name in ("客户", "金额", "数量", "状态", "下单日期") if chance.random() < 0.04}
    return {name: value for name, value in cells.items() if name not in empty and value not in ("", [])}


def _customer(chance: Random) -> str:
    if chance.random() < 0.3:
        return chance.choice(_COMPANIES)
    return chance.choice(_SURNAMES) + chance.choice(_GIVEN)
