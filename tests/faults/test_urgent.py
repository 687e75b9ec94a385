"""A run that somebody waits for: every one of its calls is urgent, and none of another run."""

from syncer.batching.askers import Asker
from tests.engine.tables import ORDER_FIELDS, equal, insert, numbered, orders


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

    def heard(key, quota, who, **more):
        asked.append(who)
        return take(key, quota, who, **more)

    pacer.take = heard
    return asked


def test_the_weight_of_a_mapping_is_the_weight_of_all_its_calls_and_changing_it_pairs_nothing_anew(stage):
    pair = orders(stage)
    pair.add(*numbered(5))
    assert pair.sync().status == "done"
    stage.apply("orders", pair.place, pair.table, pair.key, ORDER_FIELDS + "weight: 2.5\n")
    before, asked = pair.truth(), listen(stage)
    pair.add(*numbered(5, 5))
    assert pair.full().status == "done"
    assert set(asked) == {Asker("orders", weight=2.5)}
    assert len(equal(pair)) == 10
    assert [row[0] for row in pair.truth()[2][:5]] == [row[0] for row in before[2]]  # written by nobody since
