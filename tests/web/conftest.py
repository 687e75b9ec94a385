"""A syncer that serves over real HTTP, with one applied mapping."""

import logging
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
import requests

from syncer.listening.waker import Waker
from syncer.settings import load_settings
from syncer.web.app import web_app
from syncer.web.serving import HttpServer, address_of, listen_on
from syncer.wiring import Syncer
from tests.feishu.sealing import BASE, ENCRYPT_KEY, TABLE, TOKEN
from tests.state.fresh import state_url

__all__ = ["state_url"]


def environment(database: str, redis_url: str) -> dict[str, str]:
    return {
        "SYNCER_DATABASE_URL": database,
        "SYNCER_REDIS_URL": redis_url,
        "FEISHU_APP_ID": "cli_1",
        "FEISHU_APP_SECRET": "secret-of-default",
        "FEISHU_ENCRYPT_KEY": ENCRYPT_KEY,
        "FEISHU_VERIFICATION_TOKEN": TOKEN,
        "SYNCER_APPS__ABROAD__APP_ID": "cli_2",
        "SYNCER_APPS__ABROAD__APP_SECRET": "secret-of-abroad",
        "SYNCER_APPS__ABROAD__VERIFICATION_TOKEN": "token-abroad",
        "SYNCER_APPS__BARE__APP_ID": "cli_3",
        "SYNCER_APPS__BARE__APP_SECRET": "secret-of-bare",
    }


def apply(store, name: str, app: str = "default", table: str = TABLE) -> None:
    document = {"document": {"feishu": {"app": app}, "database": {"connection": "erp"}}}
    store.apply(name, {**document, "tables": [BASE, table, "localhost/erp", f"sales.{name}"]}, "d1", "new")


@dataclass
class Served:
    url: str
    living: Syncer
    woken: list[str] = field(default_factory=list)
    told: threading.Event = field(default_factory=threading.Event)

    def wake(self, names) -> None:
        self.woken += names
        self.told.set()

    def post(self, body: bytes, headers: dict[str, str] | None = None, path: str = "") -> requests.Response:
        return requests.post(f"{self.url}/feishu/events{path}", data=body, headers=headers, timeout=10)

    def get(self, path: str) -> requests.Response:
        return requests.get(self.url + path, timeout=30)

    @property
    def noticing(self):
        return self.living.store.noticing


@pytest.fixture
def served(state_url: str, redis_url: str) -> Iterator[Served]:
    logging.getLogger("syncer").setLevel(logging.WARNING)
    listening = listen_on("127.0.0.1", 0)
    with Syncer(load_settings(environment(state_url, redis_url), env_file=None)) as living:
        apply(living.store, "orders")
        apply(living.store, "foreign", app="abroad")
        served = Served(address_of(listening), living)
        waker = Waker(served.wake)
        server = HttpServer(web_app(living, waker), listening)
        thread = threading.Thread(target=server.run)
        thread.start()
        yield served
        server.stop()
        thread.join(10)
        waker.close()
        assert not thread.is_alive()
