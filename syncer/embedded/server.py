"""What the embedded servers have in common: started on first need, shared, ended with the last user."""

import fcntl
import os
import subprocess
import sys
import time
from abc import ABC, abstractmethod
from pathlib import Path
from signal import Signals
from types import TracebackType
from typing import ClassVar, Self

from syncer.embedded import keeper
from syncer.embedded.locks import STEP, alone, held_alone, take
from syncer.embedded.sockets import known_socket_folder, socket_folder
from syncer.errors import MendError, UnreachableError

PATIENCE = 60.0  # seconds for a start, recovery after a crash included
LAUNCHES = 3  # a keeper may find the server of a killed one, which is about to end too


class EmbeddedServer(ABC):
    """One server in one folder. Any number of processes, and of objects in one process, may use it at once.

    A process that ends, or is killed, without ``stop`` counts no longer. A forked child counts until it ends.
    """

    noun: ClassVar[str]
    socket: ClassVar[str]
    stop_signal: ClassVar[Signals]
    setting: ClassVar[str]

    def __init__(self, home: Path | str = ".syncer", *, durable: bool = True) -> None:
        """``durable=False`` trades safety in a power cut for speed, for tests; whoever starts the server decides."""
        self.folder = Path(home).expanduser().resolve() / self.noun.lower()
        self.durable = durable
        self._share: int | None = None

    @abstractmethod
    def url(self) -> str:
        """The address of the running server."""

    @abstractmethod
    def _prepare(self, lock: int) -> None:
        """Make everything a start needs; one process at a time does so. ``lock`` goes to the programs it runs."""

    @abstractmethod
    def _command(self, sockets: Path) -> list[str]:
        """The command that runs the server in the foreground."""

    @property
    @abstractmethod
    def _pid_file(self) -> Path:
        """Where the running server writes its process id, first in the file."""

    @abstractmethod
    def _answers(self) -> bool:
        """Whether a server of this folder is ready for us now."""

    def start(self) -> str:
        """Start the server or attach to it; its URL. Raises ``MendError``, or ``UnreachableError`` with its words."""
        try:
            self._join()
            self._ensure_running()
        except PermissionError as error:
            self._leave()
            raise MendError(
                f"{error.filename} belongs to another account; run as the account that made {self.folder}, "
                "or set SYNCER_HOME to a folder of yours"
            ) from error
        except BaseException:
            self._leave()
            raise
        return self.url()

    def stop(self) -> None:
        """Use it no longer. When nobody else does, the server has ended when this returns."""
        if self._share is None:
            return
        self._leave()
        deadline = time.monotonic() + PATIENCE
        while self._kept() and not self._used_by_others() and time.monotonic() < deadline:
            time.sleep(STEP)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _join(self) -> None:
        if self._share is None:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._share = take(self.folder / "users", fcntl.LOCK_SH, patience=PATIENCE)

    def _leave(self) -> None:
        if self._share is not None:
            # Closing, not unlocking: a forked child may go on using the server.
            os.close(self._share)
            self._share = None

    def _kept(self) -> bool:
        return held_alone(self.folder / "keeper.lock")

    def _used_by_others(self) -> bool:
        """Somebody shares ``users``: neither free nor taken by the keeper, which ends the server then."""
        users = os.open(self.folder / "users", os.O_RDWR)
        try:
            fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return not held_alone(self.folder / "users")
        finally:
            os.close(users)
        return False

    def _ensure_running(self) -> None:
        if self._ready():
            return
        with alone(self.folder / "start.lock", patience=PATIENCE) as lock:
            if not self._ready():
                self._prepare(lock)
                self._launch()

    def _ready(self) -> bool:
        return self._kept() and known_socket_folder(self.folder, self.socket) is not None and self._answers()

    def _launch(self) -> None:
        deadline, launches = time.monotonic() + PATIENCE, 0
        while not self._ready():
            if not self._kept():
                if launches == LAUNCHES:
                    raise UnreachableError(self._complaint("ended at once"))
                self._call_keeper()
                launches += 1
            if time.monotonic() > deadline:
                raise UnreachableError(self._complaint(f"was not ready after {PATIENCE:g} s"))
            time.sleep(STEP)

    def _call_keeper(self) -> None:
        sockets = socket_folder(self.folder, self.socket)
        places = (self.folder, sockets, self._pid_file, int(self.stop_signal))
        program = [sys.executable, "-I", "-S", keeper.__file__, *map(str, places), *self._command(sockets)]
        with (self.folder / "keeper.log").open("wb") as log:
            subprocess.run(  # noqa: S603 - our own program
                program, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, check=False
            )

    def _complaint(self, what: str) -> str:
        said = [line for name in ("keeper.log", "log") for line in _last_lines(self.folder / name)]
        words = "; it said: " + " / ".join(said) if said else ""
        return f"the embedded {self.noun} in {self.folder} {what}{words}; mend that, or set {self.setting}"


def _last_lines(path: Path, count: int = 5) -> list[str]:
    try:
        return path.read_text(errors="replace").strip().splitlines()[-count:]
    except FileNotFoundError:
        return []
