"""Hunt for seeds that break a promise, or replay one: ``python -m tests.convergence hunt --seconds 60``."""

import argparse
import sys
import time
import traceback
from collections import Counter

from tests.convergence.checks import settle
from tests.convergence.machine import Machine


def whole(seed: int) -> Machine:
    machine = Machine(seed)
    machine.live()
    settle(machine)
    return machine


def hunt(seconds: float, start: int, most: int) -> int:
    began, seed, found = time.monotonic(), start, Counter()
    while time.monotonic() - began < seconds:
        try:
            whole(seed)
        except Exception as error:  # noqa: BLE001 - whatever breaks is what we hunt for
            frame = traceback.extract_tb(error.__traceback__)[-1]
            found[f"{type(error).__name__} {frame.name}"] += 1
            tell(f"seed {seed}: {type(error).__name__} in {frame.name}: {str(error)[:300]}")
            if sum(found.values()) >= most:
                break
        seed += 1
    tell(f"{seed - start} seeds in {time.monotonic() - began:.1f} s: {dict(found)}")
    return bool(found)


def replay(seed: int) -> int:
    machine = Machine(seed)
    try:
        machine.live()
        settle(machine)
    finally:
        tell("\n".join(machine.trace))
    return 0


def tell(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=["hunt", "replay"])
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--start", type=int, default=int(time.time()))
    parser.add_argument("--most", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    sys.exit(replay(given.seed) if given.what == "replay" else hunt(given.seconds, given.start, given.most))
