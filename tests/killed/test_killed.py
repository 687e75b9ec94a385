"""A real `syncer sync` is killed at any point, and one more run makes it good: nothing is lost, nothing doubled."""

import pytest

from tests.killed.deaths import ALL, PATIENCE, WANTED, Commands, chosen, survive_all
from tests.killed.mother import Mother
from tests.killed.scene import PatientStage, Shop, simulator_elsewhere

SHARDS = 8 if ALL else 2
FEWEST = 40
LATE = (0.2, 0.5)


class World:
    """The shop, and the process that forks commands over it."""

    def __init__(self, shop, commands):
        self.shop, self.commands = shop, commands

    def begin(self):
        self.shop.edit()
        self.good(self.commands("sync", "orders", "--json"))

    def points(self):
        self.shop.edit()
        self.shop.forget_token()
        points, ended = self.commands.points("orders")
        self.good(ended)
        return points

    def good(self, ended):
        assert ended.status == 3, ended  # the shop's lines that cannot be written
        self.shop.check()
        self.shop.check_audit()
        self.shop.check_memory(self.commands("status", "--json").json())

    def survive(self, point, late=0):
        """Edit both sides, kill a run at the point, run once more: all is well; how soon that run began.

        ``late`` is how many seconds a write takes to take effect, whether or not its sender lives.
        """
        self.shop.edit()
        self.shop.forget_token()
        self.delay(late)
        killed = self.commands.killed("orders", point)
        self.delay(0)
        self.good(self.commands("sync", "orders", "--json"))
        return self.commands.begun_after(killed, "orders")

    def delay(self, seconds):
        self.shop.control.set_latency("bitable.record.batch_[cud]*", seconds)


@pytest.fixture
def world(database, state_database, redis_url, tmp_path):
    with (
        simulator_elsewhere() as simulator,
        PatientStage(simulator, database, state_database, redis_url, tmp_path) as stage,
        Mother(tmp_path) as mother,
    ):
        yield World(Shop(stage), Commands(stage, mother, tmp_path))


@pytest.mark.timeout(PATIENCE)
@pytest.mark.parametrize("shard", range(SHARDS))
def test_wherever_a_run_is_killed_one_more_makes_both_sides_equal_and_the_audit_whole(world, shard):
    world.begin()
    points = chosen(world.points())
    assert WANTED or len(points) >= FEWEST
    survive_all(world.survive, [(point,) for point in points[shard::SHARDS]])


@pytest.mark.timeout(PATIENCE)
@pytest.mark.skipif(bool(WANTED) and not ALL, reason="other points are wanted")
def test_a_call_that_takes_effect_after_its_sender_was_killed_is_neither_lost_nor_doubled(world):
    world.begin()
    writes = [("call:batch_create", 1), ("call:batch_update", 1), ("call:batch_update", 3), ("call:batch_delete", 1)]
    survive_all(world.survive, [((what, "sent", which), late) for late in LATE for what, which in writes])
