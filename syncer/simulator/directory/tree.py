"""Departments and people as they truly are."""

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from syncer.simulator.errors import Refusal
from syncer.simulator.people import People, Person

ROOT = "0"
"""The id of the whole organisation, under either kind of id. [doc]"""

_JOINED = 1_700_000_000


@dataclass(slots=True)
class Department:
    """One department under both its ids; `parent` is an open_department_id, or the root's."""

    open_department_id: str
    department_id: str
    name: str
    parent: str = ROOT
    leader: str = ""
    order: int = 0


@dataclass(slots=True)
class Employee:
    """One person of the directory. `facts` are the fields that are stored as they are shown."""

    person: Person
    departments: list[str]
    mobile: str = ""
    leader: str = ""
    resigned: bool = False
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def open_id(self) -> str:
        """Return the id it is kept under."""
        return self.person.open_id


_PERSONAL = frozenset({"name", "en_name", "email"})


class Directory:
    """Everybody and every department there is."""

    def __init__(self, people: People) -> None:
        self._people = people
        self._numbers = itertools.count(1)
        self._children: dict[str, list[str]] = {}
        self._members: dict[str, dict[str, None]] = {}
        self.departments: dict[str, Department] = {}
        self.employees: dict[str, Employee] = {}

    # departments

    def add_department(self, name: str, parent: str = ROOT, custom: str = "", leader: str = "") -> Department:
        """Add a department below another; Refusal 40015 when that is not there."""
        number, above = next(self._numbers), self.place(parent)
        made = Department(f"od-{number:032x}", custom or f"d{number:07d}", name, above, leader, number)
        self.departments[made.open_department_id] = made
        self._children.setdefault(above, []).append(made.open_department_id)
        return made

    def move_department(self, moved: Department, parent: str) -> None:
        """Hang a department below another; ValueError below itself."""
        above = self.place(parent)
        if moved.open_department_id in self.chain(above):
            raise ValueError(f"{moved.name} cannot hang below itself")
        self._children[moved.parent].remove(moved.open_department_id)
        self._children.setdefault(above, []).append(moved.open_department_id)
        moved.parent = above

    def delete_department(self, gone: Department) -> None:
        """Take an empty department away; ValueError when there is something in it."""
        if self._children.get(gone.open_department_id) or self._members.get(gone.open_department_id):
            raise ValueError(f"{gone.name} is not empty")
        self._children[gone.parent].remove(gone.open_department_id)
        del self.departments[gone.open_department_id]

    def place(self, given: str) -> str:
        """Return the open_department_id of a department named by either id; Refusal 40015 for none."""
        if given == ROOT or given in self.departments:
            return given
        found = next((each for each in self.departments.values() if each.department_id == given), None)
        if found is None:
            raise Refusal(40015)
        return found.open_department_id

    def chain(self, place: str) -> Iterator[str]:
        """Yield a department and everything above it, the root last."""
        while place != ROOT:
            yield place
            place = self.departments[place].parent
        yield ROOT

    def children(self, place: str, *, deep: bool) -> Iterator[Department]:
        """Yield what hangs below a department: directly, or all of it."""
        for each in self._children.get(place, ()):
            yield self.departments[each]
            if deep:
                yield from self.children(each, deep=True)

    # people

    def enter(self, person: Person, departments: Iterable[str] = (ROOT,), **facts: Any) -> Employee:
        """Take a person into departments; facts are fields of the user as shown, and `mobile` and `leader`."""
        mobile, leader = str(facts.pop("mobile", "")), str(facts.pop("leader", ""))
        facts = {"join_time": _JOINED, "employee_no": f"E{len(self.employees) + 1:06d}", **facts}
        made = Employee(person, [], mobile, leader, facts=facts)
        self.employees[person.open_id] = made
        self.move(made, departments)
        return made

    def move(self, moved: Employee, departments: Iterable[str]) -> None:
        """Put a person into exactly these departments."""
        for place in moved.departments:
            del self._members[place][moved.open_id]
        moved.departments = list(dict.fromkeys(self.place(each) for each in departments))
        for place in moved.departments:
            self._members.setdefault(place, {})[moved.open_id] = None

    def edit(self, edited: Employee, changes: dict[str, Any]) -> None:
        """Change fields of a person."""
        personal = {name: value for name, value in changes.items() if name in _PERSONAL}
        edited.person = self._people.put(replace(edited.person, **personal))
        edited.mobile = str(changes.get("mobile", edited.mobile))
        edited.leader = str(changes.get("leader", edited.leader))
        rest = changes.keys() - _PERSONAL - {"mobile", "leader"}
        edited.facts.update((name, changes[name]) for name in rest)

    def resign(self, gone: Employee) -> None:
        """Let a person go: it is a member of nothing any more."""
        self.move(gone, ())
        gone.resigned = True

    def members(self, place: str) -> list[Employee]:
        """Return the people directly in a department."""
        return [self.employees[each] for each in self._members.get(place, ())]

    def below(self, place: str) -> set[str]:
        """Return the open_ids of everybody in a department or below it."""
        places = [place, *(each.open_department_id for each in self.children(place, deep=True))]
        return {member.open_id for each in places for member in self.members(each)}
