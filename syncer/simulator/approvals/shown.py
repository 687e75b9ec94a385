"""What the API tells of definitions and instances: forms as JSON inside strings, times as text. [doc]"""

from typing import TYPE_CHECKING, Any

import orjson

from syncer.simulator.approvals.model import Definition, Instance, Node, Task
from syncer.simulator.tokens import App

if TYPE_CHECKING:
    from syncer.simulator.world import World

EMPLOYEE_ID = "contact:user.employee_id:readonly"
_URL_SECONDS = 12 * 3600
_FILES = frozenset({"attachment", "attachmentV2", "image", "imageV2"})


def definition(one: Definition) -> dict[str, Any]:
    """Return a definition."""
    return {
        "approval_name": one.name,
        "status": one.status,
        "form": orjson.dumps(one.form).decode(),
        "node_list": [_node(each) for each in one.nodes],
        "viewers": [{"type": "TENANT", "id": "", "user_id": ""}],
        "form_widget_relation": "",
    }


def _node(node: Node) -> dict[str, Any]:
    return {"name": node.name, "need_approver": False, "node_id": node.node_id, "node_type": node.type}


class Shower:
    """Shows instances to one app: user_ids only with their scope."""

    def __init__(self, world: "World", app: App) -> None:
        self._world, self._names = world, EMPLOYEE_ID in app.scopes

    def instance(self, one: Instance) -> dict[str, Any]:
        """Return an instance's detail."""
        return {
            "approval_name": one.definition.name,
            "approval_code": one.definition.approval_code,
            "instance_code": one.instance_code,
            "serial_number": one.serial,
            "uuid": one.uuid,
            "status": one.status,
            "reverted": one.reverted,
            **self._person(one.open_id),
            "department_id": one.department_id,
            "start_time": str(one.start_ms),
            "end_time": str(one.end_ms),
            "form": orjson.dumps([self._widget(each) for each in one.form]).decode(),
            "task_list": [self._task(each) for each in one.tasks],
            "comment_list": [{**each, **self._person(each["open_id"])} for each in one.comments],
            "timeline": [{**each, "ext": "{}", **self._person(each["open_id"])} for each in one.timeline],
        }

    def _task(self, task: Task) -> dict[str, Any]:
        return {
            "id": task.task_id,
            **self._person(task.open_id),
            "status": task.status,
            "node_id": task.node.node_id,
            "node_name": task.node.name,
            "type": task.type,
            "start_time": str(task.start_ms),
            "end_time": str(task.end_ms),
        }

    def _person(self, open_id: str) -> dict[str, str]:
        found = {"open_id": open_id}
        if not (self._names and open_id):
            return found
        return found | {"user_id": self._world.people.by_open_id(open_id).user_id}

    def _widget(self, widget: dict[str, Any]) -> dict[str, Any]:
        """Files have addresses that are good for twelve hours, and their names apart. [doc]"""
        if widget.get("type") not in _FILES:
            return widget
        names, period = list(widget["value"]), int(self._world.clock.now() // _URL_SECONDS)
        urls = [f"https://example.feishu.cn/file/{place}?code={period}" for place, _ in enumerate(names)]
        return {**widget, "value": urls, "ext": ",".join(f"'{name}'" for name in names)}
