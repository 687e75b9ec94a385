"""Ordinary changes: edits on both sides, in one line, deletions, and changes that add up."""

from syncer.cli.demo import orders
from syncer.cli.demo.orders import number
from syncer.cli.demo.products import sku
from syncer.cli.demo.story import Story


def both_sides(story: Story) -> None:
    """Different lines edited on different sides, cells cleared, new lines, and the order that gets its number."""
    story.tell.step(
        "People and the ERP work at the same time",
        "In Bitable: 3 orders shipped, a note cleared, the missing order number typed in.",
        "In PostgreSQL: 2 amounts corrected, a customer set to NULL, a new order inserted.",
    )
    here = story.stage.orders
    shipped, noted, nameless = [number(place) for place in (10, 11, 12)], number(14), number(15)
    here.edit_records({**{key: {"状态": "已发货"} for key in shipped}, noted: {"备注": None}})
    here.number_record({"订单号": number(orders.COUNT)})
    for key in (number(20), number(21)):
        here.update_row(key, amount="1234.56")
    here.update_row(nameless, customer=None)
    here.insert_rows([{"order_no": "ERP-7", "customer": "上海星河百货 🏬", "quantity": 3, "created_by": "erp"}])
    story.sync("orders")
    story.both(f"{shipped[0]} status", here.cells(shipped[0])["状态"], here.row(shipped[0])["status"])
    story.both(f"{nameless} customer", here.cells(nameless).get("客户"), here.row(nameless)["customer"])
    story.both("ERP-7 customer", here.cells("ERP-7")["客户"], here.row("ERP-7")["customer"])
    story.expect(not here.differences(), "every edit, clearing and new line reached the other side")


def one_line(story: Story) -> None:
    """Two fields of one line, changed on two sides between two runs."""
    key = number(30)
    story.tell.step(
        "One order, two people, two different fields",
        f"{key}: somebody writes a note in Bitable while the ERP changes the quantity. That is no conflict.",
    )
    here = story.stage.orders
    here.edit_records({key: {"备注": "客户要求改到下周 📅"}})
    here.update_row(key, quantity=4711)
    story.sync("orders")
    cells, row = here.cells(key), here.row(key)
    story.both("note", cells.get("备注"), row["note"])
    story.both("quantity", cells.get("数量"), row["quantity"])
    kept = cells.get("备注") == row["note"] == "客户要求改到下周 📅" and cells.get("数量") == row["quantity"] == 4711
    story.expect(kept, "both edits survived")


def deletions(story: Story) -> None:
    """A deletion on each side."""
    story.tell.step(
        "Deletions travel too",
        "2 records deleted in Bitable, 1 row deleted in PostgreSQL. Each deletion is confirmed by a second look",
        "before anything is deleted on the other side; many at once would stop and ask (a guard).",
    )
    here = story.stage.orders
    gone = [number(40), number(41), number(42)]
    here.delete_records(gone[:2])
    here.delete_rows(gone[2:])
    story.sync("orders")
    records, rows = here.lines()
    left = {line["order_no"] for line in (*records, *rows)} & set(gone)
    story.expect(not left, "the three orders are gone on both sides")


def merges(story: Story) -> None:
    """A counter and a set, changed on both sides."""
    key = sku(0)
    story.tell.step(
        "Stock and tags: changes on both sides that add up",
        f"{key}: +3 counted in Bitable and -1 sold in the ERP make +2 (merge: counter);",
        "a tag added here and another added there are both kept (merge: set).",
    )
    here = story.stage.products
    here.update_row(key, stock=100, tags=["热卖"])
    story.sync("products")
    here.edit_records({key: {"库存": 103, "标签": ["热卖", "新品"]}})
    here.update_row(key, stock=99, tags=["热卖", "进口"])
    story.tell.say("stock was 100: now 103 in Bitable, 99 in PostgreSQL")
    story.sync("products")
    cells, row = here.cells(key), here.row(key)
    story.both("stock", cells["库存"], row["stock"])
    story.both("tags", cells["标签"], row["tags"])
    wanted = {"热卖", "新品", "进口"}
    added_up = cells["库存"] == row["stock"] == 102 and set(cells["标签"]) == set(row["tags"]) == wanted
    story.expect(added_up, "100 + 3 - 1 = 102 on both sides, and no tag was lost")
