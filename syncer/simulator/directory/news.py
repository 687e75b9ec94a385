"""Tells apps what changed in the directory: v2 events, to every app that added them and sees whom they are about. [doc]

A change of phone or e-mail comes as an event of its own; `old_object` holds only what changed.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from syncer.simulator.directory.tree import Department, Employee
from syncer.simulator.directory.views import BASE, Range, View, changed_only, without
from syncer.simulator.tokens import App

if TYPE_CHECKING:
    from syncer.simulator.world import World

USER_CREATED, USER_UPDATED, USER_DELETED = (f"contact.user.{each}_v3" for each in ("created", "updated", "deleted"))
DEPARTMENT_CREATED, DEPARTMENT_UPDATED, DEPARTMENT_DELETED = (
    f"contact.department.{each}_v3" for each in ("created", "updated", "deleted")
)
SCOPE_UPDATED = "contact.scope.updated_v3"
_OPEN = ("open_id", "open_department_id")
_APART = (("mobile",), ("email",))
"""Fields whose change is told in an event of its own."""


class News:
    """Writes the events of one change in the directory."""

    def __init__(self, world: "World") -> None:
        self._world = world

    def _hearers(self, kind: str) -> Iterator[tuple[App, View]]:
        for app in self._world.tokens.apps.values():
            if kind in self._world.desk.channel(app.app_id).types and app.scopes & BASE:
                yield app, View(self._world, app)

    def _tell(self, app: App, kind: str, content: dict[str, Any], who: str) -> None:
        self._world.desk.publish(app, kind, content, about={"line": who})

    # people

    def entered(self, one: Employee) -> None:
        """A person was taken in."""
        for app, view in self._hearers(USER_CREATED):
            if view.reaches(one):
                self._tell(app, USER_CREATED, {"object": self._user(view, one)}, one.open_id)

    @contextmanager
    def user_changes(self, one: Employee) -> Iterator[None]:
        """What is done inside changes a person."""
        hearers = list(self._hearers(USER_UPDATED))
        before = [view.user(one, *_OPEN) for _, view in hearers]
        yield
        for (app, view), old in zip(hearers, before, strict=True):
            if view.reaches(one):
                self._user_updated(app, view, one, changed_only(old, view.user(one, *_OPEN)))

    def _user_updated(self, app: App, view: View, one: Employee, old: dict[str, Any]) -> None:
        apart = {name for names in _APART for name in names}
        parts = [without(old, apart), *({name: old[name] for name in names if name in old} for names in _APART)]
        for part in parts:
            if part:
                content = {"object": self._user(view, one), "old_object": part}
                self._tell(app, USER_UPDATED, content, one.open_id)

    @contextmanager
    def user_leaves(self, one: Employee) -> Iterator[None]:
        """What is done inside lets a person go."""
        hearers = [(app, view) for app, view in self._hearers(USER_DELETED) if view.reaches(one)]
        old = {"department_ids": list(one.departments), "open_id": one.open_id}
        yield
        for app, view in hearers:
            self._tell(app, USER_DELETED, {"object": self._user(view, one), "old_object": old}, one.open_id)

    def _user(self, view: View, one: Employee) -> dict[str, Any]:
        shown = view.user(one, *_OPEN)
        return shown if self._world.switches.event_department_ids else without(shown, ("department_ids",))

    # departments

    def founded(self, one: Department) -> None:
        """A department was added."""
        for app, view in self._hearers(DEPARTMENT_CREATED):
            if view.covers(one.open_department_id):
                self._tell(app, DEPARTMENT_CREATED, {"object": self._place(view, one)}, one.open_department_id)

    @contextmanager
    def department_changes(self, one: Department) -> Iterator[None]:
        """What is done inside changes a department."""
        hearers = list(self._hearers(DEPARTMENT_UPDATED))
        before = [self._place(view, one) for _, view in hearers]
        yield
        for (app, view), old in zip(hearers, before, strict=True):
            now = self._place(view, one)
            if view.covers(one.open_department_id) and old != now:
                content = {"object": now, "old_object": changed_only(old, now)}
                self._tell(app, DEPARTMENT_UPDATED, content, one.open_department_id)

    def department_goes(self, one: Department, go: Callable[[], None]) -> None:
        """Do what takes a department away."""
        hearers = [each for each in self._hearers(DEPARTMENT_DELETED) if each[1].covers(one.open_department_id)]
        told = [self._place(view, one) for _, view in hearers]
        go()
        old = {"status": {"is_deleted": True}, "open_department_id": one.open_department_id}
        for (app, _), shown in zip(hearers, told, strict=True):
            self._tell(app, DEPARTMENT_DELETED, {"object": shown, "old_object": old}, one.open_department_id)

    def _place(self, view: View, one: Department) -> dict[str, Any]:
        return view.department(one, *_OPEN, event=True)

    # range

    def range_changed(self, app: App, before: Range, after: Range) -> None:
        """An app may see other people and departments than before."""
        if SCOPE_UPDATED not in self._world.desk.channel(app.app_id).types:
            return
        content = {"added": self._named(app, after, before), "removed": self._named(app, before, after)}
        self._tell(app, SCOPE_UPDATED, content, "")

    def _named(self, app: App, here: Range, there: Range) -> dict[str, Any]:
        directory, view = self._world.directory, View(self._world, app)
        places = sorted((here.departments or frozenset()) - (there.departments or frozenset()))
        users = [directory.employees[each] for each in sorted(here.users - there.users)]
        return {
            "departments": [self._place(view, directory.departments[each]) for each in places],
            "users": [self._user(view, each) for each in users],
            "user_groups": [],
        }
