"""Hunt for storms that a sync does not come through: ``python -m tests.faults --seconds 600 --seed 100``.

``--real``: calls really last 150 ms and timeouts 2 s, no wait is cut short, and a call of unknown outcome has the usual
10 s to show its effect. Prints how many times the undisturbed time every seed took.
"""

import argparse
import json
import statistics
import sys
import time
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from syncer.embedded.postgres import EmbeddedPostgres
from syncer.embedded.redis import EmbeddedRedis
from syncer.simulator.server import SimulatorServer
from tests.faults.storm import HURRIED, REAL, StormStage, World


class RealStage(StormStage):
    pressure = REAL


def hunt(wanted):
    """Seed after seed until the time is over; how many were not right or took too long."""
    stage_of = RealStage if wanted.real else StormStage
    with (
        TemporaryDirectory() as home,
        EmbeddedPostgres(Path(home), durable=False) as postgres,
        EmbeddedRedis(Path(home), durable=False) as redis,
        SimulatorServer(seed=wanted.seed) as simulator,
        stage_of(
            simulator, postgres.create_database("a"), postgres.create_database("b"), redis.url(), Path(home)
        ) as stage,
    ):
        return _seeds(World(stage), wanted)


def _seeds(world, wanted):
    world.begin()
    world.sync()
    usual = statistics.median(_round(world, -seed, None).seconds for seed in range(1, 4))
    began, seed, late, ratios = time.monotonic(), wanted.seed, 0, []
    while time.monotonic() - began < wanted.seconds:
        weather = _round(world, seed, Random(seed))
        ratios.append(weather.seconds / usual)
        late += ratios[-1] >= 4
        met = {kind: count for kind, count in weather.met.items() if count}
        tell(f"seed {seed}: {weather.seconds:.1f} s, {ratios[-1]:.2f} times the usual {usual:.1f} s; {met}")
        seed += 1
    world.check_quiet()
    pressure = "real time" if world.stage.pressure is not HURRIED else "hurried time"
    ratio = {"mean": statistics.mean(ratios), "most": max(ratios)}
    sys.stderr.write(json.dumps({"seeds": len(ratios), "late": late, "usual_seconds": usual, "ratio": ratio}) + "\n")
    tell(f"{len(ratios)} seeds right, {late} of them late ({pressure}); ratio {statistics.mean(ratios):.2f} on average")
    return late


def _round(world, seed, rng):
    world.edit(Random(seed))
    weather = world.sync(rng)
    world.check()
    return weather


def tell(text):
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--real", action="store_true")
    sys.exit(min(1, hunt(parser.parse_args())))
