"""A sign of life for those who watch over a process from outside: a file that is touched while it does its work."""

from contextlib import suppress
from pathlib import Path

FRESH = 30.0
"""Seconds after which a sign is too old: the parts give one at least every ten."""


def sign_of_life(home: Path, part: str) -> None:
    """The part does its work at this moment. Where nothing can be written there is no sign, and no harm."""
    file = home / "alive" / part
    with suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
