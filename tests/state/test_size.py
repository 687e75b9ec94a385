"""What a million links will cost."""

from decimal import Decimal

from sqlalchemy import Engine, text

from syncer.core.records import Base, key_text
from syncer.core.values import number
from syncer.ports import Memo
from syncer.state.store import Store
from syncer.testing.world import BEGINNING
from tests.state.rooms import linked

TWELVE = (
    "SO-2026-00000001",
    Decimal("199.5"),
    True,
    BEGINNING,
    "待处理",
    frozenset({"红", "蓝"}),
    "北京市朝阳区某某路 12 号 😀",
    None,
    number("12"),
    "someone@example.com",
    False,
    ("a", "b"),
)


def test_a_link_of_twelve_fields_costs_less_than_seven_hundred_bytes_with_its_indexes(
    store: Store, engine: Engine
) -> None:
    layout = [(f"column_{place}", "text:1") for place in range(len(TWELVE))]
    bases = {name: Base(value, value) for (name, _), value in zip(layout, TWELVE, strict=True)}
    with store.open_run("orders", "full", layout) as memory:
        ids = memory.new_links(3000)
        for start in range(0, len(ids), 1000):
            links = [
                linked(one, bases=bases, record=f"rec{one:011}", key=key_text((number(one),)))
                for one in ids[start : start + 1000]
            ]
            memory.remember(Memo(links=links))
        assert memory.links([ids[7]])[0].link.bases == bases
    with engine.connect() as connection:
        size = connection.scalar(text("SELECT pg_total_relation_size('syncer_state.link')"))
    assert size / 3000 < 700
