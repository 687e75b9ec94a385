"""What every command begins with: the settings, and a syncer that is closed again."""

from collections.abc import Iterator
from contextlib import contextmanager
from os import environ
from pathlib import Path

from dotenv import dotenv_values

from syncer.settings import Settings, load_settings
from syncer.wiring import Syncer


@contextmanager
def syncer(**options: float) -> Iterator[Syncer]:
    """A syncer built from the environment and ``.env``. Raises ``SettingsError``."""
    with Syncer(load_settings(), **options) as living:
        yield living


def settings() -> Settings:
    """The settings alone. Raises ``SettingsError``."""
    return load_settings()


def variables() -> dict[str, str]:
    """What ``${NAME}`` in a mapping file may name: the environment, and ``.env`` below it."""
    stored = dotenv_values(".env", interpolate=False) if Path(".env").is_file() else {}
    return {**{name: value for name, value in stored.items() if value is not None}, **environ}
