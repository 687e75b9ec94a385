"""Lines that name lines of another mapping, or of their own, which are not linked yet.

They are written without those links, or held, and every later run looks at them again. Where a mapping links to itself
the run that made a line goes on with those that waited for it.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from syncer.core.records import Side
from syncer.engine.line import Line


@dataclass(slots=True)
class PendingLines:
    """Those of one run, by a side on which they are; ``loose`` are the ones that are no link yet.

    ``own`` says that the mapping links to itself; ``forget`` has what was not found asked for again.
    """

    own: bool = False
    forget: Callable[[], None] = lambda: None
    named: set[tuple[Side, str]] = field(default_factory=set)
    loose: set[tuple[Side, str]] = field(default_factory=set)

    def note(self, line: Line) -> None:
        """A line was planned: it waits, or no more."""
        names = [(side, name) for side in Side if (name := line.id_on(side)) is not None]
        self.named.difference_update(names)
        self.loose.difference_update(names)
        if line.plan.pending:
            self.named.update(names[:1])
            if line.plan.held:
                self.loose.update(names)
