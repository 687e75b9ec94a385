"""Who can stand in a user cell: people and the apps' own bot users."""

from dataclasses import dataclass

from syncer.simulator.errors import Refusal
from syncer.simulator.ids import Ids

ID_TYPES = ("open_id", "union_id", "user_id")
_LOOKS = {"open_id": "ou_", "union_id": "on_", "user_id": ""}


@dataclass(frozen=True, slots=True)
class Person:
    """One person under all three ids."""

    open_id: str
    union_id: str
    user_id: str
    name: str
    en_name: str = ""
    email: str = ""
    avatar_url: str = ""

    def shown(self, id_type: str) -> dict[str, str]:
        """Return the object that cells and automatic fields show, under the id of `id_type`."""
        return {
            "id": str(getattr(self, id_type)),
            "name": self.name,
            "en_name": self.en_name,
            "email": self.email,
            "avatar_url": self.avatar_url,
        }


class People:
    """All known people, found by any of their ids."""

    def __init__(self, ids: Ids) -> None:
        self._ids = ids
        self._known: dict[tuple[str, str], Person] = {}

    def add(self, name: str, en_name: str = "", email: str = "", open_id: str = "") -> Person:
        """Add a person with fresh ids (or the given open_id)."""
        digits = self._ids.person()
        person = Person(open_id or f"ou_{digits}", f"on_{digits}", digits[:8], name, en_name, email)
        return self.put(person)

    def put(self, person: Person) -> Person:
        """Remember `person` under all its ids."""
        for id_type in ID_TYPES:
            self._known[id_type, getattr(person, id_type)] = person
        return person

    def by_open_id(self, open_id: str) -> Person:
        """Return the person stored in a cell under `open_id`."""
        return self._known["open_id", open_id]

    def find(self, id_type: str, given: object, *, must_exist: bool) -> Person:
        """Return the person a caller names; Refusal 1254066 when the id has the wrong look or nobody has it."""
        if not isinstance(given, str) or not given or not given.startswith(_LOOKS[id_type]):
            raise Refusal(1254066)
        if (id_type == "user_id") and given.startswith(("ou_", "on_")):
            raise Refusal(1254066)
        found = self._known.get((id_type, given))
        if found is None and must_exist:
            raise Refusal(1254066)
        return found or self._made_up(id_type, given)

    def _made_up(self, id_type: str, given: str) -> Person:
        digits = self._ids.person()
        named = {"open_id": f"ou_{digits}", "union_id": f"on_{digits}", "user_id": digits[:8], id_type: given}
        return self.put(Person(**named, name=f"User {given[-6:]}"))
