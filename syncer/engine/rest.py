"""What a line held beside its mapped pairs, when it was deleted: given back to the line that is made anew."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property

from syncer.core.plan import Action
from syncer.core.records import Side
from syncer.core.undo import Deed
from syncer.core.values import Json
from syncer.engine.tools import Tools
from syncer.fields.again import again
from syncer.fields.timezones import zone
from syncer.ports import Audit, RecordTableInfo


class Rest:
    """Makes of what the audit kept of deleted lines what a new line can be given."""

    def __init__(self, tools: Tools, info: RecordTableInfo) -> None:
        self._tools, self._info = tools, info

    def given(self, deeds: Sequence[Deed], audits: Iterable[Audit]) -> Sequence[Deed]:
        """The same deeds; those that deleted a line with what to give it back beside its pairs."""
        wholes = {audit.link: audit.whole for audit in audits if audit.whole is not None}
        rows = [deed for deed in deeds if deed.side_of(Action.DELETE) is Side.DATABASE]
        taken = self._taken([deed.key for deed in rows if deed.key is not None])
        for deed in deeds:
            side, whole = deed.side_of(Action.DELETE), wholes.get(deed.link)
            if side is not None and isinstance(whole, Mapping):
                deed.rest = self._cells(deed, whole) if side is Side.FEISHU else self._columns(deed, whole, taken)
        return deeds

    def _cells(self, deed: Deed, whole: Mapping[str, Json]) -> Mapping[str, Json]:
        mapped = {pair.field for pair in self._tools.rules.pairs}
        others = {name: cell for name, cell in whole.items() if name not in mapped}
        written, lost = again(self._info.fields, others, zone(self._info.time_zone))
        for sentence in lost:
            self._tools.reporter.note(f"record {deed.record} comes back without {sentence}")
        return written

    def _columns(self, deed: Deed, whole: Mapping[str, Json], taken: set[str]) -> Mapping[str, Json]:
        """Columns as texts; those of the key only if no row has it by now."""
        mapped = {pair.name for pair in self._tools.rules.pairs}
        barred = set(self._tools.rules.key) if deed.key in taken else set()
        return {name: text for name, text in whole.items() if name in self._open - mapped - barred}

    @cached_property
    def _open(self) -> frozenset[str]:
        """The columns that take what they are given."""
        return frozenset(column.name for column in self._tools.rows.info().columns if not column.generated)

    def _taken(self, keys: Sequence[str]) -> set[str]:
        return {row.key for row in self._tools.rows.fetch(keys).rows} if keys else set()
