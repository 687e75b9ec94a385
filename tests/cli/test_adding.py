"""``syncer add-field``: a pair more in the file, the rest of it untouched, and what it lacks made if asked."""

import pytest

FILE = """\
# 订单，勿动
version: 1
name: orders
feishu:
  bitable: {app_token: "${ORDERS_APP_TOKEN}", table_id: "${ORDERS_TABLE_ID}"}
database: {connection: erp, table: sales.orders, key: [id]}
match: [order_no]
fields:
    - field: 订单号      # the number
      column: order_no
      required: true

    - {field: 金额, column: amount}   # in yuan

# the end
conflicts: {default: database}
"""


@pytest.fixture
def path(room):
    return room.write(FILE)


def test_a_pair_is_added_after_the_last_and_every_other_letter_stays(room, path):
    ended = room.ok("add-field", "orders", "--field", "备注", "--column", "note")
    added = "    - {field: 备注, column: note}\n"
    assert path.read_text() == FILE.replace("# in yuan\n", f"# in yuan\n{added}")
    assert f"{path}:14".removeprefix(str(room.folder)).split("/")[-1] in ended.out
    room.ok("check")
    assert list(path.parent.iterdir()) == [path]


def test_a_dry_run_shows_it_and_writes_nothing(room, path):
    before = room.truth()
    told = room.json("add-field", "orders", "--column", "loose", "--create", "--dry-run")
    assert told["written"] is False
    assert told["pair"] == {"field": "loose", "column": "loose", "direction": "both"}
    assert told["makes"] == ["the field loose (text) in 订单"]
    assert path.read_text() == FILE
    assert room.truth() == before


def test_a_field_is_made_for_a_column_and_filled_alone_by_the_next_run(room, path):
    room.sql("INSERT INTO sales.orders (order_no, amount, loose) VALUES ('A', 1, '散'), ('B', 2, NULL)")
    room.ok("apply")
    room.ok("sync", "orders")
    room.ok("add-field", "orders", "--field", "散的 🧾", "--column", "loose", "--create")
    room.ok("apply")
    told = room.json("sync", "orders")
    assert told["written"]["feishu"] == {"created": 0, "updated": 1, "deleted": 0}
    assert sum(told["written"]["database"].values()) == 0
    cells, *_ = room.truth()
    assert sorted((line["订单号"], line.get("散的 🧾")) for line in cells.values()) == [("A", "散"), ("B", None)]


def test_a_column_is_made_for_a_field_and_a_computed_field_goes_one_way(room, path):
    room.sql("ALTER TABLE sales.orders DROP COLUMN note")
    room.ok("add-field", "orders", "--field", "备注", "--column", "备注列", "--create")
    room.ok("add-field", "orders", "--field", "合计", "--column", "total")
    kinds = "SELECT data_type FROM information_schema.columns WHERE table_name = 'orders' AND column_name = '备注列'"
    assert room.sql(kinds) == [("text",)]
    assert "    - {field: 合计, column: total, direction: to_database}\n" in path.read_text()
    room.ok("check")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "name a --field, a --column, or both"),
        (["--field", "没有", "--column", "note"], "there is no field 没有; name one that is there, or have it made"),
        (["--field", "没有", "--column", "nix"], "there is neither a field 没有 nor a column nix"),
        (["--field", "金额", "--column", "note"], "field 金额 stands in an earlier pair too"),
        (["--field", "备注", "--column", "amount"], "column amount stands in an earlier pair too"),
    ],
)
def test_what_cannot_be_is_said_and_nothing_is_written(room, path, arguments, told):
    ended = room.run("add-field", "orders", *arguments)
    assert ended.status == 2
    assert told in ended.err
    assert path.read_text() == FILE


def test_types_that_do_not_go_together_are_refused_with_the_line(room, path):
    room.sql("ALTER TABLE sales.orders ADD COLUMN photo bytea")
    ended = room.run("add-field", "orders", "--field", "备注", "--column", "photo")
    assert ended.status == 2
    assert "orders.yaml:14: mapping orders: fields.备注" in ended.err
    assert path.read_text() == FILE


@pytest.mark.parametrize("given", [("--column", "amount"), ("--field", "金额", "--column", "neu")])
def test_nothing_is_made_for_a_pair_that_the_file_cannot_take(room, path, given):
    before = room.truth()
    ended = room.run("add-field", "orders", *given, "--create")
    assert ended.status == 2
    assert "orders.yaml:14: fields." in ended.err
    assert "stands in an earlier pair too" in ended.err
    assert room.truth() == before
    assert ("neu",) not in room.sql("SELECT column_name::text FROM information_schema.columns")
    assert path.read_text() == FILE
