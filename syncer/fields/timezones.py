"""Time zones by the names Feishu and people use for them."""

from functools import cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from syncer.errors import MendError

_ALIASES = {"Asia/Beijing": "Asia/Shanghai"}
"""Names Feishu shows for a base's ``time_zone`` (bitable.md 4.3) that the IANA database does not have."""


@cache
def zone(name: str) -> ZoneInfo:
    """The time zone of an IANA name or one of Feishu's aliases. Raises ``MendError``."""
    try:
        return ZoneInfo(_ALIASES.get(name, name))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise MendError(f'"{name}" is no time zone; write one like Asia/Shanghai or UTC') from None
