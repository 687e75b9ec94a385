"""Mappings: checked against their tables, made active, and found again as they were applied."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from hashlib import sha256

from syncer.catalog.build import build_mapping
from syncer.catalog.check import Findings, check_against, computes, unseen
from syncer.catalog.document import Document
from syncer.catalog.faults import Places
from syncer.catalog.following import follow_scope
from syncer.catalog.optioned import named_options, read_known, with_options
from syncer.catalog.pairs import Tables, key_columns
from syncer.catalog.surviving import Surviving, surviving
from syncer.core.mapping import SyncMapping
from syncer.core.records import Side
from syncer.core.values import Json
from syncer.database.capture.watch import script, way_of
from syncer.database.connections import place
from syncer.jobs import Sides
from syncer.state.mappings import Applied
from syncer.wiring.doors import Doors, shelf_of
from syncer.wiring.filing import unusable_folders


class Mappings(Doors):
    """What is done with a mapping before anything runs."""

    def check(self, sides: Sides, places: Places, *, running: bool = False) -> Findings:
        """Everything wrong or unwise between a mapping and its two tables; ``running``: what stops a run."""
        found = check_against(sides.mapping, sides.record_table, sides.row_table, places, running=running)
        lacking = [*sides.rows.check_readable(), *self._unwritable(sides)]
        if found.faults:  # what the database door finds missing too is told once
            lacking = [sentence for sentence in lacking if "the role" in sentence]
        told = tuple(str(places.fault(("database", "table"), sentence)) for sentence in dict.fromkeys(lacking))
        folders = () if running else unusable_folders(sides.mapping)
        told += tuple(str(places.fault(("fields", at, "files"), sentence)) for at, sentence in folders)
        return replace(found, faults=found.faults + told)

    def surviving(self, sides: Sides, ids: Mapping[str, str], *, rights: bool = False) -> tuple[Sides, Surviving]:
        """The same sides with what still stands of the mapping since it was applied, and what does not.

        ``rights`` also asks which columns the role may still touch. Raises ``SchemaError`` where nothing can go on.
        """
        mapping = sides.mapping
        written = {pair.column: pair.direction.carries_from(Side.FEISHU) for pair in mapping.pairs}
        forbidden = {**unseen(mapping, sides.record_table), **(sides.rows.forbidden(written) if rights else {})}
        found = surviving(mapping, Tables(sides.record_table, sides.row_table), ids, forbidden)
        if not found.paused:
            return replace(sides, mapping=found.mapping), found
        key = key_columns(found.mapping, sides.row_table)
        rows = self._rows(self.engine(mapping.connection), found.mapping, key, sides.record_table)
        return replace(sides, mapping=found.mapping, rows=rows), found

    def _unwritable(self, sides: Sides) -> list[str]:
        if sides.mapping.direction == "to_feishu":
            return []
        return sides.rows.check_writable(deletes=sides.mapping.from_feishu.action == "delete")

    def apply(
        self,
        sides: Sides,
        document: Document,
        digest: str,
        differences: str,
        say: Callable[[str], object] = str,
        by: str = "",
    ) -> int:
        """Make a mapping active: prepare its database, tell ``say`` how, record a revision; the revision's number.

        ``by`` says who did it.
        The ids of its fields and of the options it names are remembered, so that what is renamed is followed.
        """
        field = Tables(sides.record_table, sides.row_table).field
        ids = {pair.column: field(pair.field).id for pair in sides.mapping.pairs}
        sides.rows.prepare()
        watch = self.watch(sides.mapping, sides.row_table)
        for sentence in watch.install():
            say(sentence)
        found: dict[str, Json] = {"fields": ids, "key": list(watch.key), "capture": watch.way}
        found["tables"] = self.tables_of(sides)
        if Side.FEISHU in sides.mapping.where:
            found["scope"] = {name: field(name).id for name in sides.mapping.where[Side.FEISHU].names}
        if computes(sides.mapping, sides.record_table):
            found["computed"] = True
        # A field deleted and made anew is another field, though the file says the same.
        whole = sha256(json.dumps([digest, found], sort_keys=True).encode()).hexdigest()
        stored = {"document": document.model_dump(mode="json"), **found, "timezone": sides.record_table.time_zone}
        stored["by"] = by
        known = read_known(self.store.learned(sides.mapping.name, "options"))
        options = named_options(sides.mapping, sides.record_table, ids, known, anew=True)
        number = self.store.apply(sides.mapping.name, stored, whole, differences)
        self.store.learn(sides.mapping.name, "options", options)
        return number

    def forget_source(self, mapping: SyncMapping) -> None:
        """Forget what was read of a mapping's approval or directory, unless another mapping reads it too."""
        if mapping.source is None:
            return
        shelf = shelf_of(mapping.app, mapping.source)
        others = [self.applied(each.name)[1] for each in self.store.mappings() if each.name != mapping.name]
        if all(other.source is None or shelf_of(other.app, other.source) != shelf for other in others):
            self.store.shelf(*shelf).clear()

    def script(self, mappings: Sequence[SyncMapping]) -> str:
        """What ``apply`` would do to the database of these mappings, which are of one connection, as SQL."""
        watches = [self.watch(mapping, self.rows(mapping).info()) for mapping in mappings]
        return self.rows(mappings[0]).prepare_sql() + script(watches)

    def tables_of(self, sides: Sides) -> list[str]:
        """What identifies the pair of tables of a mapping, however its file spells them."""
        where = place(self.engine(sides.mapping.connection))
        return [sides.records.app_token, sides.records.table_id, where, sides.row_table.name]

    def applied(self, name: str) -> tuple[Applied, SyncMapping, Mapping[str, str]]:
        """A mapping as it was applied, and the field id of each of its columns. Raises ``NotAppliedError``."""
        applied = self.store.mapping(name)
        stored = applied.document
        assert isinstance(stored, Mapping)
        ids = stored["fields"]
        assert isinstance(ids, Mapping)
        mapping = replace(build_mapping(Document.model_validate(stored["document"])), capture=way_of(stored))
        mapping = with_options(mapping, read_known(stored.get("options")))
        scope = stored.get("scope")
        mapping = follow_scope(mapping, scope if isinstance(scope, dict) else {})
        return applied, mapping, {column: str(identity) for column, identity in ids.items()}
