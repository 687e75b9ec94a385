"""How events reach an app, as its console says: which ones were added, and the request URL with its keys.

An app without a request URL receives over its long connections.
"""

from dataclasses import dataclass

RECORDS = "drive.file.bitable_record_changed_v1"
FIELDS = "drive.file.bitable_field_changed_v1"
EDITED = "drive.file.edit_v1"
CONTACTS = frozenset(
    {
        *(f"contact.user.{each}_v3" for each in ("created", "updated", "deleted")),
        *(f"contact.department.{each}_v3" for each in ("created", "updated", "deleted")),
        "contact.scope.updated_v3",
    }
)
APPROVALS = frozenset({"approval_instance", "approval_task", "approval.approval.updated_v4"})

_ANY_DRIVE = frozenset({"bitable:app", "drive:drive"})
WANTED_SCOPES = {RECORDS: _ANY_DRIVE | {"base:record:read"}, FIELDS: _ANY_DRIVE | {"base:field:read"}}
"""Any one of these lets an app receive an event; it must have it under both identities. [doc]"""


@dataclass(slots=True)
class Channel:
    """One app's choices. `types` are the events that were added and published."""

    verification_token: str
    url: str = ""
    encrypt_key: str = ""
    types: frozenset[str] = frozenset({RECORDS, FIELDS}) | CONTACTS | APPROVALS
