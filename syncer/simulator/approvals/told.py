"""The events of approvals: v1, only to apps that subscribed to the definition, in order within one instance. [doc]"""

from typing import TYPE_CHECKING, Any

import orjson

from syncer.simulator.approvals.model import REVERTED, Definition, Instance, Task

if TYPE_CHECKING:
    from syncer.simulator.tokens import App
    from syncer.simulator.world import World

INSTANCE, TASK, UPDATED = "approval_instance", "approval_task", "approval.approval.updated_v4"
RECEIVE = frozenset({"approval:approval:readonly", "approval:approval"})
"""Any one of these lets an app receive them."""


class Telling:
    """Writes events to those apps that are to be told."""

    def __init__(self, world: "World") -> None:
        self._world = world

    def _hearers(self, definition: Definition, kind: str) -> "list[App]":
        apps = [self._world.tokens.apps[each] for each in sorted(definition.subscribers)]
        return [each for each in apps if kind in self._world.desk.channel(each.app_id).types and each.scopes & RECEIVE]

    def instance(self, one: Instance, status: str, at_ms: int) -> None:
        """An instance moved."""
        time = at_ms if status == REVERTED else str(at_ms)
        content = self._head(one) | {"status": status, "instance_operate_time": time, "operate_time": time}
        self._tell(one, INSTANCE, content | {"uuid": one.uuid})

    def task(self, one: Instance, task: Task, status: str, at_ms: int) -> None:
        """A task moved."""
        content = self._head(one) | {
            "task_id": "" if task.type == "AUTO_PASS" else task.task_id,
            "user_id": "",
            "open_id": task.open_id,
            "status": status,
            "operate_time": str(at_ms),
            "instance_operate_time": str(at_ms),
            "custom_key": "",
            "def_key": task.node.node_id,
            "extra": "",
        }
        self._tell(one, TASK, content)

    def definition(self, changed: Definition, at_ms: int) -> None:
        """A definition changed: a v2 event."""
        content = {
            "approval_code": changed.approval_code,
            "approval_id": changed.approval_code,
            "version_id": str(changed.version),
            "process_obj": orjson.dumps({"nodes": len(changed.nodes)}).decode(),
            "timestamp": str(at_ms // 1000),
        }
        for app in self._hearers(changed, UPDATED):
            about = {"line": changed.approval_code}
            self._world.desk.publish(app, UPDATED, {"object": content}, about=about)

    def _head(self, one: Instance) -> dict[str, Any]:
        return {"approval_code": one.definition.approval_code, "instance_code": one.instance_code}

    def _tell(self, one: Instance, kind: str, content: dict[str, Any]) -> None:
        for app in self._hearers(one.definition, kind):
            about = {"line": one.instance_code}
            self._world.desk.publish(app, kind, content, about=about, version=1, lane=one.instance_code)
