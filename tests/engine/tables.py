"""Pairs of tables that several scenarios use."""

from datetime import UTC, datetime

ORDERS = {"订单号": 1, "金额": 2, "备注": 1}
ORDER_COLUMNS = (
    "id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, order_no text UNIQUE, amount numeric(12,2), note text"
)
ORDER_FIELDS = """match: [order_no]
fields:
  - {field: 订单号, column: order_no}
  - {field: 金额, column: amount}
  - {field: 备注, column: note}
"""
SIDES = (("订单号", "金额", "备注"), "order_no, amount, note")


def orders(stage, rules="", **others):
    """Orders with a number, an amount and a note. ``rules`` are further keys of the mapping."""
    columns = others.pop("columns", ORDER_COLUMNS)
    return stage.pair(ORDERS, columns, others.pop("mapping", ORDER_FIELDS) + rules, **others)


def equal(pair):
    """Both sides hold the same orders; returns them."""
    return pair.assert_equal(*SIDES, convert=lambda number, amount, note: (number, plain(amount), note))


def plain(amount):
    return None if amount is None else float(amount)


def numbered(count, start=0):
    return [{"订单号": f"A{number:04}", "金额": number + 0.5} for number in range(start, start + count)]


def insert(pair, *lines):
    """Rows as (order_no, amount, note)."""
    for line in lines:
        pair.sql("INSERT INTO {t} (order_no, amount, note) VALUES (%s, %s, %s)", *line)


def moment(text):
    """Milliseconds of a moment given as in ``2026-03-01T08:00:00+08:00``."""
    return int(datetime.fromisoformat(text).astimezone(UTC).timestamp() * 1000)
