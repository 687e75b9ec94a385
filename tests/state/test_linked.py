"""Which record and which row are one line: asked of the state store together, remembered within bounds."""

from sqlalchemy import Engine, event

from syncer.ports.signals import SignalKind
from syncer.state import linked as links
from syncer.state import noticing
from syncer.state.linked import LinkedLines
from syncer.state.store import Store
from tests.state.rooms import LAYOUT, D, F, linked, remember


def test_answers_are_kept_within_bounds_and_asked_for_again(store: Store, engine: Engine, monkeypatch) -> None:
    monkeypatch.setattr(links, "MOST", 10)
    with store.open_run("orders", "full", LAYOUT) as memory:
        remember(memory, *(linked(number) for number in range(1, 41)))
    asked = []
    event.listen(engine, "before_cursor_execute", lambda *told: asked.append(told[2]))
    lines = LinkedLines(engine)
    for start in range(1, 41, 5):
        lines.meet("orders", [f"f{n}" for n in range(start, start + 5)], ())
        assert [lines.key("orders", f"f{n}") for n in range(start, start + 5)] == [
            f"d{n}" for n in range(start, start + 5)
        ]
    assert len(lines._keys) == 10
    lines.meet("orders", [f"f{n}" for n in range(1, 31)], [f"d{n}" for n in range(1, 31)])  # more than are kept
    assert [lines.key("orders", f"f{n}") for n in (1, 30)] == ["d1", "d30"]
    assert [lines.record("orders", f"d{n}") for n in (1, 30)] == ["f1", "f30"]
    assert len([one for one in asked if "syncer_state.link" in one]) == 10


def test_many_lines_that_wait_are_woken_by_one_poll(store: Store, engine: Engine, monkeypatch) -> None:
    monkeypatch.setattr(noticing, "MOST_WOKEN", 5)
    document = {"document": {"fields": [{"field": "客户", "column": "customer", "link": "customers"}]}}
    store.apply("linking", document, "x", "new")
    signals = store.noticing.signals("linking")
    for most, kinds in ((4, {(D, SignalKind.LINE)}), (5, {(D, SignalKind.POLL)})):
        with store.open_run("linking", "full", LAYOUT) as memory:
            remember(memory, *(linked(number, prints={}) for number in range(1, most + 1)))
        store.noticing.wake_pending("customers")
        woken = signals.claim(100)
        assert {(one.side, one.kind) for one in woken} == kinds
        signals.settle(woken)
    signals.leave(F, [f"rec{n}" for n in range(17)], "held")
    store.noticing.wake_pending("customers")
    assert len([one for one in signals.claim(100) if one.kind is SignalKind.LINE]) == 17
