import pytest

from syncer.database.rows import PAGE
from syncer.errors import SchemaError
from tests.database.looking import all_rows


def test_a_reading_is_one_snapshot_in_pages(orders, look):
    look.execute("INSERT INTO orders (order_no) SELECT 'B-' || n FROM generate_series(1, 2500) n")
    pages = orders.read()
    first = next(pages)
    look.execute("DELETE FROM orders")
    rest = list(pages)
    assert len(first.rows) == PAGE
    assert len(first.rows) + sum(len(page.rows) for page in rest) == 2503
    assert {page.read_at for page in rest} == {first.read_at}
    assert not list(orders.read())


def test_a_reading_given_up_halfway_gives_its_connection_back(orders, look, engine):
    look.execute("INSERT INTO orders (order_no) SELECT 'B-' || n FROM generate_series(1, 50000) n")
    for _ in range(20):  # more than the pool holds
        pages = orders.read()
        next(pages)
        pages.close()
    assert len(all_rows(orders)) == 50003
    assert engine.pool.checkedout() == 0


def test_fetch_finds_living_rows_and_passes_over_the_others(orders):
    page = orders.fetch(["[2]", "[99]", "[1]", '["no number"]', '[{"n":"1E+30"}]'])
    assert {row.key for row in page.rows} == {"[1]", "[2]"}
    assert not orders.fetch([]).rows


def test_find_compares_all_match_columns_and_null_never(orders):
    found = orders.find(["order_no", "note"], [("A-2", "第二 🧾"), ("A-1", "something else"), ("A-3", None)])
    assert [row.key for row in found] == ["[2]"]
    assert {row.key for row in orders.find(["amount"], [("10.000",), ("20.50",), ("not a number",), ("\0",)])} == {
        "[1]",
        "[2]",
    }


KEYS = {
    "uuid": ("uuid", ["0b1f6d3e-7c54-4b39-9f5a-1d2c3b4a5968", "ffffffff-ffff-ffff-ffff-ffffffffffff"]),
    "text": ("text", ["a", "A", "", " ", "订单\t1\n", "\\N", '"quoted"', "🧾"]),
    "date": ("date", ["2026-02-28", "0001-01-01", "9999-12-31"]),
    "timestamptz": ("timestamptz", ["2026-01-01 00:00:00.123456+08", "1969-12-31 23:59:59.999999Z"]),
    "timestamp": ("timestamp", ["2026-01-01 00:00:00.123456", "2026-06-01 12:00:00"]),
    "numeric": ("numeric", ["1.50", "12345678901234567890.123456789", "-0.001", "1000"]),
    "bigint": ("bigint", ["9223372036854775807", "-1", "9007199254740993"]),
    "float8": ("float8", ["0.1", "1e300", "123456789.12345678"]),
    "char": ("char(5)", ["ab", "abcde"]),
    "bool": ("bool", ["t", "f"]),
}


@pytest.mark.parametrize("kind", KEYS)
def test_a_key_of_any_type_finds_its_row_again(kind, look, table):
    type_, values = KEYS[kind]
    look.execute(f"CREATE TABLE keyed (k {type_} PRIMARY KEY, n int)")
    look.cursor().executemany(
        f"INSERT INTO keyed VALUES (%s::text::{type_}, %s)", [(v, n) for n, v in enumerate(values)]
    )
    rows = table("keyed", "k", "n")
    read = {row.columns[0]: row.key for row in all_rows(rows).values()}
    assert len(set(read.values())) == len(values)
    for number, key in read.items():
        assert [row.columns for row in rows.fetch([key]).rows] == [(number,)]


def test_a_composite_key_is_one_key(look, table):
    look.execute("CREATE TABLE stock (shop text, day date, n int, PRIMARY KEY (shop, day))")
    look.execute(
        "INSERT INTO stock VALUES ('北京', '2026-01-01', 1), ('北京', '2026-01-02', 2), ('上海', '2026-01-01', 3)"
    )
    rows = table("stock", "shop day", "n")
    read = {row.columns[0]: row.key for row in all_rows(rows).values()}
    assert {row.columns for row in rows.fetch([read[1], read[3]]).rows} == {(1,), (3,)}


def test_a_key_among_the_columns_is_read_twice_and_fetched_alike(look, table):
    look.execute("CREATE TABLE named (name text PRIMARY KEY, a text)")
    look.execute("INSERT INTO named VALUES ('甲', 'x')")
    rows = table("named", "name", "name a")
    (read,) = all_rows(rows).values()
    (fetched,) = rows.fetch([read.key]).rows
    assert read.columns == fetched.columns == ("甲", "x")
    assert read.print == fetched.print


def test_what_is_dropped_between_two_readings_is_said_by_name(orders, look):
    orders.fetch(["[1]"])
    look.execute("ALTER TABLE orders DROP COLUMN note")
    with pytest.raises(SchemaError, match="note"):
        orders.fetch(["[1]"])
    with pytest.raises(SchemaError, match="has no column 'note'; it has: id, order_no"):
        list(orders.read())


def test_a_column_whose_type_changed_is_read_in_its_new_type_next_time(orders, look):
    orders.fetch(["[1]"])
    look.execute("ALTER TABLE orders ALTER weight TYPE text")
    assert all_rows(orders)["[1]"].columns[-1] == "0.1"
    assert orders.fetch(["[1]"]).rows[0].columns[-1] == "0.1"
