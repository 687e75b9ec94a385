"""A column that rises with every change."""

import pytest

from tests.database.looking import Reading


@pytest.fixture
def stamped(look, table, watch):
    """Makes a table with a column of some type that says when a row was changed, and its reading."""

    def make(type_="timestamptz", **options):
        look.execute(f"CREATE TABLE stamped (k text PRIMARY KEY, n int, w {type_})")
        look.execute("CREATE INDEX ON stamped (w)")
        return Reading(watch("stamped", ("k",), ("n",), capture="watermark", watermark="w", **options))

    return make


def put(look, key, stamp, n=0):
    look.execute(
        "INSERT INTO stamped VALUES (%s, %s, "
        + stamp
        + ") ON CONFLICT (k) DO UPDATE SET n = EXCLUDED.n, w = EXCLUDED.w",
        (key, n),
    )


@pytest.mark.parametrize("type_", ["timestamptz", "timestamp", "date"])
def test_rows_with_a_new_stamp_are_told_once(stamped, look, type_):
    reading = stamped(type_)
    assert reading() == {}
    put(look, "a", "now()")
    put(look, "客\t1", "now()")
    assert reading() == {'["a"]': ("update", None), '["客\\t1"]': ("update", None)}
    assert reading() == {}
    put(look, "a", "now()", 1)
    assert set(reading()) == {'["a"]'}
    assert reading() == {}


@pytest.mark.parametrize("type_", ["int2", "bigint", "numeric"])
def test_a_number_that_rises_does_as_well(stamped, look, type_):
    reading = stamped(type_)
    for stamp in ("5", "5", "7"):
        put(look, "a", stamp, int(stamp))
    put(look, "b", "5")
    assert set(reading()) == {'["a"]', '["b"]'}
    put(look, "b", "8")
    assert set(reading()) == {'["b"]'}


def test_equal_stamps_and_late_commits_are_not_missed(stamped, look, another):
    reading, late = stamped(), another()
    late.execute("INSERT INTO stamped VALUES ('late', 0, now())")
    put(look, "a", "now()")
    look.execute("INSERT INTO stamped SELECT 'b', 0, w FROM stamped WHERE k = 'a'")
    assert set(reading()) == {'["a"]', '["b"]'}
    look.execute("INSERT INTO stamped SELECT 'c', 0, w FROM stamped WHERE k = 'a'")
    look.execute("UPDATE stamped SET n = 9 WHERE k = 'b'")  # with the stamp it had
    late.commit()
    assert set(reading()) == {'["b"]', '["c"]', '["late"]'}
    assert reading() == {}


def test_a_stamp_of_the_future_hides_no_other(stamped, look):
    reading = stamped()
    put(look, "wrong", "'2999-01-01'")
    put(look, "endless", "'infinity'")
    assert set(reading()) == {'["wrong"]', '["endless"]'}
    put(look, "a", "now()")
    assert set(reading()) == {'["a"]'}


def test_rows_below_the_overlap_and_rows_without_a_stamp_are_left_to_full_runs(stamped, look):
    reading = stamped()
    put(look, "a", "now()")
    reading()
    put(look, "old", "now() - interval '1 hour'")
    put(look, "none", "NULL")
    put(look, "young", "now() - interval '9 minutes'")
    assert set(reading()) == {'["young"]'}


@pytest.mark.parametrize("limit", [1, 3, 4, 100])
def test_a_limit_loses_nothing(stamped, look, limit):
    reading = stamped()
    for place in range(10):
        put(look, f"k{place}", f"now() - interval '{place % 4} seconds'")
    told, pages = [], 0
    while True:
        found = reading.step(limit)
        told += [one.key for one in found.keys]
        pages += 1
        put(look, "k3", "clock_timestamp()", pages)
        if not found.more:
            break
    assert {f'["k{place}"]' for place in range(10)} == set(told)
    assert pages == -(-10 // limit) or limit < 10
    assert '["k3"]' in set(reading())
    assert reading() == {}


def test_a_view_is_told_again_within_the_overlap(look, table, watch):
    look.execute("CREATE TABLE base (k int PRIMARY KEY, n int, w timestamptz); CREATE VIEW shown AS SELECT * FROM base")
    reading = Reading(watch("shown", ("k",), ("n",), capture="watermark", watermark="w"))
    look.execute("INSERT INTO base VALUES (1, 0, now()), (2, 0, now())")
    assert set(reading()) == set(reading()) == {"[1]", "[2]"}


def test_more_rows_than_a_cursor_remembers_are_told_again_not_lost(stamped, look, monkeypatch):
    monkeypatch.setattr("syncer.database.capture.watermark.MOST_KNOWN", 3)
    reading = stamped()
    for place in range(5):
        put(look, f"k{place}", f"now() + interval '{place} seconds' - interval '10 seconds'")
    assert len(reading()) == 5
    assert set(reading()) == {'["k0"]', '["k1"]'}


def test_what_is_unwise_about_a_watermark_is_told(look, watch):
    look.execute("CREATE TABLE things (k int PRIMARY KEY, n int, w timestamptz, j jsonb, s int NOT NULL)")
    look.execute("CREATE INDEX ON things (s)")

    def check(column):
        return watch("things", ("k",), ("n",), capture="watermark", watermark=column).check()

    faults, warnings = check("w")
    assert faults == []
    assert [warning.split(":")[0] for warning in warnings] == [
        "w may be NULL",
        "no index begins with w",
        "deleted rows are noticed by full runs alone; capture",
    ]
    assert len(check("s")[1]) == 1
    assert "j is a jsonb" in check("j")[0][0]
