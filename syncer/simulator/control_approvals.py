"""The part of the control client that is about approvals: defining, asking, deciding, revoking."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from typing import Any


class ApprovalControl(ABC):
    """Steps around approvals; `do` sends one."""

    @abstractmethod
    def do(self, op: str, **args: Any) -> Any:
        """Run one step."""

    def create_approval(
        self, name: str, form: Iterable[Mapping[str, Any]], nodes: Iterable[Mapping[str, Any]] = ()
    ) -> str:
        """Define an approval: widgets `{id, name, type}`, nodes `{name, type, approvers}`; returns its code."""
        widgets, steps = [dict(each) for each in form], [dict(each) for each in nodes]
        return str(self.do("create_approval", name=name, form=widgets, nodes=steps)["approval_code"])

    def edit_approval(self, approval_code: str, form: Iterable[Mapping[str, Any]]) -> None:
        """Change the form of a definition."""
        self.do("edit_approval", approval_code=approval_code, form=[dict(each) for each in form])

    def delete_approval(self, approval_code: str) -> None:
        """Delete a definition; what waits is decided no more."""
        self.do("delete_approval", approval_code=approval_code)

    def submit(self, approval_code: str, asks: Iterable[Mapping[str, Any]]) -> list[str]:
        """Ask for approvals, each `{values, by, at, outcome, after}`; returns the codes of the instances.

        `values` are by widget name; `by` is an open_id; `at` a time in ms, now if left out; `outcome` what became of it
        (`approve`, `reject`, `cancel`) `after` so many ms.
        """
        found: list[str] = self.do("submit", approval_code=approval_code, asks=[dict(each) for each in asks])
        return found

    def approve(self, instance_code: str, comment: str = "") -> None:
        """Decide the first open task of an instance with yes."""
        self.do("approve", instance_code=instance_code, comment=comment)

    def reject(self, instance_code: str, comment: str = "") -> None:
        """Decide the first open task of an instance with no."""
        self.do("reject", instance_code=instance_code, comment=comment)

    def transfer(self, instance_code: str, to: str) -> None:
        """Hand the first open task of an instance to somebody else."""
        self.do("transfer", instance_code=instance_code, to=to)

    def recall(self, instance_code: str) -> None:
        """Take a pending instance back."""
        self.do("recall", instance_code=instance_code)

    def revert(self, instance_code: str) -> None:
        """Revoke an approved instance."""
        self.do("revert", instance_code=instance_code)

    def comment(self, instance_code: str, by: str, words: str) -> None:
        """Say something about an instance; no event tells of it."""
        self.do("comment", instance_code=instance_code, by=by, words=words)

    def instances(self, approval_code: str) -> list[dict[str, Any]]:
        """Return every instance of a definition as it truly is, the oldest first."""
        found: list[dict[str, Any]] = self.do("instances", approval_code=approval_code)
        return found
