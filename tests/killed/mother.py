"""A process that has loaded everything a command needs and forks a real one for every order.

``import lark_oapi`` takes seconds; a forked child has it at once. The child runs ``syncer.cli.main.main`` as the
console script does, under its own environment, with its output in files. Orders and answers are lines of JSON.

Run as ``python -m tests.killed.mother``; imported, it is the other end: ``Mother``.
"""

import json
import os
import subprocess
import sys
import time
import traceback
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from syncer.feishu.transport import sdk

ROOT = Path(__file__).parents[2]
OURS = ("SYNCER_", "FEISHU_")


@dataclass(frozen=True)
class Ended:
    """How a command ended: its exit status (negative: the signal that killed it), when, and what it printed."""

    status: int
    at: float
    out: str
    err: str

    def json(self):
        return json.loads(self.out)


class Mother:
    """The test's end. Use it as a context."""

    def __init__(self, folder):
        self._folder = folder

    def __enter__(self):
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.killed.mother"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        return self

    def __exit__(self, *_):
        self._process.stdin.close()
        self._process.wait(20)
        self._process.stdout.close()

    def run(self, *arguments, environment, wanted=None, points=None, grace=10.0):
        """Run ``syncer ARGUMENTS`` to its end: its own, or death at the wanted point."""
        files = {name: str(self._folder / f"{name}.txt") for name in ("out", "err")}
        order = {"arguments": arguments, "environment": environment, "wanted": wanted, "grace": grace, **files}
        order |= {"points": str(points) if points else None, "folder": str(self._folder)}
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        return Ended(answer["status"], answer["at"], *(Path(file).read_text("utf-8") for file in files.values()))


def serve():
    """Take orders until nobody gives any."""
    load()
    for line in sys.stdin:
        order = json.loads(line)
        child = os.fork()
        if not child:
            live(order)
        _, status = os.waitpid(child, 0)
        answer = {"status": os.waitstatus_to_exitcode(status), "at": time.time()}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


def load():
    """What a command loads while it runs."""
    from syncer.cli.commands import MODULES

    for name in ("sync", "status"):
        import_module(MODULES[name][0])
    import_module("syncer.feishu.bitable")
    import_module("syncer.wiring")
    sdk()


def live(order):
    """Be the command; never returns."""
    status = 70
    try:
        prepare(order)
        from syncer.cli.main import main

        main(list(order["arguments"]))
    except SystemExit as leaving:
        status = leaving.code if isinstance(leaving.code, int) else 0
    except BaseException:  # noqa: BLE001 - a child must never go on as if it were the mother
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def prepare(order):
    from syncer.wiring import Syncer
    from tests.killed.points import Points, install

    os.chdir(order["folder"])
    for number, name in ((1, "out"), (2, "err")):
        os.dup2(os.open(order[name], os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
    for name in [name for name in os.environ if name.startswith(OURS)]:
        del os.environ[name]
    os.environ.update(order["environment"])
    Syncer.__init__.__kwdefaults__["grace"] = order["grace"]
    if order["wanted"] or order["points"]:
        install(Points(order["wanted"], order["points"]))


if __name__ == "__main__":
    serve()
