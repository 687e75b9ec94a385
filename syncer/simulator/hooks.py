"""Steps to run at the very moment a call arrives or is about to be answered: a person edits while the program syncs."""

from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

Step = dict[str, Any]
"""`{"op": name, "args": {...}}`: one step of the control API, as data."""


@dataclass(slots=True)
class _Hook:
    api: str
    left: int
    when: str
    steps: list[Step]


@dataclass(slots=True)
class Hooks:
    """What waits for the nth call of an API. The call counted is the same for its `before` and `after`."""

    _waiting: list[_Hook] = field(default_factory=list)

    def add(self, api: str, nth: int, when: str, steps: list[Step]) -> None:
        """Run `steps` right before or after the nth call, counted from now, of an API that matches the pattern."""
        if when not in {"before", "after"}:
            raise ValueError(f"a hook runs before or after, not {when!r}")
        self._waiting.append(_Hook(api, nth, when, steps))

    def arrive(self, api: str) -> tuple[list[Step], list[Step]]:
        """Count one call; returns the steps to run before it and after it."""
        due = []
        for hook in self._waiting:
            if fnmatchcase(api, hook.api):
                hook.left -= 1
                if hook.left == 0:
                    due.append(hook)
        self._waiting = [hook for hook in self._waiting if hook.left > 0]
        before = [step for hook in due if hook.when == "before" for step in hook.steps]
        return before, [step for hook in due if hook.when == "after" for step in hook.steps]

    def clear(self) -> None:
        """Forget all."""
        self._waiting.clear()
