"""The beginning: tables with data on one side each, mapping files, and the first sync."""

from syncer.catalog.files import load_files
from syncer.catalog.revisions import digest
from syncer.cli.demo import orders, products
from syncer.cli.demo.story import Story
from syncer.errors import MappingError


def fill(story: Story) -> None:
    """Orders in Bitable, products in PostgreSQL, and nothing on the other side of each."""
    stage = story.stage
    story.tell.step(
        "Two tables, each filled on one side only",
        f"Sales keep {orders.COUNT + 1:,} orders in the Bitable table 订单; sales.orders in PostgreSQL is empty.",
        f"The ERP keeps {products.COUNT} products in sales.products; the Bitable table 商品 is empty.",
    )
    stage.orders.add_records(orders.records())
    stage.products.insert_rows(products.rows())


def apply(story: Story) -> None:
    """The real mapping files, through what ``syncer apply`` does."""
    stage, tell = story.stage, story.tell
    tell.step(
        "Mapping files say which field is which column",
        "One short YAML file a table: pairs of fields, what pairs a record with a row, who wins a conflict.",
        "They are checked against both real tables before anything is made active.",
    )
    tell.command("syncer apply")
    for one in load_files(stage.files, stage.variables).require():
        sides = stage.syncer.look(one.mapping)
        found = stage.syncer.check(sides, one.places)
        if found.faults:
            raise MappingError(found.faults)
        revision = stage.syncer.apply(sides, one.document, digest(one.document), "new")
        tell.say(f"mappings/{one.path.name}: mapping {one.mapping.name}, revision {revision} is active")


def first_sync(story: Story) -> None:
    """Both directions at once: each side fills the other."""
    story.tell.step(
        "The first sync fills the other side of both",
        "Orders go to PostgreSQL, which numbers and stamps them; the stamp goes back to Bitable in the same run.",
        "One order has no number yet. It is no error: it is held back until somebody types the number.",
    )
    of_orders, of_products = story.sync("orders"), story.sync("products")
    story.expect(
        of_orders.linked == orders.COUNT and of_orders.held == 1,
        f"{of_orders.linked:,} orders stand on both sides, one waits for its number",
    )
    story.expect(
        of_products.linked == products.COUNT and not story.stage.products.differences(),
        f"all {products.COUNT} products stand on both sides",
    )
