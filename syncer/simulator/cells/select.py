"""Single and multi select: names are written and read, option ids are stored; an unknown name makes an option."""
# ruff: noqa: ARG002 - every kind is asked in the same words, whether it needs all of them or not

from typing import TYPE_CHECKING, Any

from syncer.simulator.cells.kind import EMPTY, Kind, Reading
from syncer.simulator.model import Field, Stored

if TYPE_CHECKING:
    from syncer.simulator.draft import Draft

MOST_VALUES = 1000


class SingleSelect(Kind):
    """One option, by name."""

    code = 1254062
    empty_string_clears = True

    def take(self, value: Any, to: Field, draft: "Draft") -> Stored:
        """Take a name."""
        if not isinstance(value, str) or not value:
            raise self.refuse()
        return draft.option(to, value).id

    def show(self, stored: Stored, of: Field, reading: Reading) -> Any:
        """Return the option's present name."""
        return of.options[stored].name

    def told(self, stored: Stored, of: Field, reading: Reading) -> Any:
        """Return the option's id: events never carry its name. [seen]"""
        return stored

    def order(self, stored: Stored, of: Field, reading: Reading) -> Any:
        """Sort by the place of the option in the field."""
        return list(of.options).index(stored)


class MultiSelect(Kind):
    """Several options, by name."""

    code = 1254063
    empty_string_clears = True

    def take(self, value: Any, to: Field, draft: "Draft") -> Stored:
        """Take a list of names. The same *new* name twice in one cell makes two options of that name. [doc]"""
        if not isinstance(value, list) or len(value) > MOST_VALUES:
            raise self.refuse()
        if not all(isinstance(name, str) and name for name in value):
            raise self.refuse()
        known = {name: draft.known_option(to, name) for name in value}
        chosen = [(known[name] or draft.new_option(to, name)).id for name in value]
        return list(dict.fromkeys(chosen)) or EMPTY

    def show(self, stored: Stored, of: Field, reading: Reading) -> Any:
        """Return the present names."""
        return [of.options[option_id].name for option_id in stored]

    def told(self, stored: Stored, of: Field, reading: Reading) -> Any:
        """Return the options' ids. [seen]"""
        return stored

    def words(self, stored: Stored, of: Field, reading: Reading) -> list[str]:
        """Compare by name."""
        return [of.options[option_id].name for option_id in stored]
