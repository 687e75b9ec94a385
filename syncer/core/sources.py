"""What beside a Bitable table a mapping can read from: the instances of an approval, people, departments.

A source is only ever read. Its two names stand where a table's do: ``app_token`` (``approval`` or ``contacts``) and
``table_id``, of which the part before ``#`` is what events name.
"""

from dataclasses import dataclass
from datetime import date
from typing import Literal, TypeAlias

APPROVAL, CONTACTS = "approval", "contacts"
DETAIL = "#"
"""Stands between what events name and what one mapping alone reads of it."""
MOVED, GONE = "line_moved", "line_gone"
"""What an event of a source says of a line. Unlike a Bitable's it tells no values: it is never an echo of ours."""
ROOT = "0"
"""The id of the whole organisation."""


@dataclass(frozen=True, slots=True)
class ApprovalSource:
    """The instances of one approval definition from a day on; or of each instance its ``part``, line by line.

    A part is ``task_list``, ``timeline``, ``comment_list`` or ``form.<detail table>``.
    """

    code: str
    since: date | None = None
    part: str = ""


@dataclass(frozen=True, slots=True)
class ContactsSource:
    """People or departments, below one department. ``private``: phone numbers and e-mail addresses too."""

    kind: Literal["users", "departments"]
    department: str = ROOT
    private: bool = False


Source: TypeAlias = ApprovalSource | ContactsSource


def place_of(source: Source) -> tuple[str, str]:
    """What stands where a table's ``app_token`` and ``table_id`` do."""
    if isinstance(source, ApprovalSource):
        return APPROVAL, source.code + (f"{DETAIL}{source.part}" if source.part else "")
    below = "" if source.department == ROOT else f"{DETAIL}{source.department}"
    return CONTACTS, source.kind + below


def told_as(table_id: str) -> str:
    """What events call that which a table id names."""
    return table_id.split(DETAIL, 1)[0]


def heard_as(app_token: str, table_id: str) -> str:
    """What is to be subscribed to, to hear of a table: its base, or the definition of an approval."""
    return f"{APPROVAL}/{told_as(table_id)}" if app_token == APPROVAL else app_token
