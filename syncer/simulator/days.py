"""Dates in filters: whole days in the base's time zone. Nothing finer exists. [doc]"""

import datetime as dt
from zoneinfo import ZoneInfo

from syncer.simulator.errors import Refusal

DAY_WORDS = frozenset({"Today", "Tomorrow", "Yesterday"})
SPAN_WORDS = frozenset(
    {
        "CurrentWeek",
        "LastWeek",
        "CurrentMonth",
        "LastMonth",
        "TheLastWeek",
        "TheNextWeek",
        "TheLastMonth",
        "TheNextMonth",
    }
)


def day_of(ms: int, zone: ZoneInfo) -> dt.date:
    """Return the day an instant falls on in a zone; years before 1 and after 9999 stop at the calendar's ends."""
    epoch = dt.datetime.fromtimestamp(0, zone)
    try:
        return (epoch + dt.timedelta(milliseconds=ms)).astimezone(dt.UTC).astimezone(zone).date()
    except OverflowError:
        return dt.date.max if ms > 0 else dt.date.min


def span(value: list[str], operator: str, now_ms: int, zone: ZoneInfo) -> tuple[dt.date, dt.date]:
    """Return the first and last day a filter value means; Refusal 1254018 when it means none."""
    today = day_of(now_ms, zone)
    word = value[0] if value else ""
    if word == "ExactDate" and len(value) == 2:
        return (day_of(_ms(value[1]), zone),) * 2
    if word in DAY_WORDS and len(value) == 1:
        return (today + dt.timedelta(days={"Today": 0, "Tomorrow": 1, "Yesterday": -1}[word]),) * 2
    if word in SPAN_WORDS and operator == "is" and len(value) == 1:
        return _long_span(word, today)
    raise Refusal(1254018)


def _ms(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise Refusal(1254018) from None


def _long_span(word: str, today: dt.date) -> tuple[dt.date, dt.date]:
    monday, first = today - dt.timedelta(days=today.weekday()), today.replace(day=1)
    week, month = dt.timedelta(days=7), dt.timedelta(days=30)
    before_first = first - dt.timedelta(days=1)
    next_first = (first + dt.timedelta(days=32)).replace(day=1)
    day = dt.timedelta(days=1)
    return {
        "CurrentWeek": (monday, monday + week - day),
        "LastWeek": (monday - week, monday - day),
        "CurrentMonth": (first, next_first - day),
        "LastMonth": (before_first.replace(day=1), before_first),
        "TheLastWeek": (today - week, today),
        "TheNextWeek": (today, today + week),
        "TheLastMonth": (today - month, today),
        "TheNextMonth": (today, today + month),
    }[word]
