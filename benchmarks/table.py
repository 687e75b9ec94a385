"""The table that is synced: twelve fields of mixed types, the same content as cells and as rows."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

TEXT, NUMBER, SELECT, CHOICES, DATE, CHECKBOX = 1, 2, 3, 4, 5, 7

FIELDS: tuple[tuple[str, int, str, str], ...] = (
    ("订单号", TEXT, "order_no", "text PRIMARY KEY"),
    ("客户", TEXT, "customer", "text"),
    ("地址", TEXT, "address", "text"),
    ("备注", TEXT, "remark", "text"),
    ("电话", TEXT, "phone", "varchar(40)"),
    ("金额", NUMBER, "amount", "numeric(14,2)"),
    ("重量", NUMBER, "weight", "float8"),
    ("数量", NUMBER, "quantity", "int4"),
    ("状态", SELECT, "state", "text"),
    ("日期", DATE, "ordered_at", "timestamptz"),
    ("已付款", CHECKBOX, "paid", "bool"),
    ("标签", CHOICES, "tags", "text[]"),
)
"""Field name, Bitable type, column, column type."""

COLUMNS = tuple(column for _, _, column, _ in FIELDS)
NAMES = tuple(name for name, _, _, _ in FIELDS)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_STATES = ("待处理", "已发货", "已签收", "已退回")
_TAGS: tuple[list[str], ...] = (["加急"], ["易碎", "保价"], ["礼品", "加急", "自提"], [])


def row(number: int) -> tuple[Any, ...]:
    """One line as the database holds it; a few columns are empty now and then."""
    return (
        f"A{number:07d}",
        f"客户 {number % 5000}",
        f"上海市浦东新区世纪大道 {number} 号",
        f"Line {number}: leave at the door, ring twice 🙂" if number % 4 else None,
        f"+86 138{number:08d}",
        number % 100_000 + 0.25,
        number * 0.125,
        number % 97,
        _STATES[number % 4],
        _EPOCH + timedelta(milliseconds=1_700_000_000_000 + number * 60_000),
        number % 2 == 0,
        _TAGS[number % 4] or None,
    )


def cells(values: tuple[Any, ...]) -> dict[str, Any]:
    """A row as the cells Feishu takes; empty ones are left out."""
    return {name: _cell(value) for name, value in zip(NAMES, values, strict=True) if value is not None}


def _cell(value: Any) -> Any:
    return (value - _EPOCH) // timedelta(milliseconds=1) if isinstance(value, datetime) else value


def lines(count: int) -> Iterator[tuple[Any, ...]]:
    """All rows."""
    return map(row, range(count))


def bitable_fields() -> list[dict[str, Any]]:
    """The fields as the simulator makes them."""
    return [{"field_name": name, "type": type_} for name, type_, _, _ in FIELDS]


def ddl(name: str) -> str:
    """The table as PostgreSQL makes it."""
    return f"CREATE TABLE {name} ({', '.join(f'{column} {type_}' for _, _, column, type_ in FIELDS)})"


def mapping(app_token: str, table_id: str) -> Mapping[str, Any]:
    """The mapping file."""
    return {
        "version": 1,
        "name": "orders",
        "feishu": {"bitable": {"app_token": app_token, "table_id": table_id}},
        "database": {"connection": "erp", "table": "orders", "key": ["order_no"], "capture": "scan"},
        "fields": [{"field": name, "column": column} for name, _, column, _ in FIELDS],
    }
