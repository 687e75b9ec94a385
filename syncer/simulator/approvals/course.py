"""The way of an instance: from node to node until it is decided, and what may be done to it on the way. [doc]

Whatever moves is told at once, instance and tasks each in an event of their own.
"""

import uuid
from typing import TYPE_CHECKING, Any

from syncer.simulator.approvals.model import (
    APPROVED,
    CANCELED,
    DELETED,
    DONE,
    PENDING,
    REJECTED,
    REVERTED,
    TRANSFERRED,
    Definition,
    Instance,
    Node,
    Task,
)
from syncer.simulator.approvals.told import Telling
from syncer.simulator.errors import Refusal

if TYPE_CHECKING:
    from syncer.simulator.world import World

_REVERTABLE_MS = 31 * 24 * 3600 * 1000
_NAMESPACE = uuid.UUID("6f1d3a4e-0c64-4a53-9a3c-8f2f7a1f0b11")


class Course:
    """Moves instances. Times are ms; what happens now happens at `now_ms` unless it is said otherwise."""

    def __init__(self, world: "World") -> None:
        self._world, self._told = world, Telling(world)
        self._at_ms = 0

    def _now(self) -> int:
        return self._at_ms or self._world.clock.now_ms()

    def _code(self) -> str:
        number = self._world.approvals.number()
        return str(uuid.uuid5(_NAMESPACE, f"{self._world.seed} {number}")).upper()

    # definitions

    def define(self, name: str, form: list[dict[str, Any]], nodes: tuple[Node, ...]) -> Definition:
        """Add a definition."""
        made = Definition(self._code(), name, form, nodes)
        self._world.approvals.definitions[made.approval_code] = made
        return made

    def redefine(self, changed: Definition, form: list[dict[str, Any]]) -> None:
        """Change the form of a definition, for instances to come."""
        changed.form, changed.version = form, changed.version + 1
        self._told.definition(changed, self._now())

    def delete(self, gone: Definition) -> None:
        """Delete a definition: what waits is decided no more."""
        gone.status = "DELETED"
        for each in self._world.approvals.of(gone.approval_code):
            if each.status == PENDING:
                self._finish_tasks(each)
                self._end(each, DELETED, "DELETE", each.open_id)

    # the way

    def submit(
        self,
        definition: Definition,
        open_id: str,
        form: list[dict[str, Any]],
        *,
        given_uuid: str = "",
        department_id: str = "",
        at_ms: int = 0,
    ) -> Instance:
        """Ask for an approval."""
        self._at_ms = at_ms
        number, now = self._world.approvals.number(), self._now()
        made = Instance(
            self._code(), definition, f"{now // 1000}{number:06d}", given_uuid, open_id, department_id, now, form
        )
        self._world.approvals.instances[made.instance_code] = made
        self._note(made, "START", open_id)
        self._told.instance(made, PENDING, now)
        self._advance(made)
        self._at_ms = 0
        return made

    def _advance(self, one: Instance) -> None:
        one.at += 1
        if one.at == len(one.definition.nodes):
            self._end(one, APPROVED)
            return
        node = one.definition.nodes[one.at]
        if not node.approvers:
            self._add_task(one, node, "", APPROVED)
            self._note(one, "AUTO_PASS", "")
            self._advance(one)
            return
        for open_id in node.approvers[:1] if node.type == "SEQUENTIAL" else node.approvers:
            self._add_task(one, node, open_id)

    def _add_task(self, one: Instance, node: Node, open_id: str, status: str = PENDING) -> None:
        kind = node.type if open_id else "AUTO_PASS"
        task = Task(str(7_000_000_000_000_000_000 + self._world.approvals.number()), node, open_id, kind, self._now())
        one.tasks.append(task)
        self._move(one, task, status)

    def _move(self, one: Instance, task: Task, status: str) -> None:
        task.status = status
        task.end_ms = 0 if status == PENDING else self._now()
        self._told.task(one, task, status, self._now())

    def _end(self, one: Instance, status: str, mark: str = "", by: str = "") -> None:
        one.status, one.end_ms = status, self._now()
        if mark:
            self._note(one, mark, by)
        self._told.instance(one, status, one.end_ms)

    def _finish_tasks(self, one: Instance) -> None:
        for task in one.open_tasks():
            self._move(one, task, DONE)

    def _note(self, one: Instance, mark: str, by: str, **more: Any) -> None:
        one.timeline.append({"type": mark, "create_time": str(self._now()), "open_id": by, **more})

    # what people do

    def approve(self, one: Instance, task: Task, comment: str = "", at_ms: int = 0) -> None:
        """Decide one task with yes."""
        self._at_ms = at_ms
        self._move(one, task, APPROVED)
        self._note(one, "PASS", task.open_id, task_id=task.task_id, comment=comment)
        rest, node = one.open_tasks(), task.node
        waiting = [
            each for each in node.approvers if each not in {task.open_id for task in one.tasks if task.node is node}
        ]
        if node.type == "OR":
            self._finish_tasks(one)
            self._advance(one)
        elif node.type == "SEQUENTIAL" and waiting:
            self._add_task(one, node, waiting[0])
        elif rest:
            for sibling in rest:
                self._told.task(one, sibling, PENDING, self._now())
        else:
            self._advance(one)
        self._at_ms = 0

    def reject(self, one: Instance, task: Task, comment: str = "", at_ms: int = 0) -> None:
        """Decide one task with no, which decides the instance."""
        self._at_ms = at_ms
        self._move(one, task, REJECTED)
        self._note(one, "REJECT", task.open_id, task_id=task.task_id, comment=comment)
        self._finish_tasks(one)
        self._end(one, REJECTED)
        self._at_ms = 0

    def transfer(self, one: Instance, task: Task, to: str) -> None:
        """Hand a task to somebody else."""
        self._move(one, task, TRANSFERRED)
        self._note(one, "TRANSFER", task.open_id, task_id=task.task_id, open_id_list=[to])
        self._add_task(one, task.node, to)

    def cancel(self, one: Instance, at_ms: int = 0) -> None:
        """Take a pending instance back; Refusal 1390015 for one that is decided."""
        if one.status != PENDING:
            raise Refusal(1390015)
        self._at_ms = at_ms
        self._finish_tasks(one)
        self._end(one, CANCELED, "CANCEL", one.open_id)
        self._at_ms = 0

    def revert(self, one: Instance) -> None:
        """Revoke an approved instance: it reads CANCELED and reverted, its event says REVERTED. [doc]

        Refusal 1390015 for one that is not approved, or was so more than 31 days ago.
        """
        if one.status != APPROVED or self._now() - one.end_ms > _REVERTABLE_MS:
            raise Refusal(1390015)
        one.status, one.reverted = CANCELED, True
        self._note(one, "CANCEL", one.open_id)
        self._told.instance(one, REVERTED, self._now())

    def comment(self, one: Instance, open_id: str, words: str) -> None:
        """Say something about an instance; nobody is told."""
        number = self._world.approvals.number()
        one.comments.append(
            {"id": str(number), "open_id": open_id, "comment": words, "create_time": str(self._now()), "files": []}
        )
