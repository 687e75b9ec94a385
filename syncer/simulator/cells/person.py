"""People in cells: user fields, and the automatic persons who created and last changed a record."""
# ruff: noqa: ARG002 - every kind is asked in the same words, whether it needs all of them or not

import zlib
from typing import TYPE_CHECKING, Any

from syncer.simulator.cells.kind import EMPTY, Kind, Reading
from syncer.simulator.model import Field, Record, Stored
from syncer.simulator.people import Person

if TYPE_CHECKING:
    from syncer.simulator.draft import Draft

MOST_PEOPLE = 1000


class User(Kind):
    """A list of people. Written as `[{"id"}]` under the call's `user_id_type`; stored as open_ids."""

    code = 1254066

    def take(self, value: Any, to: Field, draft: "Draft") -> Stored:
        """Take a list of `{"id"}`; a foreign id type, a bare string or several where one is allowed is 1254066."""
        if not isinstance(value, list) or len(value) > MOST_PEOPLE:
            raise self.refuse()
        if len(value) > 1 and to.property.get("multiple") is False:
            raise self.refuse()
        return list(dict.fromkeys(self._open_id(item, draft) for item in value)) or EMPTY

    def _open_id(self, item: Any, draft: "Draft") -> str:
        if not isinstance(item, dict):
            raise self.refuse()
        must_exist = draft.world.switches.people_must_exist
        return draft.world.people.find(draft.user_id_type, item.get("id"), must_exist=must_exist).open_id

    def show(self, stored: Stored, of: Field, reading: Reading) -> Any:
        """Return the person objects."""
        return [reading.world.people.by_open_id(open_id).shown(reading.user_id_type) for open_id in stored]

    def told(self, stored: Stored, of: Field, reading: Reading) -> Any:
        """Return the people under ids that only Feishu itself knows. [seen]"""
        return {"users": [_inside(reading.world.people.by_open_id(open_id)) for open_id in stored]}

    def people(self, stored: Stored) -> list[str]:
        """Return the open_ids."""
        return list(stored)

    def plain(self, stored: Stored, of: Field, reading: Reading) -> Any:
        """Return the open_ids."""
        return list(stored)

    def words(self, stored: Stored, of: Field, reading: Reading) -> list[str]:
        """Compare by the id of the call's type."""
        return [person["id"] for person in self.show(stored, of, reading)]


def _inside(person: Person) -> dict[str, str]:
    inner = str(7_000_000_000_000_000_000 + zlib.crc32(person.open_id.encode()))
    return {"userId": inner, "name": person.name, "enName": person.en_name, "avatarUrl": person.avatar_url}


class CreatedUser(User):
    """Who created the record: a list of one on search and batch_get."""

    writable = False

    def stored(self, record: Record, of: Field, reading: Reading) -> Stored | None:
        """Return the record's own person."""
        return [record.created_by]


class ModifiedUser(User):
    """Who last changed the record."""

    writable = False

    def stored(self, record: Record, of: Field, reading: Reading) -> Stored | None:
        """Return the record's own person."""
        return [record.modified_by]
