"""Links to records of a table: one-way (18) and two-way (21), whose other half is written by `backlinks`."""
# ruff: noqa: ARG002 - every kind is asked in the same words, whether it needs all of them or not

from typing import TYPE_CHECKING, Any

from syncer.simulator.cells.kind import EMPTY, Kind, Reading
from syncer.simulator.errors import Refusal
from syncer.simulator.model import Field, Stored

if TYPE_CHECKING:
    from syncer.simulator.draft import Draft

MOST_LINKS = 500


class SingleLink(Kind):
    """A list of record ids, written bare or as `{"link_record_ids": [...]}`."""

    code = 1254067

    def take(self, value: Any, to: Field, draft: "Draft") -> Stored:
        """Take ids of records that exist; `[{"record_id"}]` is 1254074 whatever the direction. [seen]"""
        ids = value.get("link_record_ids") if isinstance(value, dict) else value
        if not isinstance(ids, list) or len(ids) > MOST_LINKS:
            raise self.refuse()
        if any(isinstance(item, dict) for item in ids):
            raise Refusal(1254074)
        if len(ids) > 1 and to.property.get("multiple") is False:
            raise self.refuse()
        target = draft.base.tables.get(to.property["table_id"])
        if target is None or not all(isinstance(each, str) and each in target.records for each in ids):
            raise self.refuse()
        return list(dict.fromkeys(ids)) or EMPTY

    def show(self, stored: Stored, of: Field, reading: Reading) -> Any:
        """Return the ids in their object."""
        return {"link_record_ids": stored}

    def told(self, stored: Stored, of: Field, reading: Reading) -> Any:
        """Return the bare ids. [inferred]"""
        return stored

    def plain(self, stored: Stored, of: Field, reading: Reading) -> Any:
        """Return the ids."""
        return list(stored)

    def words(self, stored: Stored, of: Field, reading: Reading) -> list[str]:
        """Compare by id."""
        return list(stored)


class DuplexLink(SingleLink):
    """A link whose other half stands in a field of the table it points at."""

    code = 1254074
