"""A real `syncer sync` is killed at any point, and one more run makes it good: nothing is lost, nothing doubled."""

import os
import signal

import pytest

from tests.killed.mother import Mother
from tests.killed.scene import PatientStage, Shop, simulator_elsewhere

WANTED = list(filter(None, os.environ.get("KILL_POINTS", "").split(",")))
"""``all`` (`make hunt-kill`), or such as ``call:batch_create answered 1,commit:Runs.finish_run unsent 1``."""
SHARDS = 8 if WANTED == ["all"] else 2
FEWEST = 40
SOON = 10.0
"""Seconds, most of them for a busy machine to start a process; a lease that is waited for would take 60."""
GRACE = 1.0
LATE = (0.2, 0.5)


class World:
    """The shop, and the process that forks commands over it."""

    def __init__(self, shop, mother, folder):
        self.shop, self.mother, self.folder = shop, mother, folder
        self.environment = shop.stage.environment()

    def command(self, *arguments, **how):
        return self.mother.run(*arguments, environment=self.environment, grace=GRACE, **how)

    def points(self):
        """All points of one undisturbed run, as (what, phase, which)."""
        file = self.folder / "points.txt"
        self.shop.edit()
        self.shop.forget_token()
        ended = self.command("sync", "orders", "--json", points=file)
        self.good(ended)
        lines = [line.split() for line in file.read_text("utf-8").splitlines()]
        return [(what, phase, int(which)) for what, phase, which in lines]

    def good(self, ended):
        assert ended.status == 3, ended  # the shop's lines that cannot be written
        self.shop.check()
        self.shop.check_audit()
        self.shop.check_memory(self.command("status", "--json").json())

    def survive(self, point, late=None):
        """Edit both sides, kill a run at the point, run once more: all is well; false if the point was never reached.

        ``late`` is how many seconds a write takes to take effect, whether or not its sender lives.
        """
        self.shop.edit()
        self.shop.forget_token()
        self.delay(late or 0)
        killed = self.command("sync", "orders", wanted=point)
        self.delay(0)
        ended = self.command("sync", "orders", "--json")
        self.good(ended)
        assert self.last_run_began() - killed.at < SOON
        return killed.status == -signal.SIGKILL

    def delay(self, seconds):
        self.shop.control.set_latency("bitable.record.batch_[cud]*", seconds)

    def last_run_began(self):
        found = self.shop.stage.state("SELECT extract(epoch FROM max(started_at))::float8 FROM syncer_state.run")
        return found[0][0]


@pytest.fixture
def world(database, second_database, redis_url, tmp_path):
    with (
        simulator_elsewhere() as simulator,
        PatientStage(simulator, database, second_database, redis_url, tmp_path) as stage,
        Mother(tmp_path) as mother,
    ):
        yield World(Shop(stage), mother, tmp_path)


def chosen(points):
    """Every kind of point once, at another of its moments each time; all of them in a hunt."""
    if WANTED == ["all"]:
        return points
    if WANTED:
        return [(*point.split()[:2], int(point.split()[2])) for point in WANTED]
    kinds = {}
    for point in points:
        kinds.setdefault(point[:2], []).append(point)
    return [found[(7 * place) % len(found)] for place, found in enumerate(kinds.values())]


@pytest.mark.timeout(0 if WANTED else 400)
@pytest.mark.parametrize("shard", range(SHARDS))
def test_wherever_a_run_is_killed_one_more_makes_both_sides_equal_and_the_audit_whole(world, shard):
    world.shop.edit()
    world.good(world.command("sync", "orders", "--json"))
    points = chosen(world.points())
    assert WANTED or len(points) >= FEWEST
    survive_all(world, [(point, None) for point in points[shard::SHARDS]])


@pytest.mark.timeout(400)
def test_a_call_that_takes_effect_after_its_sender_was_killed_is_neither_lost_nor_doubled(world):
    world.shop.edit()
    world.good(world.command("sync", "orders", "--json"))
    writes = [("call:batch_create", 1), ("call:batch_update", 1), ("call:batch_update", 3), ("call:batch_delete", 1)]
    survive_all(world, [((what, "sent", which), late) for late in LATE for what, which in writes])


def survive_all(world, deaths):
    for point, late in deaths:
        try:
            assert world.survive(point, late), "the run did not pass this point"
        except AssertionError as error:
            raise AssertionError(f"killed at {point}, writes late by {late}: {error}") from error
