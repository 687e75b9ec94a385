"""What the engine relies on of a table of rows: one body, over the twin and over PostgreSQL."""

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from syncer.errors import FaultError
from syncer.ports import Moved, Refusal, RowDelete, RowInsert, RowUpdate, Written
from tests.contracts.row_rooms import COLUMNS, PostgresRoom, TwinRoom

FULL = {
    "order_no": "A-1 🧾",
    "amount": Decimal("10.50"),
    "pieces": 7,
    "weight": 0.1,
    "note": "备注 \t\n\\",
    "tags": ["急", "大客户", ""],
    "paid": True,
    "day": date(1969, 12, 31),
    "at": datetime(2026, 1, 1, 8, 0, 0, 123456, tzinfo=timezone(timedelta(hours=8))),
    "wall": datetime(2026, 1, 1, 8, 0, 0, 1),
    "code": "ab",
}
HELD = {**FULL, "at": datetime(2026, 1, 1, 0, 0, 0, 123456, tzinfo=UTC), "code": "ab  "}


@pytest.fixture(params=["twin", "postgres"])
def room(request):
    room = TwinRoom() if request.param == "twin" else PostgresRoom(request.getfixturevalue("database"))
    yield room
    room.close()


@pytest.fixture
def rows(room):
    return room.rows


def all_of(rows):
    return {row.key: row for page in rows.read() for row in page.rows}


def held(row):
    return dict(zip(COLUMNS, row.columns, strict=True))


def insert(name, absent=None, **values):
    return RowInsert(name, {"order_no": name, **values}, absent or {})


def test_values_are_held_as_the_driver_returns_them(rows):
    outcomes = rows.write("b", [RowInsert("i", FULL)], [], [])
    assert held(outcomes["i"].row) == HELD
    assert {key: held(row) for key, row in all_of(rows).items()} == {outcomes["i"].row.key: HELD}


def test_generated_keys_and_defaults_come_back(rows):
    outcomes = rows.write("b", [insert("a"), insert("b", note=None)], [], [])
    assert {outcome.row.key for outcome in outcomes.values()} == {"[1]", "[2]"}
    assert held(outcomes["a"].row)["note"] == "new"
    assert held(outcomes["b"].row)["note"] is None


def test_a_trigger_has_the_last_word(rows, room):
    key = room.add(order_no="a", note="x")
    outcomes = rows.write(
        "b",
        [insert("b", note="  trimmed "), insert("c", note="swallowed")],
        [RowUpdate("u", key, {"note": " y "}, all_of(rows)[key].print)],
        [],
    )
    assert held(outcomes["b"].row)["note"] == "trimmed"
    assert held(outcomes["u"].row)["note"] == "y"
    assert isinstance(outcomes["c"], Refusal)
    assert {held(row)["order_no"] for row in all_of(rows).values()} == {"a", "b"}


def test_an_update_or_delete_applies_only_to_what_the_plan_saw(rows, room):
    same, moved, gone = (room.add(order_no=name, note=name) for name in "abc")
    seen = all_of(rows)
    room.edit(moved, note="ERP")
    room.drop(gone)
    outcomes = rows.write(
        "b",
        [],
        [
            RowUpdate("same", same, {"amount": 1}, seen[same].print),
            RowUpdate("moved", moved, {"amount": 1}, seen[moved].print),
            RowUpdate("gone", gone, {"amount": 1}, seen[gone].print),
        ],
        [],
    )
    assert {name: type(outcome) for name, outcome in outcomes.items()} == {
        "same": Written,
        "moved": Moved,
        "gone": Moved,
    }
    deleted = rows.write(
        "c", [], [], [RowDelete("d", moved, seen[moved].print), RowDelete("e", same, outcomes["same"].row.print)]
    )
    assert isinstance(deleted["d"], Moved)
    assert deleted["e"] == Written(None)
    assert set(all_of(rows)) == {moved}


def test_the_print_of_what_was_written_is_the_print_of_what_is_read(rows, room):
    key = room.add(order_no="a")
    written = rows.write(
        "b", [insert("b", amount=Decimal("1.005"))], [RowUpdate("u", key, {"code": "x"}, all_of(rows)[key].print)], []
    )
    prints = {outcome.row.key: outcome.row.print for outcome in written.values()}
    assert prints == {key: row.print for key, row in all_of(rows).items()}
    assert prints == {row.key: row.print for row in rows.fetch([*prints, "[999]"]).rows}


def test_a_row_is_not_inserted_where_its_match_values_stand(rows, room):
    room.add(order_no="taken", note="x")
    outcomes = rows.write(
        "b",
        [
            insert("taken", {"order_no": "taken"}),
            insert("free", {"order_no": "free"}),
            RowInsert("twin", {"order_no": "free"}, {"order_no": "free"}),
            insert("empty", {"note": None}),
            insert("empty too", {"note": None}),
        ],
        [],
        [],
    )
    told = {name: type(outcome) for name, outcome in outcomes.items()}
    assert told == {"taken": Moved, "free": Written, "twin": Moved, "empty": Written, "empty too": Written}


@pytest.mark.parametrize(
    ("values", "code", "column"),
    [
        ({"order_no": None}, "23502", "order_no"),
        ({"order_no": "taken"}, "23505", "order_no"),
        ({"order_no": "x" * 21}, "22001", "order_no"),
        ({"amount": Decimal(-1)}, "23514", "amount"),
        ({"amount": Decimal("1e10")}, "22003", "amount"),
        ({"pieces": 2**31}, "22003", "pieces"),
        ({"pieces": Decimal("2.5")}, "22P02", "pieces"),
        ({"note": "nul \0"}, "22000", "note"),
    ],
)
def test_a_bad_row_fails_alone_and_its_column_is_named(rows, room, values, code, column):
    key = room.add(order_no="taken")
    other = room.add(order_no="other")
    outcomes = rows.write(
        "b",
        [insert("good"), RowInsert("bad", {"order_no": "bad", **values}), insert("good too")],
        [RowUpdate("update", other, values, all_of(rows)[other].print)],
        [],
    )
    for name in ("bad", "update"):
        assert (outcomes[name].code, outcomes[name].column) == (code, column)
    assert {held(row)["order_no"] for row in all_of(rows).values()} == {"taken", "other", "good", "good too"}
    assert key in all_of(rows)


def test_numbers_are_rounded_and_blanks_cut_as_postgres_does(rows):
    outcomes = rows.write(
        "b",
        [insert("b " + " " * 30), insert("c", amount=Decimal("1.005"))],
        [],
        [],
    )
    assert sorted(held(outcome.row)["order_no"] for outcome in outcomes.values()) == ["b" + " " * 19, "c"]
    assert held(outcomes["c"].row)["amount"] == Decimal("1.01")


def test_a_batch_remembers_what_it_wrote_until_it_is_forgotten(rows, room):
    room.add(order_no="taken")
    seen = all_of(rows)["[1]"]
    assert rows.applied("b") is None
    rows.write("b", [insert("new"), insert("bad", order_no="taken")], [], [RowDelete("gone", "[1]", seen.print)])
    applied = rows.applied("b")
    assert applied["gone"] == "[1]"
    assert applied["new"] in all_of(rows)
    rows.write("nothing", [], [RowUpdate("u", "[99]", {"note": "x"}, b"")], [])
    assert rows.applied("nothing") == {}
    rows.forget(["b", "nothing"])
    assert rows.applied("b") is None
    assert rows.applied("nothing") is None


def test_a_batch_is_written_once(rows):
    rows.write("b", [insert("a")], [], [])
    with pytest.raises(FaultError):
        rows.write("b", [insert("b")], [], [])
    assert len(all_of(rows)) == 1


def test_of_several_operations_on_a_row_only_one_is_done(rows, room):
    key = room.add(order_no="a")
    seen = all_of(rows)[key].print
    outcomes = rows.write(
        "b", [], [RowUpdate("u", key, {"note": "1"}, seen), RowUpdate("v", key, {"note": "2"}, seen)], []
    )
    assert sorted(type(outcome).__name__ for outcome in outcomes.values()) == ["Moved", "Written"]


def test_deletes_make_room_for_unique_values_in_the_same_batch(rows, room):
    key = room.add(order_no="a")
    delete = RowDelete("d", key, all_of(rows)[key].print)
    outcomes = rows.write("b", [RowInsert("i", {"order_no": "a"}, {"order_no": "a"})], [], [delete])
    assert isinstance(outcomes["i"], Written)


def test_rows_are_found_by_their_match_values_and_null_is_never_found(rows, room):
    one, two = room.add(order_no="a", note="x"), room.add(order_no="b", note=None)
    found = rows.find(("order_no", "note"), [("a", "x"), ("b", None), ("c", "x")])
    assert [row.key for row in found] == [one]
    assert {row.key for row in rows.find(("order_no",), [("a",), ("b",)])} == {one, two}


def test_a_reading_is_one_snapshot(rows, room):
    for number in range(1500):
        room.add(order_no=str(number))
    pages = rows.read()
    first = next(pages)
    room.add(order_no="late")
    rest = [row for page in pages for row in page.rows]
    assert len(first.rows) + len(rest) == 1500


@pytest.fixture(params=["at once", "after waiting"])
def load(request, rows):
    """Inserts a block: all at once, or from the anteroom, where other rows wait as well."""

    def waited(batch, columns, absent):
        anteroom = rows.anteroom()
        try:
            anteroom.put(0, columns, absent)
            sent = anteroom.put(1, columns, absent)
            assert rows.applied(batch) is None
            return rows.insert(batch, columns, absent) if sent is None else anteroom.admit(1, sent, batch, absent)
        finally:
            anteroom.close()

    return rows.insert if request.param == "at once" else waited


def test_a_block_of_rows_is_inserted_as_a_whole_and_remembered_by_place(rows, load):
    columns = {"order_no": ["A", "B 🧾", "C"], "pieces": [7, None, 9], "tags": [["急"], ["大 客户", ""], None]}
    inserted = load("b", columns, ["order_no"])
    assert dict(rows.applied("b")) == {str(place): key for place, key in enumerate(inserted.keys)}
    found = all_of(rows)
    assert [found[key].print for key in inserted.keys] == list(inserted.prints)
    for place, key in enumerate(inserted.keys):
        assert inserted.row(place).print == found[key].print
        assert inserted.row(place).columns == found[key].columns
        for name, values in columns.items():
            assert held(found[key])[name] == values[place]
    rows.forget(["b"])
    assert rows.applied("b") is None


def test_a_block_tells_what_stands_there_otherwise_than_it_was_sent(rows, load):
    columns = {
        "order_no": ["A", "B", "C", "D"],
        "note": [None, "sent", "  trimmed ", "x"],
        "code": ["ab", None, "abcd", None],
        "amount": [Decimal("1.5"), Decimal(2), Decimal("0.25"), None],
        "at": [datetime(2026, 1, 1, 0, 0, 0, micro, tzinfo=UTC) for micro in (0, 250_000, 1, 120)],
        "wall": [datetime(2026, 1, 1, 8, 0, 0, micro) for micro in (0, 250_000, 1, 120)],
        "weight": [0.1, 3.0, 1e20, None],
        "paid": [True, False, None, True],
        "day": [date(1969, 12, 31), None, None, date(1, 1, 1)],
    }
    inserted = load("b", columns, [])
    found = {name: dict(cells) for name, cells in inserted.otherwise.items()}
    assert found["note"] == {0: "new", 2: "trimmed"}
    assert found["code"] == {0: "ab  "}
    told = [dict(zip(COLUMNS, inserted.row(place).columns, strict=True)) for place in range(4)]
    for name, values in columns.items():
        for place, value in enumerate(values):
            assert told[place][name] == found.get(name, {}).get(place, value), name


@pytest.mark.parametrize(
    "columns",
    [
        {"order_no": ["A", "there"]},
        {"order_no": ["A", "A"]},
        {"order_no": ["A", None]},
        {"order_no": ["A", "B"], "amount": [Decimal(1), Decimal(-1)]},
        {"order_no": ["A", "B"], "note": ["x", "swallowed"]},
        {"order_no": ["A", "B" * 21]},
    ],
)
@pytest.mark.parametrize("absent", [[], ["order_no"]])
def test_where_one_row_of_a_block_cannot_be_none_is_and_nobody_remembers(rows, room, load, columns, absent):
    room.add(order_no="there")
    before = {key: row.print for key, row in all_of(rows).items()}
    assert load("b", columns, absent) is None
    assert {key: row.print for key, row in all_of(rows).items()} == before
    assert rows.applied("b") is None


def test_rows_of_a_block_that_leave_a_column_out_get_its_default(rows, load):
    columns = {"order_no": ["A", "B", "C"], "note": ["x", None, "y"]}
    inserted = load("b", columns, ["order_no"])
    assert [held(all_of(rows)[key])["note"] for key in inserted.keys] == ["x", "new", "y"]
    assert dict(inserted.otherwise["note"]) == {1: "new"}


def test_what_waited_is_told_where_a_trigger_or_a_type_made_something_else_of_it(rows, load):
    columns = {
        "order_no": ["A", "B", "C 🧾\t\n\\"],
        "note": ["  trimmed ", "sent \\N", "\\"],
        "code": ["ab", "abcd", None],
    }
    inserted = load("b", columns, ["order_no"])
    found = all_of(rows)
    assert {name: dict(cells) for name, cells in inserted.otherwise.items()} == {
        "note": {0: "trimmed"},
        "code": {0: "ab  "},
    }
    assert [inserted.row(place).columns for place in range(3)] == [found[key].columns for key in inserted.keys]
    assert list(inserted.prints) == [found[key].print for key in inserted.keys]


def test_rows_that_wait_are_seen_by_nobody_and_are_gone_when_nobody_lets_them_in(rows):
    anteroom = rows.anteroom()
    assert anteroom.put(0, {"order_no": ["A", "B"], "note": ["x", "y"]}, ["order_no"]) is not None
    assert not all_of(rows)
    anteroom.close()
    assert not all_of(rows)


def test_two_rows_that_would_be_one_cannot_wait(rows):
    anteroom = rows.anteroom()
    assert anteroom.put(0, {"order_no": ["A", "A"], "note": ["x", "y"]}, ["order_no"]) is None
    anteroom.close()
