"""Conflicts: the same field changed on both sides."""

from decimal import Decimal

from syncer.cli import shown as stored
from syncer.cli.demo.orders import number
from syncer.cli.demo.story import Story, shown
from syncer.core.records import Side


def by_policy(story: Story) -> None:
    """A conflict that the mapping's policy settles; the loser's value stays visible."""
    key = number(50)
    story.tell.step(
        "A conflict that the mapping settles",
        f"{key}: the amount becomes 100.00 in Bitable and 250.00 in PostgreSQL.",
        "orders.yaml says `conflict: database` for this field: the ERP wins. The other value is not lost.",
    )
    here = story.stage.orders
    here.edit_records({key: {"金额": 100}})
    here.update_row(key, amount=Decimal("250.00"))
    story.sync("orders")
    story.both("amount", here.cells(key)["金额"], here.row(key)["amount"])
    story.tell.command("syncer conflicts list --all")
    found = next(one for one in story.stage.syncer.store.conflicts("orders", None) if one.record == here.record_id(key))
    lost, won = stored.stored(found.feishu), stored.stored(found.database)
    story.tell.say(f"{found.id}: {found.field} Bitable {lost}, PostgreSQL {won}, winner {found.winner}, {found.reason}")
    same = here.cells(key)["金额"] == here.row(key)["amount"] == 250
    story.expect(same and lost == 100, "250 on both sides; the 100 that lost can still be read")


def by_a_person(story: Story) -> None:
    """A conflict nobody but a person can settle."""
    key = number(51)
    story.tell.step(
        "A conflict that a person settles",
        f"{key}: both sides write another note within a second. `latest` cannot order that, so it asks",
        "and meanwhile writes neither value; the exit status of the command is 3.",
    )
    here, store = story.stage.orders, story.stage.syncer.store
    here.edit_records({key: {"备注": "周一送"}})
    here.update_row(key, note="周二送")
    story.sync("orders")
    story.both("note", here.cells(key)["备注"], here.row(key)["note"])
    open_ones = store.conflicts("orders")
    story.expect(len(open_ones) == 1, "one open conflict; neither note was overwritten")
    for conflict in open_ones:
        story.tell.command(f"syncer conflicts resolve {conflict.id} --take feishu")
        store.resolve(conflict.id, Side.FEISHU.value, conflict.version)
    story.sync("orders")
    story.both("note", here.cells(key)["备注"], here.row(key)["note"])
    record = here.record_id(key)
    story.tell.command(f"syncer history orders --record {record}")
    last = [one for one in store.history("orders", record=record) if one.side is Side.DATABASE][-1]
    before, after = (shown(stored.stored(forms["note"])) for forms in (last.before, last.after))
    story.tell.say(f"{last.action} in PostgreSQL: note {before} -> {after} ({last.reason})")
    story.expect(
        here.row(key)["note"] == "周一送" and before == "周二送",
        "the chosen note on both sides, the other in the history",
    )
