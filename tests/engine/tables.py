"""Pairs of tables that several scenarios use."""

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import ROUND_HALF_EVEN, Decimal

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


# A table with a field and a column of every kind.

EVERYTHING = {
    "编号": 1,
    "文本": 1,
    "定长": 1,
    "整数": 2,
    "金额": 2,
    "浮点": 2,
    "状态": {"type": 3, "property": {"options": [{"name": "待处理"}, {"name": "已发货"}]}},
    "标签": {"type": 4, "property": {"options": [{"name": "急"}, {"name": "大客户"}, {"name": "😀"}]}},
    "日期": 5,
    "时刻": 5,
    "当地": 5,
    "已付": 7,
    "主键": 2,
    "大写": 1,
}
EVERY_COLUMN = """id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, code text UNIQUE, words text, fixed char(8),
  whole bigint, amount numeric(10,2), measure float8, state text, tags text[], day date, moment timestamptz,
  local timestamp, paid boolean, upper_words text"""
EVERY_TRIGGER = """CREATE FUNCTION shout() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN NEW.upper_words := upper(NEW.upper_words); RETURN NEW; END $$;
  CREATE TRIGGER shout BEFORE INSERT OR UPDATE ON every FOR EACH ROW EXECUTE FUNCTION shout()"""
EVERY_FIELD = """match: [code]
fields:
  - {field: 编号, column: code}
  - {field: 文本, column: words}
  - {field: 定长, column: fixed}
  - {field: 整数, column: whole}
  - {field: 金额, column: amount}
  - {field: 浮点, column: measure}
  - {field: 状态, column: state, values: {待处理: pending, 已发货: shipped}}
  - {field: 标签, column: tags}
  - {field: 日期, column: day}
  - {field: 时刻, column: moment}
  - {field: 当地, column: local}
  - {field: 已付, column: paid}
  - {field: 主键, column: id, direction: to_feishu}
  - {field: 大写, column: upper_words}
"""
ZONE = timezone(timedelta(hours=8))
FULL_RECORD = {
    "文本": "多行\n文字 😀",
    "定长": "abc",
    "整数": 2**53 - 1,
    "金额": 1.005,
    "浮点": 0.1 + 0.2,
    "状态": "待处理",
    "标签": ["大客户", "急"],
    "日期": moment("2026-03-01T08:30:00+08:00"),
    "时刻": moment("2026-03-01T23:59:59.123+08:00"),
    "当地": moment("2026-03-01T00:00:00+08:00"),
    "已付": True,
    "大写": "loud",
}
FULL_ROW = {
    "words": "row 行",
    "fixed": "xyz",
    "whole": -5,
    "amount": "12.30",
    "measure": 1e-7,
    "state": "shipped",
    "tags": ["急", "😀"],
    "day": "2026-02-28",
    "moment": "2026-01-01 00:00:00.123456+00",
    "local": "2026-01-01 12:34:56.789",
    "paid": False,
    "upper_words": "quiet",
}
FIELD_OF = dict(zip([name for name in EVERYTHING if name not in ("编号", "主键")], FULL_ROW, strict=True))


def everything(stage, rules=""):
    """A pair with every kind of field, its trigger at work."""
    stage.sql(f"CREATE TABLE every ({EVERY_COLUMN})")
    stage.sql(EVERY_TRIGGER)
    return stage.pair(EVERYTHING, "", EVERY_FIELD + rules, name="every")


def add_row(pair, code, **columns):
    names, places = ["code", *columns], ["%s"] * (1 + len(columns))
    pair.sql(f"INSERT INTO {{t}} ({', '.join(names)}) VALUES ({', '.join(places)})", code, *columns.values())


def all_equal(pair):
    """Both sides hold the same in every kind of field; returns the lines by code."""
    records, rows = {}, {}
    for cells in pair.plain().values():
        code = cells.pop("编号", None)
        records[code] = {name: _simple(name, cell) for name, cell in cells.items() if not _is_empty(cell)}
    columns = ["code", "id", *FULL_ROW]
    for code, key, *held in pair.rows(", ".join(columns)):
        cells = dict(zip(FIELD_OF, map(_as_cell, held), strict=True)) | {"主键": key}
        rows[code] = {name: _simple(name, cell) for name, cell in cells.items() if not _is_empty(cell)}
    assert records == rows
    return records


_LABELS = {"pending": "待处理", "shipped": "已发货"}


def _as_cell(held):
    if isinstance(held, datetime):
        return int((held if held.tzinfo else held.replace(tzinfo=ZONE)).timestamp() * 1000)
    if isinstance(held, date):
        return int(datetime(held.year, held.month, held.day, tzinfo=ZONE).timestamp() * 1000)
    if isinstance(held, Decimal):
        return float(held)
    return _LABELS.get(held, held.rstrip(" ")) if isinstance(held, str) else held


def _simple(name, cell):
    """Without what section 6 of the design says is equal: a date's time, an order of tags, noise beyond 15 digits."""
    if name == "日期":
        return datetime.fromtimestamp(cell / 1000, ZONE).date()
    if name == "标签":
        return sorted(cell)
    if name == "浮点":
        return float(f"{cell:.15g}")
    return Decimal(str(cell)).quantize(Decimal("0.01"), ROUND_HALF_EVEN) if name == "金额" else cell


def _is_empty(cell):
    return cell is None or cell is False or cell in ("", [])
