"""What one run did, in the words and numbers that ``--json`` promises."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from syncer.core.plan import Action, Guard
from syncer.core.records import Side
from syncer.core.values import Json

_PAST = {Action.CREATE: "created", Action.UPDATE: "updated", Action.DELETE: "deleted"}


@dataclass(slots=True)
class Report:
    """The counts of one run. ``written`` counts lines by side and action; in a dry run it holds what is planned."""

    mapping: str
    run: str = ""
    dry: bool = False
    read: dict[Side, int] = field(default_factory=lambda: dict.fromkeys(Side, 0))
    written: Counter[tuple[Side, Action]] = field(default_factory=Counter)
    linked: int = 0
    conflicts: int = 0
    undecided: int = 0
    """Planned in a dry run: lines with a conflict that would wait for a person."""
    failures: int = 0
    held: int = 0
    pending: int = 0
    """Lines that name lines of another mapping which are not linked yet."""
    loose: int = 0
    """Lines without a link that a later run must take up again."""
    seconds: float = 0.0
    calls: Mapping[str, int] = field(default_factory=dict)
    guard: Guard | None = None
    unfinished: bool = False
    """Whether something was left to a later run, because this one was told that it is enough."""
    undoes: str | None = None
    """The run that this one takes back."""
    restored: int = 0
    skipped: int = 0
    """Lines that an undo leaves as they are, because they were edited since; some of them stand in ``left``."""
    left: list[Json] = field(default_factory=list)
    details: list[Json] = field(default_factory=list)
    """What a dry run would do, line by line, as far as there is room."""
    details_left_out: int = 0
    samples: list[Json] = field(default_factory=list)
    drift: list[str] = field(default_factory=list)
    """What is not carried for now: pairs that are paused alone, new lines and files that wait. One sentence each."""
    renamed: list[str] = field(default_factory=list)
    """Fields that are called otherwise than in the mapping, one sentence each."""
    open_conflicts: int = 0
    open_failures: int = 0

    @property
    def status(self) -> str:
        """``done``, ``failed_lines``, ``guarded``, or ``unfinished``: a worker's time was over, the rest follows."""
        if self.unfinished:
            return "unfinished"
        if self.guard is not None:
            return "guarded"
        trouble = (
            self.undecided or self.skipped or self.failures or self.open_conflicts or self.open_failures or self.drift
        )
        return "failed_lines" if trouble else "done"

    @property
    def exit_status(self) -> int:
        """The exit status of the command: 0, 3 or 4."""
        return {"done": 0, "unfinished": 0, "failed_lines": 3, "guarded": 4}[self.status]

    @property
    def writes(self) -> int:
        """How many lines were written on both sides together."""
        return sum(self.written.values())

    def to_json(self) -> dict[str, Json]:
        """The object of ``sync --json`` and ``plan --json``."""
        written = {side.value: {_PAST[action]: self.written[side, action] for action in Action} for side in Side}
        guard: Json = None
        if self.guard is not None:
            guard = {"name": self.guard.name, "counts": dict(self.guard.counts), "samples": self.samples}
        return {
            "mapping": self.mapping,
            "run": self.run,
            "status": self.status,
            "seconds": round(self.seconds, 3),
            "read": {side.value: count for side, count in self.read.items()},
            "planned" if self.dry else "written": written,
            "linked": self.linked,
            "conflicts": self.conflicts,
            "failures": self.failures,
            "held": self.held,
            **({"pending": self.pending} if self.pending else {}),
            **({"drift": list(self.drift)} if self.drift else {}),
            **({"renamed": list(self.renamed)} if self.renamed else {}),
            "calls": dict(self.calls),
            "guard": guard,
            **self._undone(),
            **({"details": self.details, "details_left_out": self.details_left_out} if self.dry else {}),
        }

    def _undone(self) -> dict[str, Json]:
        if self.undoes is None:
            return {}
        return {"undoes": self.undoes, "restored": self.restored, "skipped": self.skipped, "left": self.left}
