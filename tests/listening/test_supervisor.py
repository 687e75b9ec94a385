"""Children are started anew, ended in order, and never outlive their parent."""

import itertools
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time

import pytest

from syncer.listening.supervisor import LONGEST, REFUSED_SECONDS, Supervisor
from tests.listening.scene import ROOT, alive, until

SLEEPER = (sys.executable, "-c", "import time; time.sleep(600)")
DEAF = (
    sys.executable,
    "-c",
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(600)",
)


def ends(status: int) -> tuple[str, ...]:
    return (sys.executable, "-S", "-c", f"raise SystemExit({status})")


def starts(supervisor: Supervisor, now: list[float], seconds: float, name: str = "part") -> list[float]:
    """When a child that ends at once was started, by a clock that we move."""
    seen, end = [], now[0] + seconds
    while now[0] < end:
        before = supervisor.children[name].process
        supervisor.tick()
        child = supervisor.children[name]
        if child.process is not None and child.process is not before:
            seen.append(now[0])
            child.process.wait(10)
        now[0] += 0.5
    return seen


def test_a_child_that_ends_is_started_anew_ever_more_slowly():
    now = [1000.0]
    supervisor = Supervisor(now=lambda: now[0])
    with supervisor.ending():
        supervisor.want({"part": ends(1)})
        seen = starts(supervisor, now, 250)
    apart = [later - earlier for earlier, later in itertools.pairwise(seen)]
    assert len(apart) >= 6
    assert apart == sorted(apart)
    assert LONGEST <= apart[-1] <= LONGEST + 1


def test_a_child_that_was_refused_waits_long():
    now = [0.0]
    supervisor = Supervisor(now=lambda: now[0])
    with supervisor.ending():
        supervisor.want({"part": ends(2)})
        seen = starts(supervisor, now, REFUSED_SECONDS + 5)
    assert len(seen) == 2
    assert seen[1] - seen[0] >= REFUSED_SECONDS


def test_a_child_that_lived_long_is_started_anew_at_once():
    now = [0.0]
    supervisor = Supervisor(now=lambda: now[0])
    with supervisor.ending():
        supervisor.want({"part": SLEEPER})
        for _ in range(4):
            supervisor.tick()
            os.kill(supervisor.pids()["part"], signal.SIGKILL)
            supervisor.children["part"].process.wait(10)
            now[0] += LONGEST + 1
            supervisor.tick()
            now[0] += 1.0
    assert supervisor.children == {}


def test_only_what_is_wanted_runs():
    supervisor = Supervisor()
    with supervisor.ending():
        supervisor.want({"one": SLEEPER, "two": SLEEPER})
        supervisor.tick()
        first = dict(supervisor.pids())
        supervisor.want({"two": SLEEPER, "three": SLEEPER})
        supervisor.tick()
        then = dict(supervisor.pids())
        assert then.keys() == {"two", "three"}
        assert then["two"] == first["two"]
        assert not alive(first["one"])
    assert not any(alive(pid) for pid in then.values())


def test_a_child_that_does_not_listen_is_killed():
    supervisor = Supervisor(patience=0.5)
    with supervisor.ending():
        supervisor.want({"deaf": DEAF})
        supervisor.tick()
        pid = supervisor.pids()["deaf"]
        time.sleep(0.5)
    assert not alive(pid)


def test_what_is_wanted_may_be_unknown_for_a_while(caplog):
    answers = [{"part": SLEEPER}, ConnectionError("the store is away"), {"part": SLEEPER}]
    stop, pids = threading.Event(), []
    supervisor = Supervisor()

    def wanted():
        pids.append(supervisor.pids().get("part"))
        if not answers:
            stop.set()
            return {"part": SLEEPER}
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    supervisor.run(stop, wanted, every=0.15)
    assert pids[0] is None
    assert len(set(pids[1:])) == 1
    assert "the store is away" in caplog.text


@pytest.mark.parametrize("way", [signal.SIGKILL, signal.SIGTERM])
def test_no_child_outlives_its_parent(way, tmp_path):
    child = """if True:
        import sys, time
        from syncer.listening.orphans import end_with
        end_with(int(sys.argv[1]))
        time.sleep(600)
    """
    parent = f"""
        import os, sys, threading
        from syncer.cli.stopping import stopped_by_signals
        from syncer.listening.supervisor import Supervisor
        stop, supervisor = threading.Event(), Supervisor()
        def wanted():
            print(*supervisor.pids().values(), flush=True)
            return {{"part": (sys.executable, "-c", {child!r}, str(os.getpid()))}}
        with stopped_by_signals(stop.set):
            supervisor.run(stop, wanted, every=0.2)
    """
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(parent)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout.readline() == "\n"
        pid = int(process.stdout.readline())
        assert alive(pid)
        process.send_signal(way)
        process.wait(20)
        until(lambda: not alive(pid), 5, "the end of the child")
        assert process.returncode == (0 if way is signal.SIGTERM else -way)
