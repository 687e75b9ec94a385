"""Ten thousand lines with one cause read as one entry, and are retried and forgotten as one."""

from syncer.core.records import Side
from syncer.ports.memory import FailureNote, Memo
from syncer.state import migrate
from syncer.state.connect import open_engine
from syncer.state.store import Store
from syncer.testing import FakeClock

MANY = 10_000


def test_ten_thousand_failures_of_one_cause_are_one_entry(database: str) -> None:
    engine, clock = open_engine(database), FakeClock()
    migrate.upgrade(engine)
    store = Store(engine, clock)
    store.apply("orders", {}, "digest", "new")

    def note(number: int, message: str) -> FailureNote:
        place = (None, f"rec{number:08}x", None)
        return FailureNote(Side.DATABASE, *place, "note", "备注", "22001", message, b"", None, clock.now())

    with store.open_run("orders", "sync", []) as memory:
        many = [note(n, f"the value '很长 {n}' of rec{n:08}x has {n} characters too many") for n in range(MANY)]
        memory.remember(Memo(failures=[*many, note(MANY, "something else altogether")]))
        store.finish_run(memory.run, "done")
    one, other = store.failure_groups("orders")
    assert (one.count, other.count, len(one.samples)) == (MANY, 1, 3)
    assert one.reason == "the value … of … has … characters too many"
    assert len(store.alike(one.samples[0].id)) == MANY
    assert store.retry(store.alike(one.samples[0].id), mapping="orders") == MANY
    assert store.discard(store.alike(one.samples[0].id)) == MANY
    assert [group.count for group in store.failure_groups()] == [1]
    engine.dispose()
