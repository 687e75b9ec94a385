"""The web application of a syncer: what is served, built from its settings and what it remembers."""

from collections.abc import Mapping

from fastapi import FastAPI
from sqlalchemy import text

from syncer import __version__
from syncer.errors import MendError, UnreachableError
from syncer.feishu.seal import Keys
from syncer.listening.waker import Waker
from syncer.settings import DEFAULT_APP, FeishuApp, Settings
from syncer.state import migrate
from syncer.state.connect import reaching
from syncer.web.events import Door, event_routes
from syncer.web.health import Check, health_routes
from syncer.web.refusals import Tally
from syncer.wiring import Syncer


def web_app(living: Syncer, waker: Waker) -> FastAPI:
    """The application. ``waker`` is told of mappings that events concern, after they are stored."""
    tally, store = Tally(), living.store
    app = FastAPI(title="syncer", version=__version__, openapi_url=None, docs_url=None, redoc_url=None)
    door = Door(keys_of(living.settings), store.noticing.receive, waker, living.clock.now, tally)
    app.include_router(event_routes(door))
    app.include_router(health_routes(_checks(living), tally))
    return app


def keys_of(settings: Settings) -> Mapping[str, Keys]:
    """What proves the deliveries of each app."""
    return {name: _keys(app) for name, app in settings.apps.items()}


def unprotected(settings: Settings) -> list[str]:
    """Sentences about apps whose deliveries cannot be proven, or only by their token."""
    told = [] if settings.apps else ["no Feishu app is set, so every delivery is refused; set FEISHU_APP_ID and others"]
    for name, keys in keys_of(settings).items():
        prefix = "FEISHU_" if name == DEFAULT_APP else f"SYNCER_APPS__{name.upper()}__"
        if keys.none:
            names = f"{prefix}ENCRYPT_KEY and {prefix}VERIFICATION_TOKEN"
            told.append(f"app {name}: every delivery to the webhook is refused until {names} are set")
        elif not keys.encrypt_key:
            told.append(f"app {name}: only its token protects the webhook; set {prefix}ENCRYPT_KEY in both places")
    return told


def _keys(app: FeishuApp) -> Keys:
    key, token = app.encrypt_key, app.verification_token
    return Keys(key.get_secret_value() if key else "", token.get_secret_value() if token else "")


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
