"""A small right mapping file, its tables, and ways to bend them."""

from pathlib import Path

from syncer.catalog.build import build_mapping
from syncer.catalog.document import Document
from syncer.catalog.files import Loaded, load_file
from syncer.core.mapping import SyncMapping
from syncer.ports import ColumnInfo, FieldInfo, RecordTableInfo, RowTableInfo

RIGHT = """\
version: 1
name: orders
feishu:
  bitable: {app_token: bascn1, table_id: tbl1}
database:
  connection: erp
  table: sales.orders
  key: [id]
direction: both
match: [order_no]
timezone: Asia/Shanghai
fields:
  - {field: 订单号, column: order_no, required: true}
  - {field: 金额 💰, column: amount, conflict: database}
  - {field: 状态, column: status, values: {待处理: pending, 已发货: shipped}}
  - {field: 标签, column: tags, merge: set}
  - {field: 数量, column: quantity, merge: counter}
  - {field: 合计, column: total, direction: to_database}
schedule: {every: 30s}
"""

FIELDS = (
    FieldInfo("fldNo", "订单号", 1, "Text", is_primary=True),
    FieldInfo("fldAmount", "金额 💰", 2, "Number"),
    FieldInfo("fldStatus", "状态", 3, "SingleSelect", ("待处理", "已发货")),
    FieldInfo("fldTags", "标签", 4, "MultiSelect", ("急", "大客户")),
    FieldInfo("fldQuantity", "数量", 2, "Number"),
    FieldInfo("fldTotal", "合计", 20, "Formula"),
)
COLUMNS = (
    ColumnInfo("id", "bigint", nullable=False, has_default=True),
    ColumnInfo("order_no", "text", nullable=False),
    ColumnInfo("amount", "numeric", precision=12, scale=2),
    ColumnInfo("status", "text"),
    ColumnInfo("tags", "text[]"),
    ColumnInfo("quantity", "integer"),
    ColumnInfo("total", "numeric"),
    ColumnInfo("deleted", "boolean", nullable=False, has_default=True),
)


def records(*, fields=FIELDS, time_zone="Asia/Shanghai", whole=True) -> RecordTableInfo:
    return RecordTableInfo("订单", fields, 7, time_zone, whole)


def rows(*, columns=COLUMNS, primary_key=("id",), unique=(("id",), ("order_no",)), **more) -> RowTableInfo:
    return RowTableInfo("sales.orders", columns, primary_key, unique, **more)


def loaded(folder: Path, text: str = RIGHT, env: dict[str, str] | None = None) -> Loaded:
    path = folder / "orders.yaml"
    path.write_text(text, encoding="utf-8")
    return load_file(path, env or {})


def mapping(data: dict) -> SyncMapping:
    return build_mapping(Document.model_validate(data))
