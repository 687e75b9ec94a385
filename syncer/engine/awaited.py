"""Notes which updates and deletions of records wait for their event: only what a kept event tells of is surely safe.

New records are none of them, for there is no edit to overwrite; nor are records of bases that send no events.
"""

from collections.abc import Sequence
from datetime import timedelta

from syncer.core.plan import Operation
from syncer.core.records import Side
from syncer.engine.notes import Notebook
from syncer.engine.tools import Tools
from syncer.ports import Intent

HEARD = "heard_at"
"""In Feishu's cursor: which events were looked through for edits that we overwrote."""


def hear_anew(tools: Tools) -> None:
    """Have all events that are kept looked through once more: they may tell of a write that was not noted in time."""
    cursor = tools.memory.cursor(Side.FEISHU)
    if HEARD in cursor:
        tools.memory.advance(Side.FEISHU, {name: held for name, held in cursor.items() if name != HEARD})


class Awaited:
    """What one run wrote and will hear of."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._hears: bool | None = None
        self._doubted: set[str] = set()

    def doubt(self, intent: Intent) -> None:
        """A call of this batch got no answer: it may take effect late, or be made again."""
        self._doubted.add(intent.id)

    def note(self, notebook: Notebook, intent: Intent, operations: Sequence[Operation]) -> None:
        """These operations of a batch took effect."""
        if intent.action == "create":
            return
        deletes = intent.action == "delete"
        some = [operation for operation in operations if operation.values or deletes]
        records = [operation.line for operation in some if operation.line is not None]
        if records and self._expects():
            notebook.sent[intent.id] = records
            if intent.id in self._doubted:
                notebook.doubtful[intent.id] = notebook.now + timedelta(seconds=self._tools.options.grace)

    def _expects(self) -> bool:
        if self._hears is None:
            signals = self._tools.signals
            self._hears = signals is not None and signals.hears()
        return self._hears
