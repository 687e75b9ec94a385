"""Embedded servers among real processes, ended by themselves and killed for real."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
import redis

from syncer.embedded.postgres import EmbeddedPostgres
from syncer.embedded.redis import EmbeddedRedis
from syncer.embedded.server import EmbeddedServer

PATIENCE = 20  # seconds

USER = """
import sys
from {module} import {name}
server = {name}(sys.argv[1], durable=False)
print(server.start(), flush=True)
sys.stdin.readline()
"""


class User:
    """Another process that uses the server until it is told to end, or killed."""

    def __init__(self, kind: type[EmbeddedServer], home: Path) -> None:
        code = USER.format(module=kind.__module__, name=kind.__name__)
        self.process = subprocess.Popen(
            [sys.executable, "-c", code, str(home)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def url(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def end(self) -> None:
        self.process.communicate("\n", timeout=PATIENCE)

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate(timeout=PATIENCE)


def processes_of(home: Path) -> dict[int, str]:
    """Every living process of this machine that names the home: servers and keepers, by process id."""
    found = {}
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if str(home) in command and int(entry.name) != os.getpid():
            found[int(entry.name)] = command
    return found


def keeper_of(home: Path) -> int:
    (keeper,) = (pid for pid, command in processes_of(home).items() if "keeper.py" in command)
    return keeper


def server_of(server: EmbeddedServer) -> int:
    return int(server._pid_file.read_text().split()[0])


def eventually(what: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + PATIENCE
    while not what() and time.monotonic() < deadline:
        time.sleep(0.02)
    return what()


def kill(pid: int) -> None:
    """Killed for real, and gone when this returns."""
    os.kill(pid, signal.SIGKILL)
    assert eventually(lambda: ended(pid))


def ended(pid: int) -> bool:
    """Nobody may have asked yet how it ended: such a process is still listed."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return True


def write(url: str) -> None:
    if url.startswith("unix:"):
        with redis.Redis.from_url(url) as client:
            client.incr("written")
        return
    with psycopg.connect(url.replace("+psycopg", "")) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS written (at timestamptz DEFAULT now())")
        connection.execute("INSERT INTO written DEFAULT VALUES")


def written(url: str) -> int:
    if url.startswith("unix:"):
        with redis.Redis.from_url(url) as client:
            return int(client.get("written") or 0)
    with psycopg.connect(url.replace("+psycopg", "")) as connection:
        row = connection.execute("SELECT count(*) FROM written").fetchone()
        return row[0] if row else 0


@pytest.fixture(params=[EmbeddedPostgres, EmbeddedRedis], ids=["postgres", "redis"])
def kind(request: pytest.FixtureRequest) -> type[EmbeddedServer]:
    return request.param


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """A home; whatever a failing test leaves running in it ends with the test."""
    yield tmp_path / "主页"
    for pid in processes_of(tmp_path):
        os.kill(pid, signal.SIGKILL)


def test_the_last_user_ends_the_server_and_nothing_lingers(kind: type[EmbeddedServer], home: Path) -> None:
    first, second = kind(home, durable=False), kind(home, durable=False)
    url = first.start()
    assert second.start() == url
    write(url)

    first.stop()
    write(url)
    assert written(url) == 2

    second.stop()
    assert eventually(lambda: processes_of(home) == {})
    assert list(home.rglob("*.sock")) + list(home.rglob(".s.PGSQL*")) == []


def test_what_was_written_is_there_after_the_next_start(kind: type[EmbeddedServer], home: Path) -> None:
    with kind(home) as server:
        write(server.url())
    with kind(home) as server:
        assert written(server.url()) == 1


def test_a_server_outlives_the_process_that_started_it(kind: type[EmbeddedServer], home: Path) -> None:
    starter = User(kind, home)
    url = starter.url()
    with kind(home, durable=False) as server:
        starter.end()
        time.sleep(0.2)
        write(url)
        assert server.start() == url
    assert eventually(lambda: processes_of(home) == {})


def test_users_that_are_killed_count_no_longer(kind: type[EmbeddedServer], home: Path) -> None:
    users = [User(kind, home) for _ in range(2)]
    urls = {user.url() for user in users}
    assert len(urls) == 1
    users[0].kill()
    write(urls.pop())
    users[1].kill()
    assert eventually(lambda: processes_of(home) == {})


def test_a_killed_user_leaves_a_server_that_the_next_one_attaches_to(kind: type[EmbeddedServer], home: Path) -> None:
    with kind(home, durable=False) as server:
        pid = server_of(server)
        user = User(kind, home)
        user.url()
        user.kill()
        with kind(home, durable=False) as another:
            write(another.url())
            assert server_of(another) == pid


def test_processes_that_start_at_once_get_one_server(kind: type[EmbeddedServer], home: Path) -> None:
    users = [User(kind, home) for _ in range(4)]
    assert len({user.url() for user in users}) == 1
    assert len([command for command in processes_of(home).values() if "keeper.py" in command]) == 1
    for user in users:
        user.end()
    assert eventually(lambda: processes_of(home) == {})


def test_starting_while_the_server_is_being_ended_waits_and_starts_anew(kind: type[EmbeddedServer], home: Path) -> None:
    for count in range(1, 8):
        with kind(home) as server:
            write(server.url())
            assert written(server.url()) == count


def test_a_start_that_is_killed_leaves_nothing_half_made(kind: type[EmbeddedServer], home: Path) -> None:
    for moment in (0.35, 0.5, 0.7):
        user = User(kind, home)
        time.sleep(moment)
        user.kill()
    with kind(home, durable=False) as server:
        write(server.url())
        assert written(server.url()) == 1
    assert eventually(lambda: processes_of(home) == {})


def test_a_killed_server_is_started_again_with_what_it_had(kind: type[EmbeddedServer], home: Path) -> None:
    with kind(home) as server:
        write(server.url())
        time.sleep(1.1 if kind is EmbeddedRedis else 0)  # Redis promises all but the last second
        kill(server_of(server))
        assert written(server.start()) == 1
    assert eventually(lambda: processes_of(home) == {})


def test_a_killed_keeper_is_replaced_and_ends_the_server_it_found(kind: type[EmbeddedServer], home: Path) -> None:
    with kind(home, durable=False) as server:
        pid = server_of(server)
        kill(keeper_of(home))
        write(server.url())
        server.start()
        assert server_of(server) == pid
        assert keeper_of(home)
    assert eventually(lambda: processes_of(home) == {})


def test_a_keeper_and_its_server_killed_together_are_both_replaced(kind: type[EmbeddedServer], home: Path) -> None:
    with kind(home) as server:
        write(server.url())
        os.kill(keeper_of(home), signal.SIGKILL)
        os.kill(server_of(server), signal.SIGKILL)
        assert eventually(lambda: processes_of(home) == {})
        server.start()
        write(server.url())
    assert eventually(lambda: processes_of(home) == {})


def test_a_keeper_that_is_asked_to_end_takes_its_server_along(kind: type[EmbeddedServer], home: Path) -> None:
    server = kind(home, durable=False)
    server.start()
    os.kill(keeper_of(home), signal.SIGTERM)
    assert eventually(lambda: processes_of(home) == {})
    server.stop()


def test_a_forked_child_goes_on_using_the_server(kind: type[EmbeddedServer], home: Path) -> None:
    code = USER.replace("sys.stdin.readline()", "import os, time\nif os.fork() == 0:\n    sys.stdin.readline()\n")
    code = code.format(module=kind.__module__, name=kind.__name__)
    parent = subprocess.Popen(
        [sys.executable, "-c", code, str(home)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    url = parent.stdout.readline().strip()
    parent.wait(PATIENCE)
    time.sleep(0.3)
    write(url)
    parent.communicate("\n", timeout=PATIENCE)
    assert eventually(lambda: processes_of(home) == {})


def attaching(kind: type[EmbeddedServer], home: Path) -> float:
    another = kind(home, durable=False)
    began = time.perf_counter()
    another.start()
    took = time.perf_counter() - began
    another.stop()
    return took


def test_attaching_takes_milliseconds(kind: type[EmbeddedServer], home: Path) -> None:
    with kind(home, durable=False):
        took = [attaching(kind, home) for _ in range(5)]
    assert min(took) < 0.05


def test_a_home_too_deep_for_a_socket_uses_a_short_folder_that_goes_away(
    kind: type[EmbeddedServer], home: Path
) -> None:
    deep = home.joinpath(*["很深的文件夹"] * 8)
    with kind(deep) as server:
        write(server.url())
        short = Path((server.folder / "run.path").read_text())
        assert short.stat().st_mode & 0o777 == 0o700
        with kind(deep) as another:
            assert another.url() == server.url()
    assert eventually(lambda: processes_of(home) == {})
    assert not short.exists()
    with kind(deep) as server:
        assert written(server.url()) == 1
