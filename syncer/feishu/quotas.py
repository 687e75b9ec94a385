"""What Feishu allows, as data: calls per time and api, and how much one call carries.

Rates count per api, app and tenant. Source: the rate column of each api's page and the rate limit page
(``/ukTMukTMukTM/uUzN04SN3QjL1cDN``); Bitable's cannot be raised on request.
"""

from collections.abc import Mapping
from types import MappingProxyType

from syncer.batching.quota import Quota, Window, per_minute, per_second

_LEVEL_4 = Quota((Window(1000, 60), Window(50, 1)))
_TEN_A_MINUTE = per_minute(10)
UPLOADS_A_DAY = 10_000
"""Files a day, small or large (bitable.md 4.5). [doc]"""
_UPLOADS = Quota((Window(5, 1), Window(UPLOADS_A_DAY, 86_400)))

QUOTAS: Mapping[str, Quota] = MappingProxyType(
    {
        "bitable.app.get": per_second(20),
        "bitable.table.list": per_second(20),
        "bitable.field.list": per_second(20),
        "bitable.field.create": per_second(10),
        "bitable.table.create": per_second(10),
        "bitable.view.list": per_second(20),
        "bitable.view.create": per_second(10),
        "bitable.view.patch": per_second(10),
        "bitable.role.list": per_second(10),
        "bitable.record.search": per_second(20),
        "bitable.record.batch_get": per_second(20),
        "bitable.record.batch_create": per_second(50),
        "bitable.record.batch_update": per_second(50),
        "bitable.record.batch_delete": per_second(50),
        "wiki.node.get": per_minute(100),
        "drive.file.subscribe": _LEVEL_4,
        "drive.file.get_subscribe": _TEN_A_MINUTE,
        "drive.file.delete_subscribe": _TEN_A_MINUTE,
        **dict.fromkeys(
            ("drive.media.upload_part", "drive.media.upload_finish", "drive.media.download"),
            per_second(5),
        ),
        "drive.media.upload_all": _UPLOADS,
        "drive.media.upload_prepare": _UPLOADS,
        "approval.definition.get": per_minute(100),
        "approval.definition.subscribe": per_minute(100),
        "approval.instance.list": per_minute(100),
        "approval.instance.get": _LEVEL_4,
        **dict.fromkeys(
            (
                *("contact.scope.list", "contact.department.children", "contact.department.batch"),
                *("contact.department.get", "contact.user.find_by_department", "contact.user.batch"),
                *("contact.user.get", "contact.user.batch_get_id"),
            ),
            _LEVEL_4,
        ),
    }
)
"""By api name. An api that is not listed is not paced; Feishu's own word (429) still holds it back."""

UNLIMITED = Quota(())

BY_THE_DAY = frozenset({"drive.media.upload_all", "drive.media.upload_prepare"})
"""What has an allowance for the day. Nobody waits for the next one, as for a second: it is for a later run."""
PATIENT = 120.0
"""Seconds that such a call waits at most."""
UNTOLD = 600.0
"""Seconds until it is asked for again where Feishu refuses it and does not say until when."""

WRITE_CONFLICT = 1254291
TOO_FAST = frozenset({1254290, WRITE_CONFLICT, 1254607})
"""Codes that say a table is called too fast (too many requests, write conflict, data not ready)."""

BYTES_PER_UPLOAD = 20 * 1024 * 1024
"""What ``upload_all`` takes; more goes in parts."""
RECORDS_PER_CREATE = 1000
RECORDS_PER_UPDATE = 1000
RECORDS_PER_DELETE = 500
RECORDS_PER_GET = 100
RECORDS_PER_PAGE = 500
ITEMS_PER_PAGE = 100
"""Tables, fields and views in one answer."""
FIELD_NAMES_PER_SEARCH = 200
CONDITIONS_PER_SEARCH = 50
GROUPS_PER_SEARCH = 10
"""Groups of conditions (``children``) in one search; not documented, seen in a connector in production."""
