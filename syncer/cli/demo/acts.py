"""The acts of the demo, in order."""

from collections.abc import Callable, Sequence

from syncer.cli.demo import beginning, changing, ending, organisation, quarrelling, troubles
from syncer.cli.demo.story import Story

ALL: Sequence[Callable[[Story], None]] = (
    beginning.fill,
    beginning.apply,
    beginning.first_sync,
    changing.both_sides,
    changing.one_line,
    quarrelling.by_policy,
    quarrelling.by_a_person,
    changing.deletions,
    changing.merges,
    troubles.storm,
    troubles.poison,
    organisation.sources,
    ending.quiet,
    ending.comparison,
)
