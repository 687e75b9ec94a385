"""Laws of snapshots, and of the log under random writers: every committed change is told, by some question."""

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from syncer.core.mapping import PairSpec, SyncMapping
from syncer.database.capture.snapshots import Snapshot
from syncer.database.capture.watch import Watch
from syncer.database.connections import make_engine

NUMBERS = range(1, 14)


@st.composite
def snapshots(draw):
    end = draw(st.sampled_from(NUMBERS))
    return Snapshot(end, frozenset(draw(st.sets(st.integers(1, end - 1), max_size=4)) if end > 1 else ()))


def seen(snapshot):
    return {number for number in NUMBERS if snapshot.sees(number)}


@given(snapshots(), snapshots())
def test_what_two_snapshots_saw_is_combined_and_compared_as_sets(one, other):
    assert seen(one.both(other)) == seen(one) & seen(other)
    assert seen(one.either(other)) == seen(one) | seen(other)
    assert one.covers(other) == (seen(one) >= seen(other))
    assert Snapshot.parse(str(one)) == one


@pytest.mark.parametrize("text", ["5:5:", "5:9:5,7", "12:12:"])
def test_snapshots_are_said_as_postgres_says_them(text, look):
    assert str(Snapshot.parse(text)) == text == look.execute("SELECT %s::pg_snapshot::text", (text,)).fetchone()[0]
    for number in range(1, 12):
        query = "SELECT pg_visible_in_snapshot(%s::text::xid8, %s::pg_snapshot)"
        (visible,) = look.execute(query.replace("::text", ""), (str(number), text)).fetchone()
        assert Snapshot.parse(text).sees(number) == visible


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("insert"), st.integers(0, 2), st.integers(1, 9)),
        st.tuples(st.just("update"), st.integers(0, 2), st.integers(1, 9)),
        st.tuples(st.just("delete"), st.integers(0, 2), st.integers(1, 9)),
        st.tuples(st.just("many"), st.integers(0, 2), st.integers(1, 3)),
        st.tuples(
            st.sampled_from(["commit", "commit", "rollback", "savepoint", "back"]), st.integers(0, 2), st.just(0)
        ),
        st.tuples(st.just("ask"), st.integers(0, 1), st.sampled_from([1, 2, 5, 1000])),
        st.tuples(st.just("forget"), st.integers(0, 1), st.just(0)),
    ),
    max_size=40,
)


class Writer:
    """A session of somebody's, whose rows are its own, and what it committed but nobody was told yet."""

    def __init__(self, url, number, readers):
        self.connection, self.number, self.readers = psycopg.connect(url), number, readers
        self.open, self.saved = set(), None

    def do(self, step, argument):
        keys = {self.number * 100 + argument}
        if step == "insert":
            self.run("INSERT INTO t VALUES (%s, 0) ON CONFLICT (id) DO UPDATE SET n = t.n + 1", keys)
        elif step == "update":
            self.run("UPDATE t SET n = n + 1 WHERE id = %s", keys)
        elif step == "delete":
            self.run("DELETE FROM t WHERE id = %s", keys)
        elif step == "many":
            keys = {self.number * 100 + 10 * argument + place for place in range(10)}
            self.run(
                "INSERT INTO t SELECT id, 0 FROM unnest(%s::int[]) AS id ON CONFLICT (id) DO UPDATE SET n = t.n + 1",
                keys,
                list(keys),
            )
        else:
            getattr(self, step)()

    def run(self, statement, keys, argument=None):
        if self.connection.execute(statement, (argument or next(iter(keys)),)).rowcount:
            self.open |= keys

    def commit(self):
        self.connection.commit()
        for untold in self.readers:
            untold |= {f"[{key}]" for key in self.open}
        self.open, self.saved = set(), None

    def rollback(self):
        self.connection.rollback()
        self.open, self.saved = set(), None

    def savepoint(self):
        self.connection.execute("SAVEPOINT s")
        self.saved = set(self.open)

    def back(self):
        if self.saved is not None:
            self.connection.execute("ROLLBACK TO SAVEPOINT s")
            self.open = set(self.saved)


class Asker:
    """A reader that goes on at any pace, and what it was not told yet."""

    def __init__(self, capture):
        self.capture, self.untold = capture, set()
        self.cursor = capture.start()

    def ask(self, limit):
        found = self.capture.changes(self.cursor, limit)
        assert not found.whole, found.reason
        self.untold -= {one.key for one in found.keys}
        self.cursor = found.cursor
        return found.more


@pytest.fixture
def shop(database):
    engine = make_engine(database)
    url = database.replace("+psycopg", "")
    mapping = SyncMapping("m", "default", "a", "t", "erp", "t", (PairSpec("n", "n"),), ("id",))
    with psycopg.connect(url, autocommit=True) as look:
        look.execute("CREATE TABLE t (id int PRIMARY KEY, n int)")
        watches = [Watch(engine, mapping, ("id",), ("n",), lambda name=name: name) for name in ("one", "two")]
        yield url, look, watches
    engine.dispose()


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(STEPS)
def test_every_committed_change_after_a_cursor_is_told_by_some_question(shop, steps):
    url, look, watches = shop
    look.execute("TRUNCATE t")
    for watch in watches:
        watch.install()
    askers = [Asker(watch.capture()) for watch in watches]
    writers = [Writer(url, number, [asker.untold for asker in askers]) for number in range(3)]
    try:
        for step, who, argument in steps:
            if step == "ask":
                askers[who].ask(argument)
            elif step == "forget":
                askers[who].capture.read(askers[who].cursor)
            else:
                writers[who].do(step, argument)
        for writer in writers:
            writer.commit()
        for asker in askers:
            while asker.ask(3):
                asker.capture.read(asker.cursor)
            asker.capture.read(asker.cursor)
            assert asker.untold == set()
    finally:
        for writer in writers:
            writer.connection.close()
    assert look.execute("SELECT count(*) FROM syncer.log").fetchone() == (0,)
