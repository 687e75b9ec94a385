"""The directory as one app sees it: within its contact range, and only the fields its scopes open. [doc]

A field without its scope is absent, not null.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from syncer.simulator.directory.tree import ROOT, Department, Directory, Employee
from syncer.simulator.errors import Refusal
from syncer.simulator.people import ID_TYPES, Person
from syncer.simulator.tokens import App

if TYPE_CHECKING:
    from syncer.simulator.world import World

BASE = frozenset({"contact:contact.base:readonly", "contact:contact:readonly_as_app", "contact:contact:readonly"})
ORGANIZE = frozenset({"contact:department.organize:readonly"})
_LEGACY = BASE - {"contact:contact.base:readonly"}
_EMPLOYEE = ("contact:user.employee:readonly",)

USER_FIELDS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("name", "en_name", "nickname", "avatar"), ("contact:user.base:readonly",)),
    "user_id": ("contact:user.employee_id:readonly",),
    "email": ("contact:user.email:readonly",),
    "mobile": ("contact:user.phone:readonly",),
    "gender": ("contact:user.gender:readonly",),
    **dict.fromkeys(("department_ids", "leader_user_id", "orders"), ("contact:user.department:readonly",)),
    **dict.fromkeys(
        (
            *("status", "city", "country", "work_station", "join_time", "employee_type"),
            *("enterprise_email", "job_title", "is_tenant_manager", "custom_attrs"),
        ),
        _EMPLOYEE,
    ),
    "employee_no": ("contact:user.employee_number:read", *_EMPLOYEE),
}
"""Field of a user: the scopes of which any one opens it. Ids and `mobile_visible` are always there. [doc]"""

DEPARTMENT_FIELDS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("name", "i18n_name", "department_id", "chat_id", "status"), ("contact:department.base:readonly",)),
    **dict.fromkeys(
        ("parent_department_id", "leader_user_id", "order", "member_count", "primary_member_count", "leaders"),
        ("contact:department.organize:readonly",),
    ),
}


@dataclass(frozen=True, slots=True)
class Range:
    """What of the directory an app may see; `None`: all of it. A department grants what is below it too. [doc]"""

    departments: frozenset[str] | None = None
    users: frozenset[str] = frozenset()


EVERYTHING = Range()


@dataclass(slots=True)
class View:
    """The directory as one app sees it."""

    world: "World"
    app: App
    range: Range = field(init=False)

    def __post_init__(self) -> None:
        self.range = self.world.ranges.get(self.app.app_id, EVERYTHING)

    @property
    def _directory(self) -> Directory:
        return self.world.directory

    # range

    def covers(self, place: str) -> bool:
        """Return whether a department is in range."""
        granted = self.range.departments
        return granted is None or any(each in granted for each in self._directory.chain(place))

    def reaches(self, one: Employee) -> bool:
        """Return whether a person is in range; one who resigned is, where everybody is."""
        return one.open_id in self.range.users or any(map(self.covers, one.departments or [ROOT]))

    def demand(self, place: str) -> None:
        """Raise Refusal 40004 for a department out of range."""
        if not self.covers(place):
            raise Refusal(40004)

    def tops(self) -> Iterator[str]:
        """Yield the open ids of the departments granted: of the whole organisation those right below the root."""
        if self.range.departments is not None:
            yield from sorted(self.range.departments)
        else:
            yield from (each.open_department_id for each in self._directory.children(ROOT, deep=False))

    def loose(self) -> Iterator[Employee]:
        """Yield the people granted by name: of the whole organisation those right below the root."""
        if self.range.departments is None:
            yield from self._directory.members(ROOT)
        yield from (self._directory.employees[each] for each in sorted(self.range.users))

    # people

    def user(self, one: Employee, id_type: str, department_id_type: str) -> dict[str, Any]:
        """Return a person as `GET /contact/v3/users/:user_id` shows it to this app."""
        shown = {"open_id": one.open_id, "union_id": one.person.union_id, "mobile_visible": True}
        facts = {**self._facts(one, id_type, department_id_type), **one.facts}
        return shown | self._opened(facts, USER_FIELDS)

    def _facts(self, one: Employee, id_type: str, department_id_type: str) -> dict[str, Any]:
        person, url = one.person, one.person.avatar_url
        places = [self._id_of(each, department_id_type) for each in one.departments]
        blank = dict.fromkeys(("nickname", "city", "country", "work_station", "job_title", "enterprise_email"), "")
        return blank | {
            "user_id": person.user_id,
            "name": person.name,
            "en_name": person.en_name,
            "avatar": dict.fromkeys(("avatar_72", "avatar_240", "avatar_640", "avatar_origin"), url),
            "email": person.email,
            "mobile": one.mobile,
            "gender": 0,
            "department_ids": places,
            "leader_user_id": self._person_id(one.leader, id_type),
            "orders": [{"department_id": each, "user_order": 0, "department_order": 1} for each in places],
            "status": _status(resigned=one.resigned),
            "employee_type": 1,
            "is_tenant_manager": False,
            "custom_attrs": [],
        }

    def _person_id(self, open_id: str, id_type: str) -> str:
        found = self._directory.employees.get(open_id)
        return id_under(found.person, id_type) if found else ""

    def _opened(self, facts: dict[str, Any], wanted: dict[str, tuple[str, ...]]) -> dict[str, Any]:
        granted = self.app.scopes
        everything = bool(granted & _LEGACY)
        kept = (name for name in facts if name in wanted and (everything or granted.intersection(wanted[name])))
        return {name: facts[name] for name in kept}

    # departments

    def department(
        self, one: Department, id_type: str, department_id_type: str, *, event: bool = False
    ) -> dict[str, Any]:
        """Return a department as the API shows it, or as events do: its `order` is a number there. [doc]"""
        leader = self._person_id(one.leader, id_type)
        facts: dict[str, Any] = {
            "name": one.name,
            "i18n_name": {},
            "department_id": one.department_id,
            "chat_id": "",
            "status": {"is_deleted": False},
            "parent_department_id": self._id_of(one.parent, department_id_type),
            "leader_user_id": leader,
            "order": one.order if event else str(one.order),
            "leaders": [{"leaderType": 1, "leaderID": leader}] if leader else [],
        }
        if not event:
            count = len(self._directory.below(one.open_department_id))
            facts |= {"member_count": count, "primary_member_count": count}
        return {"open_department_id": one.open_department_id, **self._opened(facts, DEPARTMENT_FIELDS)}

    def _id_of(self, place: str, department_id_type: str) -> str:
        if department_id_type == "open_department_id" or place == ROOT:
            return place
        return self._directory.departments[place].department_id


def id_under(person: Person, id_type: str) -> str:
    """Return a person's id of one type; Refusal 40001 for a type that is none."""
    if id_type not in ID_TYPES:
        raise Refusal(40001, "user_id_type is none of open_id, union_id, user_id")
    return str(getattr(person, id_type))


def _status(*, resigned: bool) -> dict[str, bool]:
    return {
        "is_frozen": False,
        "is_resigned": resigned,
        "is_activated": not resigned,
        "is_exited": False,
        "is_unjoin": False,
    }


def changed_only(before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    """Return those fields of `before` that are otherwise by now."""
    return {name: value for name, value in before.items() if after.get(name) != value}


def without(shown: dict[str, Any], names: Iterable[str]) -> dict[str, Any]:
    """Return what is shown without some of its fields."""
    left_out = set(names)
    return {name: value for name, value in shown.items() if name not in left_out}
