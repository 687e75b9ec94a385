"""What every command begins with: the settings, and a syncer that is closed again."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from os import environ
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dotenv import dotenv_values

from syncer.settings import Settings, load_settings

if TYPE_CHECKING:
    from syncer.wiring import Syncer


@contextmanager
def syncer(**options: Any) -> "Iterator[Syncer]":
    """A syncer built from the environment and ``.env``. Raises ``SettingsError``."""
    found = load_settings()
    from syncer.wiring import Syncer  # noqa: PLC0415 - settings come first: only right ones load and start anything

    with Syncer(found, **options) as living:
        yield living


def settings() -> Settings:
    """The settings alone. Raises ``SettingsError``."""
    return load_settings()


def variables() -> Mapping[str, str]:
    """What ``${NAME}`` in a mapping file may name: the environment, and ``.env`` below it."""
    stored = dotenv_values(".env", interpolate=False) if Path(".env").is_file() else {}
    return {**{name: value for name, value in stored.items() if value is not None}, **environ}


def key_columns(living: "Syncer", name: str | None) -> Mapping[str, Sequence[str]]:
    """The key columns of one mapping, or of all. Raises ``NotAppliedError``."""
    from syncer.cli import shown  # noqa: PLC0415 - ``schema`` and ``check --offline`` do without

    applied = living.store.mappings() if name is None else [living.store.mapping(name)]
    return {one.name: shown.key_columns(one.document) for one in applied}
