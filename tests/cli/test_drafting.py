"""init --table --base: mappings written from the tables that are there, and the missing table made."""

import pytest

SHOP = """
CREATE SCHEMA shop;
CREATE TYPE shop.grade AS ENUM ('金牌', '银牌', 'none');
CREATE TABLE shop.customers (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  code varchar(20) UNIQUE NOT NULL, name text NOT NULL, grade shop.grade, tags text[],
  vip boolean NOT NULL DEFAULT false, credit numeric(12,2), exact numeric(30,4), born date,
  seen_at timestamptz, photo bytea, extra jsonb,
  state text CHECK (state IN ('active', 'it''s over', '暂停')), state2 varchar(9) CHECK (state2 IN ('a', 'b')),
  shown text GENERATED ALWAYS AS (code || '!') STORED);
COMMENT ON COLUMN shop.customers.code IS '客户编号（唯一）';
COMMENT ON COLUMN shop.customers.name IS '客户名称';
COMMENT ON COLUMN shop.customers.credit IS '信用额度: 单位元';
"""

STOCK = """
CREATE SCHEMA stock;
CREATE TABLE stock.levels (
  warehouse varchar(10), sku varchar(30), level integer NOT NULL DEFAULT 0, ratio double precision,
  dates timestamp, slots smallint[], PRIMARY KEY (warehouse, sku));
"""

PLAIN = 'CREATE TABLE notes (uid uuid PRIMARY KEY, 标题 text NOT NULL, "Inhalt und mehr" text, 完成 boolean)'

ROWS = {
    "shop.customers": (
        SHOP,
        """INSERT INTO shop.customers (code, name, grade, tags, credit, exact, born, seen_at, extra, state, state2)
           VALUES ('C-1', '张三 😀', '金牌', '{新,老}', 12.50, 12345678901234567890.1234, '1969-02-03',
                   now(), '{"a": 1}', 'it''s over', 'b'),
                  ('C-2', 'Li', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)""",
    ),
    "stock.levels": (
        STOCK,
        """INSERT INTO stock.levels VALUES
           ('上海', 'A', 5, 0.1, '2026-01-02 03:04', '{1,2}'), ('上海', 'B', 0, NULL, NULL, NULL)""",
    ),
    "public.notes": (
        PLAIN,
        "INSERT INTO notes VALUES (gen_random_uuid(), '第一', 'x', true), (gen_random_uuid(), '第二', NULL, NULL)",
    ),
}


def address(room, table=""):
    return f"https://example.feishu.cn/base/{room.base}" + (f"?table={table}" if table else "")


@pytest.mark.parametrize("table", list(ROWS))
def test_a_bitable_table_is_made_for_a_database_table_and_both_are_synced(room, table):
    made, filled = ROWS[table]
    room.sql(made)
    room.sql(filled)
    (room.folder / "mappings" / "orders.yaml").unlink()
    shown = room.run("init", "--table", table, "--base", address(room), "--create-table")
    assert shown.status == 2
    assert "say --yes" in shown.err
    room.ok("init", "--table", table, "--base", address(room), "--create-table", "--yes")
    name = table.partition(".")[2]
    assert "warning" not in room.ok("check").err
    room.ok("apply")
    first = room.json("sync", name)
    assert first["written"]["feishu"]["created"] == 2, first
    assert first["written"]["database"] == {"created": 0, "updated": 0, "deleted": 0}
    quiet = room.json("sync", name, "--full")
    assert quiet["written"]["feishu"] == {"created": 0, "updated": 0, "deleted": 0}
    assert room.json("verify", name)["status"] == "equal"


def test_what_a_made_table_is_called_and_offers_comes_from_comments_enums_and_checks(room):
    room.sql(SHOP)
    ended = room.ok("init", "--table", "shop.customers", "--base", address(room), "--create-table", "--yes")
    assert "photo" in ended.err
    text = (room.folder / "mappings" / "customers.yaml").read_text()
    assert "field: 客户编号, column: code, required: true" in text
    assert "#   photo: it holds bytes" in text
    assert "match: [code]" in text
    assert "column: shown, direction: to_feishu" in text
    table_id = text.partition("table_id: ")[2].partition("}")[0]
    fields = {field["field_name"]: field for field in room.control.table(room.base, table_id)["fields"]}
    assert next(iter(fields)) == "客户编号"
    options = lambda name: [option["name"] for option in fields[name]["property"]["options"]]  # noqa: E731 - short
    assert options("grade") == ["金牌", "银牌", "none"]
    assert options("state") == ["active", "it's over", "暂停"]
    assert options("state2") == ["a", "b"]
    assert fields["信用额度"]["property"]["formatter"] == "0.00"
    assert fields["exact"]["type"] == 1


def test_a_database_table_is_made_for_a_bitable_table_after_it_was_shown(room):
    place = room.control.create_table(
        room.base,
        "客户 'x'",
        [
            {"field_name": "名称", "type": 1},
            {"field_name": "Order No.", "type": 1},
            {"field_name": "order_no", "type": 2},
            {"field_name": "标签", "type": 4},
            {"field_name": "日期", "type": 5},
            {"field_name": "1 完成", "type": 7},
            {"field_name": "'; DROP TABLE x", "type": 1},
            {"field_name": "按钮", "type": 3001},
        ],
    )
    asked = ["init", "--table", "public.clients", "--base", address(room, place.table_id), "--create-columns"]
    shown = room.run(*asked)
    assert shown.status == 2
    assert 'CREATE TABLE "public"."clients"' in shown.out
    assert room.sql("SELECT to_regclass('public.clients')") == [(None,)]
    room.ok(*asked, "--yes")
    room.control.add_records(
        room.base,
        place.table_id,
        [{"名称": "张三", "Order No.": "7", "order_no": 1.5, "标签": ["a", "b"], "1 完成": True}],
    )
    (room.folder / "mappings" / "orders.yaml").unlink()
    room.ok("check")
    room.ok("apply")
    room.json("sync", "clients")
    rows = room.sql('SELECT "名称", order_no, order_no_2, "标签", "f_1_完成" FROM clients')
    assert [(*row[:2], float(row[2]), *row[3:]) for row in rows] == [("张三", "7", 1.5, ["a", "b"], True)]
    again = room.run(*asked, "--yes", "--name", "other")
    assert again.status == 2
    assert "already exists" in again.err


def test_two_tables_that_are_there_are_paired_by_names_comments_and_what_alone_fits(room):
    room.sql(
        "CREATE TABLE orders2 (order_id bigint PRIMARY KEY, customer text, amt numeric(10,2), due date, raw bytea,"
        " flag boolean, owner text NOT NULL); COMMENT ON COLUMN orders2.customer IS '客户'"
    )
    place = room.control.create_table(
        room.base,
        "订单二",
        [
            {"field_name": "Order ID", "type": 2},
            {"field_name": "客户", "type": 1},
            {"field_name": "合计金额", "type": 2},
            {"field_name": "到期", "type": 5},
            {"field_name": "Flag", "type": 1},
            {"field_name": "随便", "type": 1},
        ],
    )
    asked = ["init", "--table", "orders2", "--base", address(room, place.table_id)]
    dry = room.ok(*asked, "--dry-run").out
    assert not (room.folder / "mappings" / "orders2.yaml").exists()
    room.ok(*asked)
    text = (room.folder / "mappings" / "orders2.yaml").read_text()
    assert dry.strip() == text.strip()
    assert "{field: Order ID, column: order_id, required: true}\n" in text
    assert "{field: 客户, column: customer}\n" in text
    assert "{field: 合计金额, column: amt}  # guessed by its type alone" in text
    assert "{field: 到期, column: due}  # guessed by its type alone" in text
    assert "#   flag: field Flag has its name, but is of type text" in text
    assert "#   随便: no column of this name" in text
    assert "direction: to_feishu  # new rows need owner; fill them by on_insert" in text
    room.ok("check")
    existing = room.run(*asked)
    assert existing.status == 2
    assert "exists and is left as it is" in existing.err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--table", "sales.orders"], "name both --table and --base"),
        (["--table", "sales.orders", "--base", "{base}"], "names no table"),
        (["--table", "sales.nothing", "--base", "{table}"], "there is no table sales.nothing"),
        (
            ["--table", "sales.orders", "--base", "{table}", "--connection", "crm", "--name", "x"],
            "SYNCER_CONNECTIONS__CRM",
        ),
        (["--table", "sales.orders", "--base", "{table}"], "exists and is left as it is"),
    ],
)
def test_what_cannot_be_drafted_says_how_to_mend_it(room, arguments, told):
    places = {"base": address(room), "table": address(room, room.place.table_id)}
    if "names no table" in told or "nothing" in arguments[1]:
        (room.folder / "mappings" / "orders.yaml").unlink()
    ended = room.run("init", *(argument.format(**places) for argument in arguments))
    assert ended.status == 2
    assert told in ended.err
