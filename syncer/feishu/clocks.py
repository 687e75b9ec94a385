"""How far Feishu's clock is from ours, by the Date header of its answers (RFC 9110, whole seconds)."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

NOISE = timedelta(seconds=1.5)
"""A header of whole seconds cannot tell less."""


def skew_of(headers: Mapping[str, str], began: datetime, ended: datetime) -> timedelta | None:
    """How much later it is there than here; nothing where the header says nothing. Zero for what it cannot tell."""
    text = next((value for name, value in headers.items() if name.lower() == "date"), None)
    try:
        there = parsedate_to_datetime(text or "")
    except ValueError:
        return None
    if there.tzinfo is None:
        there = there.replace(tzinfo=UTC)
    skew = there + timedelta(seconds=0.5) - (began + (ended - began) / 2)
    return skew if abs(skew) > NOISE + (ended - began) / 2 else timedelta(0)
