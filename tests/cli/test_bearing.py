"""``syncer status`` says in words what a table was learned to bear."""

import pytest


def warnings(room):
    (mapping,) = room.json("status")["mappings"]
    return mapping["warnings"]


@pytest.fixture
def applied(room):
    room.ok("apply")
    return room


def test_a_table_that_is_called_too_fast_is_told_and_forgotten_when_it_is_over(applied):
    applied.control.fault("bitable.record.batch_create", "too_many")
    applied.sql("INSERT INTO sales.orders (order_no) VALUES ('A-1')")
    applied.json("sync", "orders")
    (warning,) = warnings(applied)
    assert "called too fast: all workers keep to" in warning
    assert "calls a second" in applied.run("status").err
    for _ in range(12):
        applied.json("sync", "orders", "--full")
    assert warnings(applied) == []


def test_a_table_that_takes_only_small_writes_is_told(applied):
    applied.control.fault("bitable.record.batch_create", "oversize", records=3)
    applied.sql("INSERT INTO sales.orders (order_no) SELECT 'A-' || n FROM generate_series(1, 10) n")
    applied.json("sync", "orders")
    (warning,) = warnings(applied)
    assert "at most 3 lines at once" in warning


def test_a_table_whose_reads_wait_for_writes_is_told(applied):
    applied.json("sync", "orders")
    applied.control.fault("bitable.record.search", "conflict")
    applied.json("sync", "orders", "--full")
    assert any("its reads wait for writes" in warning for warning in warnings(applied))
