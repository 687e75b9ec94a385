"""How runs are killed and made good, whatever world they are killed in: which points, by whom, and how soon after.

``KILL_POINTS`` names them: ``all`` (`make hunt-kill`), or such as ``call:batch_create answered 1,commit:Runs.finish_run
unsent 1``; without it every kind of point is taken once.
"""

import os
import signal

WANTED = list(filter(None, os.environ.get("KILL_POINTS", "").split(",")))
ALL = WANTED == ["all"]
GRACE = 1.0
AT_ONCE = 2.0
"""Seconds after a kill in which the next run has begun."""
TRIES = 3
"""So often it may begin later: a busy machine is late now and then, whoever waits for a timeout is always late."""
PATIENCE = 0 if WANTED else 400
"""Seconds for a test; a hunt has all the time it wants."""


class Commands:
    """Commands that a mother forks, under the environment of one stage."""

    def __init__(self, stage, mother, folder):
        self.stage, self.mother, self.folder = stage, mother, folder
        self.environment = stage.environment()

    def __call__(self, *arguments, **how):
        return self.mother.run(*arguments, environment=self.environment, grace=GRACE, **how)

    def points(self, name):
        """All points of one undisturbed run of a mapping, as (what, phase, which), and how it ended."""
        file = self.folder / "points.txt"
        file.unlink(missing_ok=True)
        ended = self("sync", name, "--json", points=file)
        lines = [line.split() for line in file.read_text("utf-8").splitlines()]
        return [(what, phase, int(which)) for what, phase, which in lines], ended

    def killed(self, name, point):
        """A run that is killed at a point."""
        ended = self("sync", name, wanted=point)
        assert ended.status == -signal.SIGKILL, f"the run did not pass this point: {ended}"
        return ended

    def begun_after(self, killed, name):
        """Seconds from a kill to the beginning of the last run."""
        found = self.stage.state(
            "SELECT extract(epoch FROM max(r.started_at))::float8 FROM syncer_state.run r"
            " JOIN syncer_state.mapping m ON m.id = r.mapping WHERE m.name = %s",
            name,
        )
        return found[0][0] - killed.at


def chosen(points):
    """Every kind of point once, at another of its moments each time; all of them in a hunt."""
    if ALL:
        return points
    if WANTED:
        return [(*point.split()[:2], int(point.split()[2])) for point in WANTED]
    kinds = {}
    for point in points:
        kinds.setdefault(point[:2], []).append(point)
    return [found[(7 * place) % len(found)] for place, found in enumerate(kinds.values())]


def survive_all(survive, deaths):
    """``survive`` kills a run as each of the deaths says, makes it good, and tells how soon the next run began."""
    for death in deaths:
        try:
            waits = [survive(*death)]
            while min(waits) >= AT_ONCE and len(waits) < TRIES:
                waits.append(survive(*death))
            assert min(waits) < AT_ONCE, f"the next run waits for something: {waits}"
        except AssertionError as error:
            raise AssertionError(f"killed at {death}: {error}") from error
