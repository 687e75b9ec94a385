"""A mapping that is stopped lets the log of changed rows grow: status and doctor say how much, and what ends it."""

import pytest

from syncer.database.capture import backlog


@pytest.fixture
def applied(room):
    room.ok("apply")
    room.json("sync", "orders")
    room.json("sync", "orders")
    return room


def write(room, statements):
    for number in range(statements):
        room.sql(f"INSERT INTO sales.orders (order_no, note) VALUES ('B-{number}', '长 📦')")


def warnings(room):
    (mapping,) = room.json("status")["mappings"]
    return mapping["warnings"]


def of_connection(room):
    (found,) = [one for one in room.run("doctor", "--json").document["checks"] if one["what"] == "connection erp"]
    assert found["ok"]
    return found["advice"]


def test_a_paused_mapping_tells_what_is_kept_for_it_until_it_goes_on(applied):
    write(applied, 3)
    assert warnings(applied) == []
    applied.ok("pause", "orders")
    paused, kept = warnings(applied)
    assert paused.startswith("paused")
    assert "in the database erp, syncer.log keeps 3 statements on sales.orders since" in kept
    assert "MB by now): `syncer resume orders` or `syncer sync orders` reads them, `syncer remove orders`" in kept
    assert "keeps 3 statements" in applied.run("status").err
    applied.ok("resume", "orders")
    applied.json("sync", "orders")
    applied.ok("pause", "orders")
    assert len(warnings(applied)) == 1


def test_a_reader_not_seen_for_a_day_is_advised_about_also_one_that_another_syncer_forgot(applied):
    write(applied, 2)
    assert of_connection(applied) == []
    applied.sql("UPDATE syncer.reader SET at = now() - interval '3 days'")
    (advice,) = of_connection(applied)
    assert "syncer.log keeps 2 statements on sales.orders since" in advice
    assert "for the mapping orders: `syncer resume orders`" in advice
    applied.sql("UPDATE syncer.reader SET name = 'old@elsewhere'")
    (advice,) = of_connection(applied)
    assert "for old@elsewhere, a mapping of another syncer" in advice
    assert "DELETE FROM syncer.reader WHERE name = 'old@elsewhere'" in advice


def test_what_nobody_reads_can_be_ended_with_the_words_that_are_told(applied, monkeypatch):
    monkeypatch.setattr(backlog, "MOST", 5)
    write(applied, 7)
    applied.sql("DELETE FROM syncer.reader")
    (advice,) = of_connection(applied)
    assert "keeps at least 5 statements on sales.orders, and grows" in advice
    told, _, mend = advice.partition(", and nobody reads them: ")
    assert told
    applied.sql(mend)
    assert of_connection(applied) == []
    write(applied, 0)
    applied.sql("INSERT INTO sales.orders (order_no) VALUES ('free')")
    assert applied.sql("SELECT count(*) FROM syncer.log") == [(0,)]
