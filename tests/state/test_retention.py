"""The past is kept for as long as somebody wants to know it, and no longer."""

from sqlalchemy import text

from syncer.core.records import Side
from syncer.ports.memory import Audit, Memo
from syncer.state import migrate
from syncer.state.connect import open_engine
from syncer.state.store import Store
from syncer.testing import FakeClock

DAY = 86_400


def written(store: Store, clock: FakeClock, count: int) -> str:
    """A run that wrote so many lines."""
    with store.open_run("orders", "sync", []) as memory:
        now = clock.now()
        audits = [
            Audit(n, Side.FEISHU, "update", f"rec{n}", None, {}, {"备注": "新"}, "changed", now)
            for n in range(1, count + 1)
        ]
        memory.remember(Memo(audits=audits))
        store.finish_run(memory.run, "done")
        return memory.run


def test_audits_older_than_the_setting_are_forgotten_and_younger_ones_stay(database: str) -> None:
    engine, clock = open_engine(database), FakeClock()
    migrate.upgrade(engine)
    store = Store(engine, clock)
    store.apply("orders", {}, "digest", "new")
    old = written(store, clock, 30)
    clock.move(3 * DAY)
    young = written(store, clock, 20)
    clock.move(2 * DAY)
    assert store.prune_history(0) == 0
    assert store.prune_history(4) == 30
    assert store.prune_history(4) == 0
    assert [sum(map(len, store.audit_pages(run))) for run in (old, young)] == [0, 20]
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM syncer_state.run")) == 2
    engine.dispose()
