"""A state store or a database that comes from a backup: noticed before anything is written, and brought up to date."""

import psycopg
import pytest
from redis import Redis

from syncer.database import mirror
from syncer.engine.restored import compare
from tests.engine.stage import DeadError, plain_url, written
from tests.engine.tables import ORDER_FIELDS, equal, numbered, orders

LINKS = ("link", "cursor", "run", "audit")


def synced(stage, rules="", count=5):
    pair = orders(stage, "pairing: policy\nconflicts: {default: database}\n" + rules)
    ids = pair.add(*numbered(count))
    pair.settle()
    return pair, ids


def backup(url, tables):
    """What these tables hold."""
    held = {}
    with psycopg.connect(plain_url(url), autocommit=True) as connection:
        for table in tables:
            with connection.cursor().copy(f"COPY {table} TO STDOUT") as copy:
                held[table] = b"".join(bytes(part) for part in copy)
    assert all(held.values())
    return held


def restore(url, held):
    """Put it back, and forget what came since."""
    with psycopg.connect(plain_url(url), autocommit=True) as connection:
        for table in reversed(list(held)):
            connection.execute(f"DELETE FROM {table}")
        for table, rows in held.items():
            with connection.cursor().copy(f"COPY {table} FROM STDIN") as copy:
                copy.write(rows)


STATE = [f"syncer_state.{table}" for table in LINKS]


def test_a_state_store_from_a_backup_stops_and_once_approved_compares_all_links_anew(stage):
    pair, ids = synced(stage)
    old = backup(stage.state_url, STATE)
    pair.edit(ids[0], 金额=50)
    pair.sql("UPDATE {t} SET amount = 60 WHERE order_no = 'A0001'")
    pair.add({"订单号": "新", "金额": 1})
    pair.settle()
    before = equal(pair)
    restore(stage.state_url, old)
    stage.restart()
    for _ in range(2):
        report = pair.sync()
        assert (report.guard.name, report.exit_status, report.writes) == ("restored", 4, 0)
        assert "the state store seems to be restored" in report.guard.sentence
    done = pair.approve(report)
    assert (done.guard, done.writes) == (None, 0)
    pair.settle()
    assert equal(pair) == before
    pair.edit(ids[2], 金额=77)
    assert written(pair.settle()) == {}
    assert equal(pair)[2][1] == 77.0


def test_a_database_from_a_backup_stops_and_once_approved_loses_no_line(stage):
    pair, ids = synced(stage)
    old = backup(stage.database, ["orders", "syncer.mirror"])
    pair.add({"订单号": "新", "金额": 1})
    pair.edit(ids[0], 备注="补")
    pair.settle()
    restore(stage.database, old)
    report = pair.sync()
    assert (report.guard.name, report.writes) == ("restored", 0)
    assert "the database seems to be restored" in report.guard.sentence
    done = pair.approve(report)
    assert "feishu delete" not in written(done)
    pair.settle()
    lines = equal(pair)
    assert len(lines) == 6
    assert lines[0][2] == "补"
    assert pair.settle().exit_status == 0


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_process_that_dies_beside_its_mirror_is_no_backup(stage, monkeypatch, when):
    pair, ids = synced(stage)
    pair.edit(ids[0], 金额=9)

    def dies(*arguments):
        if when == "after":
            write(*arguments)
        raise DeadError

    write = mirror.write
    monkeypatch.setattr(mirror, "write", dies)
    with pytest.raises(DeadError):
        pair.sync()
    monkeypatch.setattr(mirror, "write", write)
    for _ in range(2):
        assert pair.sync().guard is None


@pytest.mark.parametrize(
    ("accepted", "found", "who"),
    [
        ([], {}, None),
        ([], {"database": 0}, None),
        ([], {"database": 7}, "the state store"),
        ([7, 5], {"database": 7, "redis": 5}, None),
        ([7, 5], {"database": 9}, "the state store"),
        ([7, 5], {"database": 0}, "the database"),
        ([7, 5], {"redis": 9}, "the state store"),
        ([7, 5], {"redis": 3}, None),
        ([7, 5], {"database": 7, "redis": 3}, None),
        ([7, 5], {"database": 3, "redis": 7}, "the database"),
        ([7, 5], {"database": 7, "redis": 9}, "the state store"),
        ([0], {"database": 0}, None),
        ([0], {"database": 7}, "the state store"),
        ([7, 5], {}, None),
    ],
)
def test_numbers_say_who_is_young(accepted, found, who):
    guard = compare(accepted, found)
    assert (guard is None) is (who is None)
    assert guard is None or guard.sentence.startswith(who)


def flush(stage):
    """Redis is empty, as after a start without its file; the mirror in the database stands."""
    link = Redis.from_url(stage.redis_url)
    key = f"syncer:mirror:{stage.syncer.store.mirrors.identity()}:orders"
    held = link.getdel(key)
    assert held
    return link, key, held


def test_an_empty_redis_is_no_backup_and_gets_its_mirror_again(stage):
    pair, ids = synced(stage)
    link, key, held = flush(stage)
    assert (pair.sync().guard, pair.sync(full=True).guard) == (None, None)
    pair.edit(ids[0], 金额=8)
    assert pair.settle().guard is None
    assert int(link.get(key)) > int(held)
    assert equal(pair)[0][1] == 8.0


def test_a_state_store_from_a_backup_is_noticed_though_redis_is_empty_and_by_redis_alone(stage):
    pair, ids = synced(stage)
    old = backup(stage.state_url, STATE)
    pair.edit(ids[0], 金额=50)
    pair.settle()
    link, key, held = flush(stage)
    restore(stage.state_url, old)
    stage.restart()
    report = pair.sync()
    assert (report.guard.name, set(report.guard.counts)) == ("restored", {"state", "database"})
    link.set(key, held)
    stage.sql("DELETE FROM syncer.mirror")
    report = pair.sync()
    assert (report.guard.name, set(report.guard.counts)) == ("restored", {"state", "redis"})
    assert report.writes == 0


def test_a_mapping_that_was_removed_and_applied_again_is_no_backup(stage):
    pair, _ = synced(stage)
    stage.syncer.store.remove(pair.name)
    stage.apply(pair.name, pair.place, pair.table, pair.key, ORDER_FIELDS + "pairing: policy")
    for _ in range(3):
        assert (pair.sync().guard, pair.sync(full=True).guard) == (None, None)
    assert len(equal(pair)) == 5
