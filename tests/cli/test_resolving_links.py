"""A third value for a link: the record or the key it means, checked and written rightly to both sides."""

import pytest

from tests.cli.test_links import BILLS, CUSTOMERS, shop

__all__ = ["shop"]

MANUAL = "conflicts: {{default: manual}}\n"


@pytest.fixture
def quarrel(shop):
    """One bill whose customer was changed on both sides."""
    customers = CUSTOMERS.replace("  - {{field: 头单, column: favourite, link: bills}}\n", "")
    shop.write(customers.format(**shop.tables), "customers.yaml")
    shop.write(BILLS.replace("match: [no]", MANUAL + "match: [no]").format(**shop.tables), "bills.yaml")
    shop.ok("apply")
    shop.sql("INSERT INTO sales.customers (no) VALUES ('K1'), ('K2'), ('K3')")
    shop.sql("INSERT INTO sales.bills (no, customer) VALUES ('B1', 1)")
    shop.ok("sync", "--all")
    plain = shop.control.plain(shop.base, shop.tables["customers"])
    shop.records = {cells["编号"]: record for record, cells in plain.items()}
    (shop.bill,) = shop.control.plain(shop.base, shop.tables["bills"])
    shop.control.edit_record(shop.base, shop.tables["bills"], shop.bill, {"客户": [shop.records["K2"]]})
    shop.sql("UPDATE sales.bills SET customer = 3")
    shop.ok("sync", "--all", status=3)
    (conflict,) = shop.json("conflicts", "list")["conflicts"]
    shop.conflict = conflict["id"]
    return shop


def resolved(shop, value):
    """What both sides hold once a conflict was decided so."""
    shop.ok("conflicts", "resolve", shop.conflict, "--value", value)
    shop.ok("sync", "bills")
    names = {record: number for number, record in shop.records.items()}
    linked = shop.control.plain(shop.base, shop.tables["bills"])[shop.bill].get("客户") or []
    return [names[one] for one in linked], shop.sql("SELECT customer FROM sales.bills")[0][0]


@pytest.mark.parametrize("value", ['"{K1}"', '["{K1}"]', "1"])
def test_a_record_or_a_key_names_the_line_that_is_meant(quarrel, value):
    assert resolved(quarrel, value.replace("{K1}", quarrel.records["K1"])) == (["K1"], 1)
    assert quarrel.json("verify", "bills")["status"] == "equal"


def test_null_empties_both_sides(quarrel):
    assert resolved(quarrel, "null") == ([], None)


def test_what_names_no_linked_line_or_two_is_refused_in_words(quarrel):
    both = f'["{quarrel.records["K1"]}", "{quarrel.records["K2"]}"]'
    for value in ('"recNobody"', "99", '["a", 1]', '{"id": 1}', '"K1"', "true", "1.5", both):
        ended = quarrel.run("conflicts", "resolve", quarrel.conflict, "--value", value)
        assert (ended.status, "the value does not fit 客户: " in ended.err) == (2, True), ended
    assert quarrel.json("conflicts", "list")["conflicts"][0]["winner"] is None
