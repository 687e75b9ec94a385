"""After one run that an event began both sides are equal, and nothing but the touched lines was read."""

import psycopg
import pytest

from tests.engine.stage import plain_url, written
from tests.noticing.stage import Side

LINES = [(f"A-{number}", number, "始") for number in range(8)]
WHOLE = ("records.read", "rows.read", "record.search")


@pytest.fixture
def records(pair):
    return pair.begin(*LINES)


def reacted(stage, pair, **most):
    """One run by event; nothing was read whole, and no more lines than said."""
    with stage.counted() as calls:
        report = pair.heard().react()
    assert not {name: calls[name] for name in WHOLE if calls[name]}, dict(calls)
    for side in Side:
        assert report.read[side] <= most[side.value], (report.read, dict(calls))
    pair.equal()
    assert pair.open_intents() == 0
    return report


def test_an_edit_of_a_record_reaches_its_row(stage, pair, records):
    pair.edit(records[3], 备注="改了 ✏️", 金额=3.5)
    report = reacted(stage, pair, feishu=1, database=1)
    assert written(report) == {"database update": 1}


def test_a_new_record_becomes_a_row(stage, pair, records):
    pair.add({"订单号": "B-1", "金额": 1})
    with stage.counted() as calls:
        report = pair.heard().react()
    assert written(report) == {"database create": 1}
    assert not calls["records.read"]
    assert not calls["rows.read"]
    assert calls["record.search"] <= 1  # whoever has its match values is asked for
    pair.equal()


def test_a_deleted_record_takes_its_row_with_it(stage, pair, records):
    pair.drop(records[0], records[5])
    report = reacted(stage, pair, feishu=0, database=2)
    assert written(report) == {"database delete": 2}


def test_an_updated_row_reaches_its_record(stage, pair, records):
    pair.sql("UPDATE {t} SET note = 'from the database' WHERE order_no = 'A-2'")
    report = reacted(stage, pair, feishu=1, database=1)
    assert written(report) == {"feishu update": 1}


def test_an_inserted_row_becomes_a_record(stage, pair, records):
    pair.sql("INSERT INTO {t} (order_no, amount) VALUES ('N-1', 5)")
    with stage.counted() as calls:
        report = pair.heard().react()
    assert written(report) == {"feishu create": 1}
    assert not calls["records.read"]
    assert not calls["rows.read"]
    assert calls["record.search"] <= 1
    pair.equal()


def test_a_deleted_row_takes_its_record_with_it(stage, pair, records):
    pair.sql("DELETE FROM {t} WHERE order_no IN ('A-1', 'A-7')")
    report = reacted(stage, pair, feishu=2, database=0)
    assert written(report) == {"feishu delete": 2}


def test_a_changed_key_keeps_its_record(stage, pair, records):
    before = pair.by("订单号")
    pair.sql("UPDATE {t} SET id = id + 1000, note = 'moved' WHERE order_no = 'A-4'")
    with stage.counted() as calls:
        report = pair.heard().react()
    assert written(report) == {"feishu update": 1}
    assert not calls["records.read"]
    assert not calls["rows.read"]
    assert pair.by("订单号") == before
    pair.equal()


def test_a_truncated_table_is_noticed_and_asks_before_all_records_go(stage, pair, records):
    pair.sql("TRUNCATE {t}")
    report = pair.heard().react()
    assert report.guard is not None
    assert report.guard.name == "deletes"
    assert len(pair.plain()) == len(LINES)
    pair.approve(report)
    assert pair.plain() == {}


def test_a_truncated_and_refilled_table_is_compared_with_the_records(stage, pair, records):
    pair.sql(
        "BEGIN; TRUNCATE {t}; INSERT INTO {t} (order_no, amount, note) SELECT 'A-' || n, n, '新' FROM"
        " generate_series(0, 7) n; COMMIT"
    )
    before = pair.by("订单号")
    report = pair.heard().react()
    assert written(report) == {"feishu update": 8}
    assert pair.by("订单号") == before
    pair.equal()


def test_five_thousand_rows_copied_in_become_records_by_one_run(stage, pair, records):
    into = f"COPY {pair.table} (order_no, amount, note) FROM STDIN"
    with psycopg.connect(plain_url(stage.database)) as connection, connection.cursor().copy(into) as copy:
        for number in range(5000):
            copy.write_row((f"C-{number}", number, "copied"))
    report = pair.heard().react()
    assert written(report) == {"feishu create": 5000}
    assert len(pair.equal()) == 5008
    pair.sql("UPDATE {t} SET note = 'updated in one statement'")
    report = pair.heard().react()
    assert written(report) == {"feishu update": 5008}
    pair.equal()


def test_a_transaction_that_commits_late_is_not_skipped_by_the_runs_that_went_by(stage, pair, records):
    with psycopg.connect(plain_url(stage.database)) as late:
        late.execute(f"UPDATE {pair.table} SET note = 'late' WHERE order_no = 'A-0'")
        late.execute(f"INSERT INTO {pair.table} (order_no, note) VALUES ('L-1', 'late')")
        late.execute(f"DELETE FROM {pair.table} WHERE order_no = 'A-6'")
        for number in (1, 2, 3):
            pair.sql(f"UPDATE {{t}} SET note = 'early {number}' WHERE order_no = 'A-{number}'")
            assert written(pair.heard().react()) == {"feishu update": 1}
        pair.sync()
        stage.quiet()
        pair.settle_signals()
        late.commit()
    with stage.counted() as calls:
        report = pair.heard().react()
    assert written(report) == {"feishu update": 1, "feishu create": 1, "feishu delete": 1}
    assert not calls["records.read"]
    assert not calls["rows.read"]
    pair.equal()


def test_a_long_transaction_elsewhere_delays_nothing(stage, pair, records):
    with psycopg.connect(plain_url(stage.database)) as elsewhere:
        elsewhere.execute("CREATE TABLE elsewhere (n int)")
        elsewhere.execute("SELECT pg_current_xact_id()")
        pair.sql("UPDATE {t} SET note = 'meanwhile' WHERE order_no = 'A-2'")
        report = reacted(stage, pair, feishu=1, database=1)
        assert written(report) == {"feishu update": 1}


def test_edits_of_one_line_on_both_sides_meet_in_one_run(stage, pair, records):
    pair.edit(records[1], 备注="人")
    pair.sql("UPDATE {t} SET amount = 99 WHERE order_no = 'A-1'")
    report = reacted(stage, pair, feishu=1, database=1)
    assert written(report) == {"feishu update": 1, "database update": 1}
