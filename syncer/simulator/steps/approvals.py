"""Steps of people around approvals: define, ask, decide, take back, revoke, and say something about it."""

from typing import Any

from syncer.simulator.approvals.model import PENDING, Instance, Node
from syncer.simulator.approvals.shown import EMPLOYEE_ID, Shower
from syncer.simulator.errors import Refusal
from syncer.simulator.tokens import App
from syncer.simulator.world import World


def _instance(world: World, code: str) -> Instance:
    return world.approvals.instances[code]


def create_approval(
    world: World, name: str, form: list[dict[str, Any]], nodes: list[dict[str, Any]] | None = None
) -> dict[str, str]:
    """Define an approval: widgets `{id, name, type}`, nodes `{name, type, approvers}`; returns its code."""
    steps = [
        Node(
            f"node{place}", str(each.get("name", "审批")), str(each.get("type", "OR")), tuple(each.get("approvers", ()))
        )
        for place, each in enumerate(nodes or ())
    ]
    return {"approval_code": world.course.define(name, form, tuple(steps)).approval_code}


def edit_approval(world: World, approval_code: str, form: list[dict[str, Any]]) -> None:
    """Change the form of a definition."""
    world.course.redefine(world.approvals.definitions[approval_code], form)


def delete_approval(world: World, approval_code: str) -> None:
    """Delete a definition; what waits is decided no more."""
    world.course.delete(world.approvals.definitions[approval_code])


def submit(world: World, approval_code: str, asks: list[dict[str, Any]]) -> list[str]:
    """Ask for approvals, each `{values, by, at, outcome, after}`; returns the codes of the instances.

    `values` are by widget name; `by` is an open_id; `at` a time in ms, now if left out; `outcome` what became of it
    (`approve`, `reject`, `cancel`) `after` so many ms.
    """
    definition = world.approvals.definitions[approval_code]
    known, made = {each["name"]: each for each in definition.form}, list[str]()
    for ask in asks:
        values = ask.get("values", {})
        form = [{**_plain(known[name]), **_given(value)} for name, value in values.items()]
        by, at = ask.get("by") or world.somebody(), int(ask.get("at") or world.clock.now_ms())
        one = world.course.submit(definition, by, form, at_ms=at)
        if ask.get("outcome"):
            _decide(world, one, str(ask["outcome"]), at + int(ask.get("after", 0)))
        made.append(one.instance_code)
    return made


def _plain(widget: dict[str, Any]) -> dict[str, Any]:
    return {key: widget[key] for key in ("id", "custom_id", "name", "type") if key in widget}


def _given(value: Any) -> dict[str, Any]:
    """What a widget holds: a bare value, or `{"value": ..., ...}` with what stands beside it."""
    return dict(value) if isinstance(value, dict) and "value" in value else {"value": value}


def _decide(world: World, one: Instance, outcome: str, at_ms: int) -> None:
    if outcome == "cancel":
        world.course.cancel(one, at_ms)
        return
    while one.status == PENDING and (waiting := one.open_tasks()):
        if outcome == "reject":
            world.course.reject(one, waiting[0], at_ms=at_ms)
        else:
            world.course.approve(one, waiting[0], at_ms=at_ms)


def approve(world: World, instance_code: str, comment: str = "") -> None:
    """Decide the first open task of an instance with yes."""
    one = _instance(world, instance_code)
    world.course.approve(one, _open(one), comment)


def reject(world: World, instance_code: str, comment: str = "") -> None:
    """Decide the first open task of an instance with no."""
    one = _instance(world, instance_code)
    world.course.reject(one, _open(one), comment)


def transfer(world: World, instance_code: str, to: str) -> None:
    """Hand the first open task of an instance to somebody else."""
    one = _instance(world, instance_code)
    world.course.transfer(one, _open(one), to)


def _open(one: Instance) -> Any:
    waiting = one.open_tasks()
    if not waiting:
        raise Refusal(1390010)
    return waiting[0]


def recall(world: World, instance_code: str) -> None:
    """Take a pending instance back."""
    world.course.cancel(_instance(world, instance_code))


def revert(world: World, instance_code: str) -> None:
    """Revoke an approved instance."""
    world.course.revert(_instance(world, instance_code))


def comment(world: World, instance_code: str, by: str, words: str) -> None:
    """Say something about an instance; no event tells of it."""
    world.course.comment(_instance(world, instance_code), by, words)


def instances(world: World, approval_code: str) -> list[dict[str, Any]]:
    """Return every instance of a definition as it truly is, the oldest first."""
    bot = next(iter(world.tokens.apps.values())).bot
    shower = Shower(world, App("", "", "", frozenset({EMPLOYEE_ID}), bot))
    return [shower.instance(each) for each in world.approvals.of(approval_code)]


OPS = {
    each.__name__: each
    for each in (
        create_approval,
        edit_approval,
        delete_approval,
        submit,
        approve,
        reject,
        transfer,
        recall,
        revert,
        comment,
        instances,
    )
}
