"""Phone numbers, links to the web, places and group chats."""
# ruff: noqa: ARG002 - every kind is asked in the same words, whether it needs all of them or not

import re
from typing import TYPE_CHECKING, Any

from syncer.simulator.cells.kind import EMPTY, Kind, Reading
from syncer.simulator.errors import Refusal
from syncer.simulator.model import Field, Stored

if TYPE_CHECKING:
    from syncer.simulator.draft import Draft

_PHONE = re.compile(r"(\+)?\d*")
_PLACE = re.compile(r"\s*(-?\d+(?:\.\d+)?)\s*,\s*(-?\d+(?:\.\d+)?)\s*")
MOST_PHONE_CHARACTERS = 64
MOST_GROUPS = 10


class Phone(Kind):
    """A string of digits, with a plus before it if wanted."""

    code = 1254072

    def take(self, value: Any, to: Field, draft: "Draft") -> Stored:
        """Take at most 64 digits, possibly after a plus."""
        if not isinstance(value, str) or len(value) > MOST_PHONE_CHARACTERS or not _PHONE.fullmatch(value):
            raise self.refuse()
        return value or EMPTY


class Url(Kind):
    """`{"text", "link"}`; filters compare the text."""

    code = 1254068
    empty_string_clears = True

    def take(self, value: Any, to: Field, draft: "Draft") -> Stored:
        """Take an object with a link; a string alone is 1254068."""
        if not isinstance(value, dict) or not isinstance(value.get("link"), str):
            raise self.refuse()
        text = value.get("text")
        if text is not None and not isinstance(text, str):
            raise self.refuse()
        return {"link": value["link"], "text": text or value["link"]} if value["link"] else EMPTY

    def told(self, stored: Stored, of: Field, reading: Reading) -> Any:
        """Return the one segment of a link, as text cells have them. [inferred]"""
        return [{"type": "url", **stored}]

    def words(self, stored: Stored, of: Field, reading: Reading) -> list[str]:
        """Compare the text."""
        return [stored["text"]]


class Location(Kind):
    """Written `"lng,lat"`, read as an object with an address (that only a map service could fill)."""

    empty_string_clears = True

    def take(self, value: Any, to: Field, draft: "Draft") -> Stored:
        """Take longitude and latitude in degrees."""
        found = _PLACE.fullmatch(value) if isinstance(value, str) else None
        if not found or abs(float(found[1])) > 180 or abs(float(found[2])) > 90:
            raise Refusal(draft.world.switches.location_code)
        return f"{found[1]},{found[2]}"

    def show(self, stored: Stored, of: Field, reading: Reading) -> Any:
        """Return the location object."""
        blank = dict.fromkeys(("pname", "cityname", "adname", "address", "name"), "")
        return {"location": stored, **blank, "full_address": f"({stored})"}

    def plain(self, stored: Stored, of: Field, reading: Reading) -> Any:
        """Return `"lng,lat"`."""
        return stored

    def words(self, stored: Stored, of: Field, reading: Reading) -> list[str]:
        """Compare the address."""
        return [self.show(stored, of, reading)["full_address"]]


class GroupChat(Kind):
    """A list of chats, written as `[{"id": "oc_..."}]`."""

    def take(self, value: Any, to: Field, draft: "Draft") -> Stored:
        """Take at most ten."""
        if not isinstance(value, list) or len(value) > MOST_GROUPS:
            raise Refusal(draft.world.switches.group_code)
        ids = [item.get("id") if isinstance(item, dict) else None for item in value]
        if not all(isinstance(each, str) and each.startswith("oc_") for each in ids):
            raise Refusal(draft.world.switches.group_code)
        return ids or EMPTY

    def show(self, stored: Stored, of: Field, reading: Reading) -> Any:
        """Return the chat objects."""
        return [{"id": each, "name": f"Chat {each[-4:]}", "avatar_url": ""} for each in stored]

    def plain(self, stored: Stored, of: Field, reading: Reading) -> Any:
        """Return the ids."""
        return list(stored)

    def words(self, stored: Stored, of: Field, reading: Reading) -> list[str]:
        """Compare by id."""
        return list(stored)
