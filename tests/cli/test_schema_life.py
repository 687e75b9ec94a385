"""Tables that change under a mapping: the pair concerned is paused alone, nothing is cleared, the rest goes on."""

import pytest

EQUAL = {"created": 0, "updated": 0, "deleted": 0}


@pytest.fixture
def synced(room):
    room.sql("INSERT INTO sales.orders (order_no, amount, note) VALUES ('A', 1, 'x'), ('B', 2, 'y'), ('C', 3, NULL)")
    room.ok("apply")
    room.json("sync", "orders")
    return room


def records(room):
    plain = room.control.plain(room.base, room.place.table_id)
    return {cells["订单号"]: {"id": record, **cells} for record, cells in plain.items()}


def rows(room):
    return room.sql("SELECT order_no, amount::float, note FROM sales.orders ORDER BY order_no")


def drift(room, told):
    """What status says of the change."""
    (warning,) = [one for one in room.json("status")["mappings"][0]["warnings"] if "paused alone" in one]
    assert told in warning
    return warning


def test_a_renamed_field_is_followed(synced):
    synced.control.rename_field(synced.base, synced.place.table_id, "备注", "说明 📝")
    synced.edit(records(synced)["A"]["id"], **{"说明 📝": "neu"})
    synced.sql("UPDATE sales.orders SET note = 'z' WHERE order_no = 'B'")
    ended = synced.ok("sync", "orders")
    assert "the field 备注 is called 说明 📝 now" in ended.err
    assert any("说明 📝" in warning for warning in synced.json("status")["mappings"][0]["warnings"])
    assert rows(synced)[:2] == [("A", 1, "neu"), ("B", 2, "z")]
    assert records(synced)["B"]["说明 📝"] == "z"


def test_a_dropped_field_pauses_its_pair_alone_and_a_column_keeps_what_it_held(synced):
    synced.control.delete_field(synced.base, synced.place.table_id, "备注")
    synced.edit(records(synced)["A"]["id"], 金额=10)
    synced.sql("UPDATE sales.orders SET note = 'changed meanwhile', amount = 20 WHERE order_no = 'B'")
    synced.sql("INSERT INTO sales.orders (order_no, amount, note) VALUES ('D', 4, 'new')")
    ended = synced.run("sync", "orders")
    assert ended.status == 3
    assert "the field 备注 (column note) is paused alone: it was deleted" in ended.err
    assert "syncer apply" in drift(synced, "备注")
    assert rows(synced) == [("A", 10, "x"), ("B", 20, "changed meanwhile"), ("C", 3, None), ("D", 4, "new")]
    assert {name: cells["金额"] for name, cells in records(synced).items()} == {"A": 10, "B": 20, "C": 3, "D": 4}
    quiet = synced.json("sync", "orders", "--full", status=3)
    assert quiet["written"] == {"feishu": EQUAL, "database": EQUAL}
    assert len(quiet["drift"]) == 1


def test_a_field_made_anew_is_paired_after_apply_and_nothing_is_lost(synced):
    synced.control.delete_field(synced.base, synced.place.table_id, "备注")
    synced.sql("UPDATE sales.orders SET note = 'changed meanwhile' WHERE order_no = 'B'")
    synced.run("sync", "orders", "--full")
    synced.control.create_field(synced.base, synced.place.table_id, {"field_name": "备注", "type": 1})
    assert "made anew" in synced.run("sync", "orders").err
    synced.ok("apply")
    synced.json("sync", "orders")
    assert {name: cells.get("备注") for name, cells in records(synced).items()} == {
        "A": "x",
        "B": "changed meanwhile",
        "C": None,
    }
    assert synced.json("verify", "orders")["status"] == "equal"


def test_a_retyped_field_pauses_its_pair_until_it_is_changed_back_with_the_edits_of_the_meantime(synced):
    synced.control.retype_field(synced.base, synced.place.table_id, "金额", 7)
    synced.sql("UPDATE sales.orders SET amount = 9, note = 'neu' WHERE order_no = 'A'")
    ended = synced.run("sync", "orders")
    assert ended.status == 3, ended
    assert "field 金额 (column amount) is paused alone" in ended.err
    assert rows(synced)[0] == ("A", 9, "neu")
    assert records(synced)["A"]["备注"] == "neu"
    synced.control.retype_field(synced.base, synced.place.table_id, "金额", 2)
    ended = synced.run("sync", "orders")
    assert "paused" not in ended.err
    assert rows(synced)[0] == ("A", 9, "neu")


def test_a_dropped_or_retyped_column_pauses_its_pair_and_users_can_go_on_writing(synced):
    synced.sql("ALTER TABLE sales.orders ALTER amount TYPE bytea USING NULL")
    synced.sql("UPDATE sales.orders SET note = 'still written' WHERE order_no = 'A'")
    ended = synced.run("sync", "orders")
    assert ended.status == 3, ended
    assert "paused alone" in ended.err
    assert records(synced)["A"] == {**records(synced)["A"], "备注": "still written", "金额": 1}
    synced.sql("ALTER TABLE sales.orders DROP amount")
    synced.sql("UPDATE sales.orders SET note = 'and again' WHERE order_no = 'A'")
    synced.run("sync", "orders")
    assert records(synced)["A"] == {**records(synced)["A"], "备注": "and again", "金额": 1}
    synced.sql("ALTER TABLE sales.orders ADD amount numeric(12,2)")
    ended = synced.json("sync", "orders")
    assert [amount for _, amount, _ in rows(synced)] == [1, 2, 3], ended
    assert {name: cells.get("金额") for name, cells in records(synced).items()} == {"A": 1, "B": 2, "C": 3}


def test_a_new_column_that_rows_need_holds_new_rows_alone(synced):
    synced.sql("ALTER TABLE sales.orders ADD region text NOT NULL DEFAULT 'CN'")
    synced.sql("ALTER TABLE sales.orders ALTER region DROP DEFAULT")
    synced.add({"订单号": "N", "金额": 5})
    synced.edit(records(synced)["A"]["id"], 金额=11)
    ended = synced.json("sync", "orders", status=3)
    assert (ended["held"], ended["written"]["database"]) == (1, {"created": 0, "updated": 1, "deleted": 0})
    assert "new rows wait: they need region" in ended["drift"][0]
    synced.sql("ALTER TABLE sales.orders ALTER region SET DEFAULT 'CN'")
    ended = synced.json("sync", "orders", "--full")
    assert ended["written"]["database"]["created"] == 1


def test_a_right_that_was_taken_pauses_the_columns_pair(synced):
    role = "clerk_of_schema_life"
    synced.sql(f"CREATE ROLE {role} LOGIN PASSWORD 'x'")
    try:
        synced.sql(f"GRANT USAGE ON SCHEMA sales TO {role}; GRANT USAGE ON SCHEMA syncer TO {role}")
        synced.sql(f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA syncer TO {role}")
        synced.sql(f"GRANT SELECT, INSERT, DELETE, UPDATE (order_no, amount) ON sales.orders TO {role}")
        synced.sql(f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA syncer TO {role}")
        as_clerk(synced, role)
        synced.edit(records(synced)["A"]["id"], 金额=11, 备注="kept")
        ended = synced.run("sync", "orders")
        assert ended.status == 3, ended
        assert "the role lacks UPDATE on that column of sales.orders: GRANT it" in ended.err
        assert rows(synced)[0] == ("A", 11, "x")
        synced.sql(f"GRANT UPDATE ON sales.orders TO {role}")
        ended = synced.run("sync", "orders", "--full")
        assert ended.status == 0, ended
        assert rows(synced)[0] == ("A", 11, "kept")
    finally:
        synced.sql(f"DROP OWNED BY {role}; DROP ROLE {role}")


def as_clerk(room, role):
    from sqlalchemy.engine import make_url

    url = make_url(room.erp_url).set(username=role, password="x")
    room.set(SYNCER_CONNECTIONS__ERP=url.render_as_string(hide_password=False))


def test_a_pair_that_tells_lines_apart_stops_the_mapping_with_a_sentence(synced):
    synced.sql("ALTER TABLE sales.orders DROP order_no")
    ended = synced.run("sync", "orders")
    assert ended.status == 2
    assert "tells which lines belong together" in ended.err
    assert len(records(synced)) == 3


def test_a_field_dropped_in_the_middle_of_a_run_is_cleared_nowhere(synced):
    from syncer.simulator.control import step

    drop = step("delete_field", app_token=synced.base, table_id=synced.place.table_id, field="备注")
    synced.control.at("bitable.record.search", [drop], nth=1, when="before")
    synced.edit(records(synced)["A"]["id"], 金额=12)
    ended = synced.run("sync", "orders", "--full")
    assert ended.status == 3, ended
    assert rows(synced) == [("A", 12, "x"), ("B", 2, "y"), ("C", 3, None)]
