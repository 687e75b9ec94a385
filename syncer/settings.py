"""What the environment says: every setting of the syncer, read once, checked, all faults told at once.

Variables win over lines of ``.env``. A secret may stand in a file that ``NAME_FILE`` names. An empty variable is none.
"""

import difflib
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from dotenv.parser import parse_stream
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, ValidationError
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from syncer.errors import SettingsError

DEFAULT_APP = "default"
POSTGRES = "postgresql+psycopg"


def _address(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path.strip("/") or parts.query:
        raise ValueError("no address")
    return text.rstrip("/")


def _state_store(secret: SecretStr) -> SecretStr:
    if _url(secret).get_backend_name() not in {"postgresql", "postgres"}:
        raise ValueError("no PostgreSQL")
    return _database(secret)


def _database(secret: SecretStr) -> SecretStr:
    if _url(secret).drivername not in {"postgresql", "postgres"}:
        return secret
    return SecretStr(POSTGRES + secret.get_secret_value()[len(_url(secret).drivername) :])


def _url(secret: SecretStr) -> URL:
    try:
        return make_url(secret.get_secret_value())
    except (ArgumentError, ValueError):
        raise ValueError("no URL") from None


def _redis(secret: SecretStr) -> SecretStr:
    if urlsplit(secret.get_secret_value()).scheme not in {"redis", "rediss", "unix"}:
        raise ValueError("no Redis")
    return secret


class FeishuApp(BaseModel):
    """One app of one Feishu tenant."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    app_id: str = Field(description="the app's id from Feishu's developer console, such as cli_a1b2c3d4")
    app_secret: SecretStr = Field(description="the app's secret from Feishu's developer console")
    domain: Annotated[str, AfterValidator(_address)] = Field(
        "https://open.feishu.cn",
        description="https://open.feishu.cn, https://open.larksuite.com or a simulator's address, without a path",
    )
    encrypt_key: SecretStr | None = Field(None, description="the app's encrypt key for events")
    verification_token: SecretStr | None = Field(None, description="the app's verification token for events")


class Settings(BaseModel):
    """All settings, checked. Built by ``load_settings``; descriptions say what is right and end up in messages."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    database_url: Annotated[SecretStr, AfterValidator(_state_store)] | None = Field(
        None, description="the URL of a PostgreSQL database, such as postgresql+psycopg://user:password@host:5432/name"
    )
    redis_url: Annotated[SecretStr, AfterValidator(_redis)] | None = Field(
        None, description="the URL of a Redis, such as redis://:password@host:6379/0, rediss://... or unix:///path?db=0"
    )
    home: Path = Field(Path(".syncer"), description="a folder")
    connections: dict[str, Annotated[SecretStr, AfterValidator(_database)]] = Field(
        {}, description="a SQLAlchemy URL, such as postgresql+psycopg://user:password@host:5432/name"
    )
    apps: dict[str, FeishuApp] = Field({}, description="a Feishu app")
    mappings: Path = Field(Path("mappings"), description="a folder")
    http_host: str = Field("127.0.0.1", description="an address of this machine, such as 127.0.0.1 or 0.0.0.0")
    http_port: int = Field(8080, ge=1, le=65535, description="a port from 1 to 65535")
    feishu_timeout: float = Field(30.0, gt=0, le=600, description="seconds above 0, at most 600")
    batch_records: int = Field(1000, ge=1, le=1000, description="a number of records from 1 to 1000")
    writer: Literal["table", "base"] = Field("table", description="table or base")
    revisions: Literal["trusted", "ignored"] = Field("trusted", description="trusted or ignored")
    quota_scale: float = Field(1.0, ge=0, le=100, description="a number from 0 (no limit) to 100")
    audit_days: int = Field(365, ge=0, le=36_500, description="whole days from 0 (for ever) to 36500")
    lease_seconds: int = Field(60, ge=1, le=3600, description="whole seconds from 1 to 3600")


def load_settings(env: Mapping[str, str] | None = None, env_file: Path | str | None = ".env") -> Settings:
    """The settings of this process, from ``env`` (``os.environ`` if left out) and ``env_file`` where it exists.

    Raises ``SettingsError``: each fault names the variable and what would be right, never the value of a secret.
    """
    found = _Found()
    if env_file is not None and Path(env_file).is_file():
        found.add(found.lines(Path(env_file)), place=f" in {env_file}")
    found.add(os.environ if env is None else env)
    try:
        settings = Settings.model_validate(found.nested())
    except ValidationError as error:
        found.faults += [found.sentence(fault["loc"], missing=fault["type"] == "missing") for fault in error.errors()]
    if found.faults:
        raise SettingsError(found.faults)
    return settings


def known(name: str) -> bool:
    """Whether a variable of that name is a setting of the syncer."""
    return _read(name.upper()) is not None


Place = tuple[str, ...]  # of a value in Settings: ("http_port",), ("connections", "erp"), ("apps", "default", "app_id")

_NAME = "([A-Z0-9]+(?:[_-][A-Z0-9]+)*)"
_APP_FIELD = "(" + "|".join(FeishuApp.model_fields).upper() + ")"
_PLAIN = tuple(name.upper() for name in Settings.model_fields if name not in {"connections", "apps"})
_FORMS: tuple[tuple[re.Pattern[str], Place], ...] = (
    (re.compile(f"FEISHU_{_APP_FIELD}"), ("apps", DEFAULT_APP)),
    (re.compile(f"SYNCER_APPS__{_NAME}__{_APP_FIELD}"), ("apps",)),
    (re.compile(f"SYNCER_CONNECTIONS__{_NAME}"), ("connections",)),
    (re.compile(f"SYNCER_({'|'.join(_PLAIN)})"), ()),
)
_SECRETS = {"database_url", "redis_url", "app_secret", "encrypt_key", "verification_token"}


def _read(name: str) -> tuple[Place, bool] | None:
    """The place that a variable fills, and whether it names a file to read."""
    place = _place(name.removesuffix("_FILE"))
    if name.endswith("_FILE") and place and (place[0] == "connections" or place[-1] in _SECRETS):
        return place, True
    place = _place(name)
    return (place, False) if place else None


def _place(name: str) -> Place | None:
    for form, start in _FORMS:
        if match := form.fullmatch(name):
            return start + tuple(group.lower() for group in match.groups())
    return None


def _name(place: Place) -> str:
    if place[:2] == ("apps", DEFAULT_APP):
        return f"FEISHU_{place[-1].upper()}"
    return "SYNCER_" + "__".join(place).upper()


@dataclass(slots=True)
class _Found:
    """Variables gathered so far, the name each had, and what was wrong on the way."""

    values: dict[Place, str] = field(default_factory=dict)
    names: dict[Place, str] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)

    def lines(self, path: Path) -> dict[str, str]:
        """The variables of a ``.env`` file; nothing in a value is expanded."""
        with path.open(encoding="utf-8") as text:
            bindings = list(parse_stream(text))
        self.faults += [f"{path}, line {line.original.line}: write NAME=value" for line in bindings if line.error]
        return {line.key: line.value for line in bindings if line.key and line.value}

    def add(self, variables: Mapping[str, str], place: str = "") -> None:
        """Take in variables that win over those already here; ``place`` is said after a name in a message."""
        here: dict[Place, str] = {}
        for spelled, value in variables.items():
            form = _read(spelled.upper())
            if form is None:
                self._suspect(spelled, place)
            elif value.strip():
                path, is_file = form
                if path in here:
                    self.faults.append(f"{here[path]} and {spelled}{place} set the same; keep one of them")
                here[path] = spelled + place
                self.values[path] = self._content(here[path], Path(value)) if is_file else value.strip()
        self.names |= here

    def _suspect(self, spelled: str, place: str) -> None:
        """A name that is nearly one of ours would be passed over in silence, and the default taken."""
        name = spelled.upper()
        if not name.startswith("SYNCER_") or name.startswith("SYNCER_TEST_"):
            return
        near = difflib.get_close_matches(name, [f"SYNCER_{plain}" for plain in _PLAIN], n=1, cutoff=0.9)
        if name.startswith("SYNCER_CONNECTIONS"):
            near = ["SYNCER_CONNECTIONS__<NAME>"]
        if name.startswith("SYNCER_APPS"):
            near = [f"SYNCER_APPS__<NAME>__{plain.upper()}" for plain in FeishuApp.model_fields]
        if near:
            self.faults.append(f"{spelled}{place} is no setting; write {' or '.join(near)}")

    def _content(self, name: str, path: Path) -> str:
        reason = "it is empty"
        try:
            if text := path.read_text(encoding="utf-8").strip():
                return text
        except OSError as error:
            reason = str(error.strerror)
        except ValueError:
            reason = "no UTF-8 text is there"
        self.faults.append(f"{name}: cannot use the file {path} ({reason}); name a readable file that holds the value")
        return ""

    def nested(self) -> dict[str, Any]:
        """The values as ``Settings`` takes them."""
        whole: dict[str, Any] = {}
        for place, value in self.values.items():
            inner = whole
            for step in place[:-1]:
                inner = inner.setdefault(step, {})
            inner[place[-1]] = value
        if whole.get("apps", {}).get(DEFAULT_APP, {}).keys() == {"domain"}:
            del whole["apps"][DEFAULT_APP]  # an address alone makes no app
        return whole

    def sentence(self, where: tuple[int | str, ...], *, missing: bool) -> str:
        """One fault for a person. A value is never shown: it may hold a password in the wrong place."""
        place = tuple(str(step) for step in where)
        fields = FeishuApp.model_fields if place[0] == "apps" else Settings.model_fields
        right = fields[place[-1] if place[0] == "apps" else place[0]].description
        return f"{self.names.get(place, _name(place))} {'is missing' if missing else 'does not fit'}; set it to {right}"
