"""Definitions, instances and tasks as stored. Times are ms, 0 while something is open."""

from dataclasses import dataclass, field
from typing import Any

PENDING, APPROVED, REJECTED, CANCELED, DELETED = "PENDING", "APPROVED", "REJECTED", "CANCELED", "DELETED"
TRANSFERRED, DONE, REVERTED = "TRANSFERRED", "DONE", "REVERTED"


@dataclass(frozen=True, slots=True)
class Node:
    """One step of a definition: everybody (`AND`), anybody (`OR`), or one after the other (`SEQUENTIAL`).

    A node without approvers passes by itself.
    """

    node_id: str
    name: str
    type: str = "OR"
    approvers: tuple[str, ...] = ()


@dataclass(slots=True)
class Definition:
    """One kind of approval; `form` are its widgets as the API shows them."""

    approval_code: str
    name: str
    form: list[dict[str, Any]]
    nodes: tuple[Node, ...]
    status: str = "ACTIVE"
    version: int = 1
    subscribers: set[str] = field(default_factory=set)


@dataclass(slots=True)
class Task:
    """What one person has to decide (nobody, where a node passed by itself)."""

    task_id: str
    node: Node
    open_id: str
    type: str
    start_ms: int
    status: str = PENDING
    end_ms: int = 0


@dataclass(slots=True)
class Instance:
    """One approval that somebody asked for; `at` is the place of its node."""

    instance_code: str
    definition: Definition
    serial: str
    uuid: str
    open_id: str
    department_id: str
    start_ms: int
    form: list[dict[str, Any]]
    status: str = PENDING
    reverted: bool = False
    end_ms: int = 0
    at: int = -1
    tasks: list[Task] = field(default_factory=list)
    comments: list[dict[str, Any]] = field(default_factory=list)
    timeline: list[dict[str, Any]] = field(default_factory=list)

    def open_tasks(self) -> list[Task]:
        """Return the tasks that wait for somebody."""
        return [task for task in self.tasks if task.status == PENDING]


@dataclass(slots=True)
class Approvals:
    """Everything there is of approvals."""

    definitions: dict[str, Definition] = field(default_factory=dict)
    instances: dict[str, Instance] = field(default_factory=dict)
    numbers: int = 0

    def number(self) -> int:
        """Return a number nothing else has."""
        self.numbers += 1
        return self.numbers

    def of(self, approval_code: str) -> list[Instance]:
        """Return the instances of a definition, the oldest first."""
        found = [each for each in self.instances.values() if each.definition.approval_code == approval_code]
        return sorted(found, key=lambda each: each.start_ms)
