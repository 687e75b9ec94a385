"""A process that has loaded everything and forks the syncer's parts: loading the SDK takes seconds, for each of them.

A part is a real process with a session of its own, its own environment, and its output in a file. Orders and answers
are lines of JSON. Run as ``python -m tests.worker.mother``; imported, it is the other end: ``Mother``.
"""

import json
import os
import signal
import subprocess
import sys
import threading
import traceback
from importlib import import_module
from pathlib import Path

from tests.killed.points import Points, install

ROOT = Path(__file__).parents[2]


class Mother:
    """The test's end. Use it as a context."""

    def __enter__(self):
        self._lock = threading.Lock()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.worker.mother"],
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

    def start(self, arguments, environment, folder, log, freezes_at=None):
        """The id of a new process. ``freezes_at``: a point of ``tests.killed.points`` where it stops itself."""
        words = {"arguments": list(arguments), "environment": environment, "folder": str(folder), "log": str(log)}
        words["freezes_at"] = freezes_at
        return self._ask(words)

    def status(self, pid):
        """How a process ended, as ``Popen.returncode``; ``None`` while it lives."""
        return self._ask({"pid": pid})

    def _ask(self, words):
        with self._lock:
            self._process.stdin.write(json.dumps(words) + "\n")
            self._process.stdin.flush()
            return json.loads(self._process.stdout.readline())


def serve():
    """Take orders until nobody gives any."""
    load()
    ended = {}
    for line in sys.stdin:
        order = json.loads(line)
        answer = look(order["pid"], ended) if "pid" in order else os.fork() or live(order)
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


def look(pid, ended):
    if pid not in ended:
        found, status = os.waitpid(pid, os.WNOHANG)
        if not found:
            return None
        ended[pid] = os.waitstatus_to_exitcode(status)
    return ended[pid]


def load():
    from syncer.feishu.transport import sdk

    for name in ("syncer.cli.worker", "syncer.worker.process", "syncer.worker.beat", "syncer.feishu.bitable"):
        import_module(name)
    for name in ("celery.apps.worker", "celery.concurrency.prefork", "kombu.transport.redis", "celery.app.amqp"):
        import_module(name)
    sdk()


class Freezing(Points):
    """Stops the process where it would be killed; SIGCONT lets it go on."""

    @staticmethod
    def die():
        os.kill(os.getpid(), signal.SIGSTOP)


def live(order):
    """Be the part; never returns."""
    status = 70
    try:
        os.setsid()
        os.chdir(order["folder"])
        out = os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        for number, file in ((0, os.open(os.devnull, os.O_RDONLY)), (1, out), (2, out)):
            os.dup2(file, number)
        os.environ.clear()
        os.environ.update(order["environment"])
        signal.signal(signal.SIGINT, signal.default_int_handler)
        from syncer.cli.main import main
        from syncer.wiring import Syncer

        Syncer.__init__.__kwdefaults__["grace"] = 0.5
        if order["freezes_at"]:
            install(Freezing(order["freezes_at"]))
        main(order["arguments"])
    except SystemExit as leaving:
        status = leaving.code if isinstance(leaving.code, int) else 0
    except BaseException:  # noqa: BLE001 - a child must never go on as if it were the mother
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


if __name__ == "__main__":
    serve()
