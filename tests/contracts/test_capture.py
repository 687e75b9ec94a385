"""What the engine relies on of a capture: one body, over the twin, the triggers, and a rising column."""

import psycopg
import pytest

from syncer.core.mapping import PairSpec, SyncMapping
from syncer.database.capture.watch import Watch
from syncer.database.connections import make_engine
from syncer.database.rows import PostgresRows
from syncer.ports import ColumnInfo, RowDelete, RowInsert, RowTableInfo, RowUpdate
from syncer.testing import FakeClock, InMemoryCapture, InMemoryRows, SqlTable

COLUMNS = ("note", "n")


class TwinRoom:
    """The twin."""

    def __init__(self):
        columns = tuple(ColumnInfo(name, type_) for name, type_ in (("id", "int4"), ("note", "text"), ("n", "int4")))
        self.table = SqlTable(RowTableInfo("things", columns, ("id",), (("id",),)), ("id",))
        self.rows = InMemoryRows(self.table, COLUMNS, FakeClock())
        self.truncate = self.table.truncate

    def capture(self, reader="ours"):
        return InMemoryCapture(self.table.log, reader)

    def add(self, id_, **values):
        self.table.add({"id": id_, **values})

    def edit(self, id_, **values):
        self.table.edit(f"[{id_}]", values)

    def drop(self, id_):
        self.table.drop(f"[{id_}]")

    def close(self):
        pass


class PostgresRoom:
    """A real table, watched in one of the ways."""

    def __init__(self, url, way):
        self.engine, self.way = make_engine(url), way
        self.connection = psycopg.connect(url.replace("+psycopg", ""), autocommit=True)
        stamp = "w bigint NOT NULL GENERATED ALWAYS AS IDENTITY" if way == "watermark" else "w int"
        self.connection.execute(f"CREATE TABLE things (id int PRIMARY KEY, note text, n int, {stamp})")
        if way == "watermark":
            self.connection.execute("""
                CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS $$
                BEGIN IF NEW IS DISTINCT FROM OLD THEN NEW.w := nextval('things_w_seq'); END IF; RETURN NEW; END $$;
                CREATE TRIGGER stamp BEFORE UPDATE ON things FOR EACH ROW EXECUTE FUNCTION stamp()""")
        self.rows = PostgresRows(
            self.engine,
            "things",
            key=("id",),
            columns=COLUMNS,
            clock=FakeClock(),
            mapping="m",
            writer=lambda: "ours",
        )
        self.rows.prepare()

    def capture(self, reader="ours"):
        pairs = tuple(PairSpec(name, name) for name in COLUMNS)
        mapping = SyncMapping(
            "m", "default", "a", "t", "erp", "things", pairs, ("id",), capture=self.way, watermark="w"
        )
        watch = Watch(self.engine, mapping, ("id",), COLUMNS, lambda: reader)
        watch.install()
        return watch.capture()

    def add(self, id_, note=None, n=None):
        self.connection.execute("INSERT INTO things (id, note, n) VALUES (%s, %s, %s)", (id_, note, n))

    def edit(self, id_, **values):
        names = ", ".join(f"{name} = %({name})s" for name in values)
        self.connection.execute(f"UPDATE things SET {names} WHERE id = %(old)s", {**values, "old": id_})

    def drop(self, id_):
        self.connection.execute("DELETE FROM things WHERE id = %s", (id_,))

    def truncate(self):
        self.connection.execute("TRUNCATE things")

    def close(self):
        self.connection.close()
        self.engine.dispose()


@pytest.fixture(params=["twin", "trigger", "watermark", "scan"])
def room(request):
    yield from made(request)


@pytest.fixture(params=["twin", "trigger"])
def noting(request):
    """Those that tell more than which rows to look at."""
    yield from made(request)


def made(request):
    name = request.param
    room = TwinRoom() if name == "twin" else PostgresRoom(request.getfixturevalue("database"), name)
    room.name = name
    yield room
    room.close()


def everything(capture, cursor, limit=1000):
    """All that is told, and the cursor after it; ``None`` where everything is to be read."""
    keys = []
    while True:
        found = capture.changes(cursor, limit)
        if found.whole:
            assert found.reason
            assert found.keys == ()
            return None, capture.start()
        keys += found.keys
        cursor = found.cursor
        if not found.more:
            return keys, cursor


def told(room, capture, cursor, limit=1000):
    """The keys told; a scan is believed to have looked at all there is."""
    keys, cursor = everything(capture, cursor, limit)
    assert (keys is None) == (room.name == "scan") or room.name == "twin"
    return keys if keys is None else {one.key for one in keys}, cursor


def test_changes_after_a_cursor_are_told_and_none_before_it(room):
    capture = room.capture()
    room.add(1, note="before")
    cursor = capture.start()
    room.add(2, note="客户")
    room.edit(2, note="x")
    room.edit(1, n=5)
    keys, after = told(room, capture, cursor)
    assert keys in (None, {"[1]", "[2]"})
    again, _ = told(room, capture, cursor)
    assert again == keys
    keys, _ = told(room, capture, after)
    assert not keys


@pytest.mark.parametrize("limit", [1, 2, 5])
def test_pages_lose_nothing_while_others_write(room, limit):
    capture, keys = room.capture(), set()
    cursor = capture.start()
    for id_ in range(8):
        room.add(id_)
    place = 0
    while True:
        found = capture.changes(cursor, limit)
        if found.whole:
            assert room.name == "scan"
            return
        keys |= {one.key for one in found.keys}
        capture.read(found.cursor)
        cursor = found.cursor
        if place < 3:
            room.edit(place, note="again")
            room.add(100 + place)
        place += 1
        if not found.more:
            break
    keys |= told(room, capture, cursor)[0]
    assert keys >= {f"[{id_}]" for id_ in (*range(8), *range(100, 100 + min(place, 3)))}


def test_the_next_process_goes_on_where_the_last_one_stopped(room):
    cursor = room.capture().start()
    room.add(1)
    _, cursor = told(room, room.capture(), cursor)
    room.capture().read(cursor)
    room.add(2)
    keys, _ = told(room, room.capture(), cursor)
    assert keys in (None, {"[2]"})


def test_a_cursor_that_means_nothing_asks_for_everything(room):
    for cursor in ({}, {"kind": "other"}):
        assert room.capture().changes(cursor, 10).whole


def test_a_row_is_told_once_with_all_its_columns_and_its_last_action(noting):
    noting.add(1)
    noting.add(2)
    capture = noting.capture()
    cursor = capture.start()
    noting.edit(1, note="x")
    noting.edit(1, n=1)
    noting.edit(1, n=1)
    noting.drop(2)
    noting.add(2)
    noting.edit(2, note="y")
    keys, _ = everything(capture, cursor)
    assert {one.key: (one.action, one.columns) for one in keys} == {
        "[1]": ("update", frozenset({"note", "n"})),
        "[2]": ("update", None),
    }


def test_a_changed_key_is_told_by_both(noting):
    noting.add(1)
    capture = noting.capture()
    cursor = capture.start()
    noting.edit(1, id=9)
    keys, _ = everything(capture, cursor)
    assert {one.key: one.action for one in keys} == {"[1]": "delete", "[9]": "insert"}


def test_a_truncated_table_asks_for_everything(noting):
    capture = noting.capture()
    cursor = capture.start()
    noting.add(1)
    noting.truncate()
    keys, cursor = everything(capture, cursor)
    assert keys is None
    noting.add(2)
    keys, _ = everything(capture, cursor)
    assert [one.key for one in keys] == ["[2]"]


def test_our_own_batches_are_told_as_such_until_somebody_else_writes(noting):
    for id_ in (1, 2):
        noting.add(id_)
    capture = noting.capture()
    cursor = capture.start()
    prints = {row.key: row.print for page in noting.rows.read() for row in page.rows}
    noting.rows.write(
        "b",
        [RowInsert("i", {"id": 3})],
        [RowUpdate("u", "[1]", {"note": "ours"}, prints["[1]"])],
        [RowDelete("d", "[2]", prints["[2]"])],
    )
    noting.edit(3, note="theirs")
    keys, _ = everything(capture, cursor)
    assert {one.key: one.batch for one in keys} == {"[1]": "b", "[2]": "b", "[3]": None}


def test_what_one_reader_has_read_is_kept_for_the_other(noting):
    ours, theirs = noting.capture(), noting.capture("theirs")
    mine, other = ours.start(), theirs.start()
    noting.add(1)
    _, mine = everything(ours, mine)
    ours.read(mine)
    assert [one.key for one in everything(theirs, other)[0]] == ["[1]"]
    after = everything(theirs, other)[1]
    theirs.read(after)
    assert theirs.changes(other, 10).whole
