"""The keeper: a small process that runs one embedded server and ends it when its last user has gone.

Run as a file with the standard library alone (``python -I -S keeper.py FOLDER SOCKETS PIDFILE SIGNAL COMMAND...``), so
that it starts in milliseconds. Three files of FOLDER are locks, let go of by the kernel when their holders end:

- ``users``: shared by every process that uses the server. Having it alone means that nobody does.
- ``server.lock``: held by the server and its children through an inherited descriptor, while one of them lives.
- ``keeper.lock``: held by the keeper. When one was killed the next finds its server by PIDFILE and goes on keeping it.
"""

import fcntl
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

PATIENCE = 30.0  # seconds a server has to end by itself


def main(arguments: list[str]) -> None:
    """Take the keeper's lock, leave the starter, keep until the server or its last user has ended."""
    folder, sockets, pid_file = (Path(argument) for argument in arguments[:3])
    stop, command = signal.Signals(int(arguments[3])), arguments[4:]
    keeping = _try_lock(folder / "keeper.lock", patience=1.0)
    if keeping is None or os.fork():
        return  # another keeper has it; or: the starter need not wait for the child any longer
    # Asked to end, it ends the server first; with the server's end its own comes, in _outlive.
    signal.signal(signal.SIGTERM, lambda *_: _tell(pid_file, stop, patience=1.0))
    _run(folder, pid_file, command)
    ended = threading.Thread(target=_outlive, args=(folder, sockets), daemon=True)
    ended.start()
    _wait_alone(folder / "users")
    _end(pid_file, stop, ended)


def _run(folder: Path, pid_file: Path, command: list[str]) -> None:
    alive = _try_lock(folder / "server.lock", patience=0.0)
    if alive is None:
        return  # a former keeper was killed; its server lives on
    pid_file.unlink(missing_ok=True)
    log = folder / "log"
    if log.exists():
        log.replace(folder / "log.before")
    with log.open("wb") as out:
        subprocess.Popen(  # noqa: S603 - the command is the starter's own
            command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, cwd=folder, pass_fds=[alive], close_fds=True
        )
    os.close(alive)


def _outlive(folder: Path, sockets: Path) -> None:
    # Let go of before the keeper's own lock: the next keeper must not take it for a server that lives.
    os.close(_wait_alone(folder / "server.lock"))
    with suppress(ChildProcessError):  # a former keeper's server is no child of ours
        os.wait()
    shutil.rmtree(sockets, ignore_errors=True)
    os._exit(0)  # the main thread may still wait for the users


def _end(pid_file: Path, stop: signal.Signals, ended: threading.Thread) -> None:
    _tell(pid_file, stop, patience=PATIENCE)
    ended.join(PATIENCE)
    _tell(pid_file, signal.SIGKILL, patience=0)
    ended.join()


def _tell(pid_file: Path, what: signal.Signals, *, patience: float) -> None:
    """Signal the server as soon as it has written its process id; it can do so only while it lives."""
    deadline = time.monotonic() + patience
    while True:
        try:
            os.kill(int(pid_file.read_text().split()[0]), what)
        except (FileNotFoundError, IndexError, ProcessLookupError):
            if time.monotonic() > deadline:
                return
            time.sleep(0.01)
        else:
            return


def _wait_alone(path: Path) -> int:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    return descriptor


def _try_lock(path: Path, *, patience: float) -> int | None:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    deadline = time.monotonic() + patience
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                os.close(descriptor)
                return None
            time.sleep(0.01)  # a look at the lock by somebody else passes
        else:
            return descriptor


if __name__ == "__main__":
    main(sys.argv[1:])
