"""The web application of a syncer: what is served, built from its settings and what it remembers."""

from collections.abc import Mapping

from fastapi import FastAPI
from sqlalchemy import text

from syncer import __version__
from syncer.errors import MendError, UnreachableError
from syncer.listening.keys import keys_of, lack_of
from syncer.listening.waker import Waker
from syncer.settings import Settings
from syncer.state import migrate
from syncer.state.connect import reaching
from syncer.web.events import Door, event_routes
from syncer.web.health import Check, health_routes
from syncer.web.metrics import metric_routes
from syncer.web.refusals import Tally
from syncer.wiring import Syncer


def web_app(living: Syncer, waker: Waker) -> FastAPI:
    """The application. ``waker`` is told of mappings that events concern, after they are stored."""
    store, counts = living.store, living.shared.counts
    tally = Tally(tell=lambda kind: counts.add("events", kind))
    app = FastAPI(title="syncer", version=__version__, openapi_url=None, docs_url=None, redoc_url=None)
    door = Door(keys_of(living.settings), store.noticing.receive, waker, living.clock.now, tally)
    app.include_router(event_routes(door))
    app.include_router(health_routes(_checks(living), tally))
    app.include_router(metric_routes(living))
    return app


def warnings(settings: Settings) -> list[str]:
    """What stands in the way of deliveries, or protects them badly."""
    if not settings.apps:
        return ["no Feishu app is set, so every delivery is refused; set FEISHU_APP_ID and FEISHU_APP_SECRET"]
    told = {name: lack_of(name, keys) for name, keys in keys_of(settings).items()}
    return [f"app {name}: {sentence}" for name, sentence in told.items() if sentence]


def _checks(living: Syncer) -> Mapping[str, Check]:
    def state_store() -> str:
        with reaching(living.state_engine), living.state_engine.connect() as connection:
            connection.execute(text("SELECT 1"))
        return "answers"

    def migrations() -> str:
        found, needed = migrate.current(living.state_engine), migrate.needed()
        if found != needed:
            raise MendError(f"the state store has revision {found}, this version needs {needed}; run `syncer migrate`")
        return f"revision {found}"

    def redis() -> str:
        if not living.redis.ping():
            raise UnreachableError("Redis answered, but not to a ping")
        return "answers"

    return {"state store": state_store, "migrations": migrations, "redis": redis}
