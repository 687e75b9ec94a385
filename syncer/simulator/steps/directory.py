"""Steps of whoever keeps the directory: people and departments come, change and go; what apps may see of them."""

from typing import Any

from syncer.simulator.directory.tree import ROOT, Department, Employee
from syncer.simulator.directory.views import EVERYTHING, Range, View
from syncer.simulator.tokens import App
from syncer.simulator.world import World


def _employee(world: World, open_id: str) -> Employee:
    return world.directory.employees[open_id]


def _department(world: World, department: str) -> Department:
    return world.directory.departments[world.directory.place(department)]


def add_department(
    world: World, name: str, parent: str = ROOT, department_id: str = "", leader: str = ""
) -> dict[str, str]:
    """Add a department below another (by either id); returns both its ids."""
    made = world.directory.add_department(name, parent, department_id, leader)
    world.news.founded(made)
    return {"open_department_id": made.open_department_id, "department_id": made.department_id}


def edit_department(world: World, department: str, name: str | None = None, leader: str | None = None) -> None:
    """Change a department's name or leader."""
    found = _department(world, department)
    with world.news.department_changes(found):
        found.name = found.name if name is None else name
        found.leader = found.leader if leader is None else leader


def move_department(world: World, department: str, parent: str) -> None:
    """Hang a department below another."""
    found = _department(world, department)
    with world.news.department_changes(found):
        world.directory.move_department(found, parent)


def delete_department(world: World, department: str) -> None:
    """Take an empty department away."""
    found = _department(world, department)
    world.news.department_goes(found, lambda: world.directory.delete_department(found))


def hire(world: World, people: list[dict[str, Any]]) -> list[str]:
    """Take people in, each `{name, departments, ...}` with fields as users show them; returns their open_ids."""
    made = []
    for each in people:
        given = dict(each)
        names = {key: str(given.pop(key, "")) for key in ("name", "en_name", "email")}
        person = world.people.add(**names)
        one = world.directory.enter(person, given.pop("departments", (ROOT,)), **given)
        world.news.entered(one)
        made.append(person.open_id)
    return made


def edit_person(world: World, open_id: str, changes: dict[str, Any]) -> None:
    """Change fields of a person: name, en_name, email, mobile, leader (an open_id), job_title, city and the like."""
    found = _employee(world, open_id)
    with world.news.user_changes(found):
        world.directory.edit(found, changes)


def move_person(world: World, open_id: str, departments: list[str]) -> None:
    """Put a person into exactly these departments."""
    found = _employee(world, open_id)
    with world.news.user_changes(found):
        world.directory.move(found, departments)


def resign(world: World, open_id: str) -> None:
    """Let a person go."""
    found = _employee(world, open_id)
    with world.news.user_leaves(found):
        world.directory.resign(found)


def set_contact_range(
    world: World, app_id: str, departments: list[str] | None = None, users: list[str] | None = None
) -> None:
    """Let an app see exactly these departments, with all below them, and people; neither: everything."""
    places = None if departments is None and users is None else frozenset(map(world.directory.place, departments or ()))
    app, after = world.tokens.apps[app_id], Range(places, frozenset(users or ()))
    before = world.ranges.get(app_id, EVERYTHING)
    world.ranges[app_id] = after
    world.news.range_changed(app, before, after)


def directory(world: World) -> dict[str, list[dict[str, Any]]]:
    """Return every person and department as it truly is: what an app that may see everything is shown."""
    view = View(world, _everywhere(world))
    view.range = EVERYTHING
    ids = ("open_id", "open_department_id")
    return {
        "users": [view.user(each, *ids) for each in world.directory.employees.values()],
        "departments": [view.department(each, *ids) for each in world.directory.departments.values()],
    }


def _everywhere(world: World) -> App:
    bot = next(iter(world.tokens.apps.values())).bot
    return App("", "", "", frozenset({"contact:contact:readonly_as_app"}), bot)


OPS = {
    each.__name__: each
    for each in (
        add_department,
        edit_department,
        move_department,
        delete_department,
        hire,
        edit_person,
        move_person,
        resign,
        set_contact_range,
        directory,
    )
}
