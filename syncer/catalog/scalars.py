"""The small notations of a mapping file: durations (``30s``), cron lines, time zones, names."""

import re
from datetime import timedelta
from typing import Annotated
from zoneinfo import available_timezones

from pydantic import AfterValidator, BeforeValidator, PlainSerializer, WithJsonSchema

from syncer.catalog.faults import did_you_mean
from syncer.errors import MendError
from syncer.fields.timezones import zone

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_DURATION = re.compile(r"([0-9]{1,6})([smhd])")
_CRON_RANGES = (("minute", 0, 59), ("hour", 0, 23), ("day of month", 1, 31), ("month", 1, 12), ("day of week", 0, 7))
_CRON_PART = re.compile(r"(?:\*|([0-9]{1,2})(?:-([0-9]{1,2}))?)(?:/([0-9]{1,2}))?")


def duration(text: str) -> timedelta:
    """``30s``, ``1m``, ``2h``, ``1d`` as a span of time. Raises ``ValueError`` for anything else."""
    match = _DURATION.fullmatch(text)
    if not match:
        raise ValueError("is no duration; write a number and s, m, h or d, such as 30s")
    return timedelta(seconds=int(match[1]) * _UNITS[match[2]])


def duration_text(span: timedelta) -> str:
    """A span of time as a mapping file writes it, in its largest whole unit."""
    seconds = int(span.total_seconds())
    unit = next((unit for unit in "dhm" if seconds and seconds % _UNITS[unit] == 0), "s")
    return f"{seconds // _UNITS[unit]}{unit}"


def _a_duration(given: object) -> object:
    if isinstance(given, timedelta):
        return given
    return duration(given if isinstance(given, str) else "")


def _a_cron(text: str) -> str:
    parts = text.split()
    if len(parts) != 5:
        raise ValueError('is no cron line; write five fields (minute hour day month weekday), such as "0 3 * * *"')
    for part, (what, low, high) in zip(parts, _CRON_RANGES, strict=True):
        if not all(_in_range(item, low, high) for item in part.split(",")):
            raise ValueError(f"has {part} for the {what}; write *, numbers from {low} to {high}, a-b, a,b or */n")
    return " ".join(parts)


def _in_range(item: str, low: int, high: int) -> bool:
    match = _CRON_PART.fullmatch(item)
    if not match or match[3] == "0":
        return False
    first, last = int(match[1] or low), int(match[2] or match[1] or high)
    return low <= first <= last <= high


def _a_zone(text: str) -> str:
    try:
        zone(text)
    except MendError:
        near = did_you_mean(text, sorted(available_timezones()))
        raise ValueError(f"is no time zone{near or '; write one such as Asia/Shanghai'}") from None
    return text


def _a_name(text: str) -> str:
    if not re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,62}", text):
        raise ValueError("is no name; use up to 63 of a-z, 0-9, _ and -, beginning with a letter or digit")
    return text


def _not_blank(text: str) -> str:
    if not text or text != text.strip():
        raise ValueError("is empty or has blanks around it; write the bare name")
    return text


Duration = Annotated[
    timedelta,
    BeforeValidator(_a_duration),
    PlainSerializer(duration_text, return_type=str),
    WithJsonSchema({"type": "string", "pattern": "^[0-9]{1,6}[smhd]$", "examples": ["30s", "10m"]}),
]
Cron = Annotated[str, AfterValidator(_a_cron)]
Zone = Annotated[str, AfterValidator(_a_zone)]
Name = Annotated[
    str,
    AfterValidator(_a_name),
    WithJsonSchema({"type": "string", "pattern": "^[a-z0-9][a-z0-9_-]{0,62}$"}),
]
Bare = Annotated[
    str,
    AfterValidator(_not_blank),
    WithJsonSchema({"type": "string", "minLength": 1}),
]
