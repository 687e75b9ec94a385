"""The part of the control client that keeps the directory: people, departments, and what apps may see of them."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from typing import Any


class DirectoryControl(ABC):
    """Steps around the directory; `do` sends one."""

    @abstractmethod
    def do(self, op: str, **args: Any) -> Any:
        """Run one step."""

    def add_department(self, name: str, parent: str = "0", department_id: str = "", leader: str = "") -> str:
        """Add a department below another; returns its open_department_id."""
        made = self.do("add_department", name=name, parent=parent, department_id=department_id, leader=leader)
        return str(made["open_department_id"])

    def edit_department(self, department: str, name: str | None = None, leader: str | None = None) -> None:
        """Change a department's name or leader (an open_id)."""
        self.do("edit_department", department=department, name=name, leader=leader)

    def move_department(self, department: str, parent: str) -> None:
        """Hang a department below another."""
        self.do("move_department", department=department, parent=parent)

    def delete_department(self, department: str) -> None:
        """Take an empty department away."""
        self.do("delete_department", department=department)

    def hire(self, people: Iterable[Mapping[str, Any]]) -> list[str]:
        """Take people in, each `{name, departments, ...}` with fields as users show them; returns their open_ids."""
        found: list[str] = self.do("hire", people=[dict(each) for each in people])
        return found

    def edit_person(self, open_id: str, changes: Mapping[str, Any]) -> None:
        """Change fields of a person: name, en_name, email, mobile, leader (an open_id), job_title, city, ..."""
        self.do("edit_person", open_id=open_id, changes=dict(changes))

    def move_person(self, open_id: str, departments: Iterable[str]) -> None:
        """Put a person into exactly these departments."""
        self.do("move_person", open_id=open_id, departments=list(departments))

    def resign(self, open_id: str) -> None:
        """Let a person go."""
        self.do("resign", open_id=open_id)

    def set_contact_range(
        self, app_id: str, departments: Iterable[str] | None = None, users: Iterable[str] | None = None
    ) -> None:
        """Let an app see exactly these departments, with all below them, and people; neither: everything."""
        places = None if departments is None else list(departments)
        self.do("set_contact_range", app_id=app_id, departments=places, users=None if users is None else list(users))

    def directory(self) -> dict[str, list[dict[str, Any]]]:
        """Return every person and department as it truly is: `users` and `departments`, as the API shows them."""
        found: dict[str, list[dict[str, Any]]] = self.do("directory")
        return found
