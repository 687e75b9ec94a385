"""Names that nobody chose with a program in mind, from `init` to a sync both ways: each says itself alone."""

import pytest

LONG = "长" * 21
"""63 bytes, as many as PostgreSQL takes."""
COLUMNS = [
    *("select", "Order No", "order no", "a.b", 'q"uote', "100%s", "%(name)s", "br{ace}", "{0}", "co:lon", ":param"),
    *(
        "back\\slash",
        "semi; DROP TABLE x --",
        LONG,
        "😀 note",
        "x'apos",
        "user",
        "$1",
        "a, b",
        "#hash",
        "- dash",
        "null",
    ),
    *("Ünïcode", "[x]", "&amp;", "*", "?", "@at", "`tick`", "a:  b", "tab\tbed"),
]
TABLE = '"Sä.les"."Or""der %s {0}: 订单 😀"'
FIELDS = [
    *(
        "编号",
        "Case",
        "case",
        "CASE",
        'a"b',
        "100%s",
        "x:y",
        "{z}",
        "select",
        "长" * 100,
        "😀",
        "a.b",
        "${HOME}",
        "$",
        "'",
    ),
    *("“”", "-", "a\u00a0b", "id", "名称（备注）", "null", "a/b\\c", "~", "x" * 100, "x" * 99 + "y", "\u200b", "%(n)s"),
]


def quoted(name):
    return '"' + name.replace('"', '""') + '"'


def address(base, table=""):
    return f"https://example.feishu.cn/base/{base}" + (f"?table={table}" if table else "")


def drafted(room, *arguments):
    """The name of the one mapping that init writes."""
    (room.folder / "mappings" / "orders.yaml").unlink()
    room.ok("init", *arguments, "--yes")
    [path] = (room.folder / "mappings").iterdir()
    for command in (("check",), ("apply",), ("plan", path.stem), ("sync", path.stem)):
        room.ok(*command)
    return path.stem


def test_columns_of_any_name_are_made_fields_and_synced_both_ways(room):
    room.sql('CREATE SCHEMA "Sä.les"')
    made = ", ".join(f"{quoted(name)} text" for name in COLUMNS)
    execute = room._erp.execute
    execute(f"CREATE TABLE {TABLE} (id serial PRIMARY KEY, code text UNIQUE NOT NULL, {made})".encode())
    execute(f"INSERT INTO {TABLE} (code) VALUES ('A'), ('B')".encode())
    name = drafted(room, "--table", TABLE, "--base", address(room.base), "--create-table")
    [table] = [one for one in room.control.bases()[room.base]["tables"] if one != room.place.table_id]
    a, b = room.control.plain(room.base, table)
    fields = [field["field_name"] for field in room.control.table(room.base, table)["fields"]][2:]
    assert len(fields) == len(COLUMNS)
    room.control.edit_record(room.base, table, a, {field: f"F{at} %s {{}}" for at, field in enumerate(fields)})
    given = ", ".join(f"{quoted(column)} = 'D{at}'" for at, column in enumerate(COLUMNS))
    execute(f"UPDATE {TABLE} SET {given} WHERE code = 'B'".encode())
    told = room.json("sync", name)
    assert told["written"]["feishu"]["updated"] == told["written"]["database"]["updated"] == 1
    row = execute(f"SELECT * FROM {TABLE} WHERE code = 'A'".encode()).fetchone()
    assert row[2:] == tuple(f"F{at} %s {{}}" for at, _ in enumerate(COLUMNS))
    record = room.control.plain(room.base, table)[b]
    assert [record[field] for field in fields] == [f"D{at}" for at, _ in enumerate(COLUMNS)]
    assert room.json("verify", name)["status"] == "equal"
    assert room.json("history", name, "--record", a)["history"]
    room.ok("remove", name)


def test_a_new_record_without_a_number_gets_the_one_that_the_database_counts_up(room):
    room.sql("CREATE TABLE parts (id serial PRIMARY KEY, code text UNIQUE NOT NULL, stock int NOT NULL DEFAULT 7)")
    name = drafted(room, "--table", "parts", "--base", address(room.base), "--create-table")
    [table] = [one for one in room.control.bases()[room.base]["tables"] if one != room.place.table_id]
    room.control.add_records(room.base, table, [{"code": "A"}, {"code": "B", "id": 40, "stock": 0}])
    told = room.json("sync", name)
    assert told["written"]["database"]["created"] == 2
    assert told["failures"] == 0
    assert room.sql("SELECT code, id, stock FROM parts ORDER BY 1") == [("A", 1, 7), ("B", 40, 0)]
    assert sorted((one["code"], one["id"], one["stock"]) for one in room.control.plain(room.base, table).values()) == [
        ("A", 1, 7),
        ("B", 40, 0),
    ]
    assert sum(room.json("sync", name)["written"]["feishu"].values()) == 0


def test_fields_of_any_name_are_made_columns_and_synced_both_ways(room):
    base = room.control.create_base("基地 %s {}")
    place = room.control.create_table(base, '表 " %s {0}', [{"field_name": name, "type": 1} for name in FIELDS])
    [record] = room.control.add_records(base, place.table_id, [{name: f"v{at}" for at, name in enumerate(FIELDS)}])
    name = drafted(room, "--table", "public.things", "--base", address(base, place.table_id), "--create-columns")
    columns = [column.name for column in room._erp.execute("SELECT * FROM things").description]
    assert room.sql("SELECT * FROM things") == [(1, *(f"v{at}" for at, _ in enumerate(FIELDS)))]
    for at, column in enumerate(columns[1:]):
        room._erp.execute(f"UPDATE things SET {quoted(column)} = 'D{at}'".encode())
    room.ok("sync", name)
    assert list(room.control.plain(base, place.table_id)[record].values()) == [f"D{at}" for at, _ in enumerate(FIELDS)]
    assert room.json("verify", name)["status"] == "equal"


def test_a_field_named_like_a_variable_is_added_by_its_id_and_no_variable_is_told(room):
    room.set(ORDERS_SECRET="never to be told")
    room.control.create_field(room.base, room.place.table_id, {"field_name": "密 ${ORDERS_SECRET} %s", "type": 1})
    ended = room.ok("add-field", "orders", "--field", "密 ${ORDERS_SECRET} %s", "--create")
    assert "field: fld" in ended.out
    assert "never" not in ended.out + ended.err
    room.ok("apply")
    room.add({"订单号": "A", "密 ${ORDERS_SECRET} %s": "甲"})
    room.ok("sync", "orders")
    [(column,)] = room.sql("SELECT column_name FROM information_schema.columns WHERE column_name LIKE '密%%'")
    assert room.sql(f'SELECT "{column}" FROM sales.orders') == [("甲",)]


@pytest.mark.parametrize("column", [" led", "trailed ", "${HOME}"])
def test_a_column_that_no_file_can_name_is_left_out_and_says_so(room, column):
    room.sql(f"CREATE TABLE odd (id int PRIMARY KEY, code text UNIQUE NOT NULL, {quoted(column)} text)")
    (room.folder / "mappings" / "orders.yaml").unlink()
    told = room.ok("init", "--table", "odd", "--base", address(room.base), "--create-table", "--yes")
    assert "a mapping file cannot name a column" in told.err
    room.ok("check")
    refused = room.run("add-field", "odd", "--column", column, "--create")
    assert refused.status == 2
    assert "cannot name" in refused.err


def test_columns_whose_comments_are_other_columns_names_get_fields_of_their_own(room):
    room.sql("CREATE TABLE twins (id int PRIMARY KEY, a text, b text, c text)")
    for column in "ac":
        room.sql(f"COMMENT ON COLUMN twins.{column} IS 'b'")
    name = drafted(room, "--table", "twins", "--base", address(room.base), "--create-table")
    room.sql("INSERT INTO twins VALUES (1, 'A', 'B', 'C')")
    room.ok("sync", name)
    assert room.json("verify", name)["status"] == "equal"
