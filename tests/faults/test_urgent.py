"""A run that somebody waits for: every one of its calls is urgent, and none of another run."""

from syncer.batching.askers import Asker
from tests.engine.tables import equal, insert, numbered, orders


def test_an_urgent_run_asks_urgently_in_all_its_threads_and_the_next_one_does_not(stage):
    pair = orders(stage)
    pair.add(*numbered(30))
    insert(pair, *((f"B{number}", number, None) for number in range(30)))
    asked = listen(stage)
    assert pair.sync(urgent=True, batch=10).status == "done"
    assert set(asked) == {Asker("orders", urgent=True)}
    asked.clear()
    assert pair.full().status == "done"
    assert set(asked) == {Asker("orders")}
    assert len(equal(pair)) == 60


def listen(stage):
    """Who asks the pacer from now on."""
    pacer, asked = stage.syncer.shared.pacer, []
    take = pacer.take

    def heard(key, quota, who):
        asked.append(who)
        return take(key, quota, who)

    pacer.take = heard
    return asked
