"""Two full tables meet for the first time: counted before anything is written, then paired with the fewest calls."""

from collections import Counter
from math import ceil

import pytest

from syncer.core.values import load
from tests.engine.stage import written
from tests.engine.tables import equal, orders

SERIAL = "id serial PRIMARY KEY, order_no text, amount numeric(12,2), note text"
SIZE, COMMON, DIFFERING, TWICE, LONE = 10_000, 6_000, 200, 50, 25
OWN = SIZE - COMMON - 2 * TWICE - LONE
"""Lines that only one side has: neither in common, nor twice here, nor alone before two on the other side."""
PAGE, WRITE = 500, 1000
PROBES = 1
"""Searches, however large the tables, for records that a listing hid."""


def amounts(side):
    """The order numbers of one side, with their amounts; a number may be there twice."""
    other = {"F": "D", "D": "F"}[side]
    lines = [(f"共{number:05}", number + 0.25) for number in range(COMMON)]
    if side == "D":
        lines[:DIFFERING] = [(number, amount + 1) for number, amount in lines[:DIFFERING]]
    lines += [(f"双{side}{number:02}", float(again)) for number in range(TWICE) for again in range(2)]
    lines += [(f"双{other}{number:02}", 7.0) for number in range(LONE)]
    return lines + [(f"独{side}{number:05}", float(number)) for number in range(OWN)]


def fill(pair, records, rows):
    for start in range(0, len(records), 5000):
        pair.add(
            *({"订单号": number, "金额": amount, "备注": "🧾"} for number, amount in records[start : start + 5000])
        )
    numbers, values = zip(*rows, strict=True)
    pair.sql(
        "INSERT INTO {t} (order_no, amount, note) SELECT n, a, '🧾' FROM unnest(%s::text[], %s::numeric[]) AS u(n, a)",
        list(numbers),
        list(values),
    )


def record_calls(report):
    return {name.rpartition(".")[2]: count for name, count in report.calls.items() if ".record." in name}


@pytest.fixture
def full(stage):
    pair = orders(stage, "conflicts: {default: database}\n", columns=SERIAL)
    fill(pair, amounts("F"), amounts("D"))
    return pair


def test_two_full_tables_are_counted_approved_and_paired_with_the_fewest_calls(full):
    before = full.truth()
    report = full.sync()
    assert (report.guard.name, report.exit_status, report.writes) == ("first_pairing", 4, 0)
    assert report.guard.counts == {"lines": DIFFERING}
    assert record_calls(report) == {"search": SIZE // PAGE + PROBES}
    assert full.truth() == before
    check_samples(full, report.samples)

    approved = full.approve(report)
    assert written(approved) == {"feishu create": OWN, "feishu update": DIFFERING, "database create": OWN}
    assert approved.linked == COMMON + 2 * OWN
    assert record_calls(approved) == {
        "search": SIZE // PAGE + PROBES,
        "batch_create": ceil(OWN / WRITE),
        "batch_update": ceil(DIFFERING / WRITE),
    }
    check_duplicates(full)
    check_content(full)

    again = full.sync()
    assert (again.writes, again.linked, again.exit_status) == (0, COMMON + 2 * OWN, 3)
    assert record_calls(again) == {"search": ceil((SIZE + OWN) / PAGE)}
    assert len(full.audits()) == 2 * OWN + DIFFERING


def check_samples(pair, samples):
    """Some of the lines that differ, with both sides' values of what differs."""
    assert len(samples) == 20
    records = pair.plain()
    for sample in samples:
        (name, held), *others = sample["fields"].items()
        assert (name, others) == ("amount", [])
        feishu, database = (float(load(held[side])) for side in ("feishu", "database"))
        assert (feishu, database) == (records[sample["record_id"]]["金额"], feishu + 1)


def check_duplicates(pair):
    """Each of them failed naming the others that have its number, or the two it cannot choose from."""
    records, rows = pair.plain(), {str(key): number for key, number in pair.rows("id, order_no")}
    numbers = {record: cells["订单号"] for record, cells in records.items()}
    failures = pair.failures()
    assert Counter(bool(failure.record) for failure in failures) == {True: 2 * TWICE + LONE, False: 2 * TWICE + LONE}
    for failure in failures:
        number = numbers[failure.record] if failure.record else rows[only(failure.key)]
        twice = numbers if number.startswith("双F") else rows
        named = {line for line, held in twice.items() if held == number}
        assert named - {failure.record, only(failure.key)} == named_in(failure.message, twice), failure


def only(key):
    return key.strip('[]"') if key else None


def named_in(message, lines):
    words = message.partition("with ")[2].partition(";")[0].replace(",", " ").split()
    return {only(word) for word in words} & lines.keys()


def check_content(pair):
    """Everything but the duplicates stands on both sides once, as the database has it where they differed."""
    feishu, database = pair.both(("订单号", "金额"), "order_no, amount", lambda number, amount: (number, float(amount)))
    expected = sorted(line for line in {*amounts("F")[DIFFERING:], *amounts("D")} if not line[0].startswith("双"))
    assert [line for line in feishu if not line[0].startswith("双")] == expected
    assert [line for line in database if not line[0].startswith("双")] == expected


@pytest.mark.parametrize("winner", ["feishu", "database"])
def test_a_mapping_may_say_beforehand_whose_lines_win(stage, winner):
    differing = 30
    pair = orders(stage, f"pairing: {winner}\n")
    numbers = [f"A{number:03}" for number in range(300)]
    fill(pair, [(number, 1.0) for number in [*numbers, "F"]], [(a, 1.0 + (a < numbers[differing])) for a in numbers])
    report = pair.sync()
    loser = {"feishu": "database", "database": "feishu"}[winner]
    assert written(report) == {f"{loser} update": differing, "database create": 1}
    held = {number: amount for number, amount, _ in equal(pair)}
    assert Counter(held.values()) == ({1.0: 301} if winner == "feishu" else {1.0: 301 - differing, 2.0: differing})
    assert pair.settle().linked == 301
