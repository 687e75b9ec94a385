"""One write to one table: everything is converted and checked first, then all of it happens or nothing does.

Used for calls of the API and for edits of people alike, so that both leave the same traces.
"""

import dataclasses
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any

from syncer.simulator.backlinks import unlink_deleted, write_back
from syncer.simulator.cells.computed import hold_back
from syncer.simulator.cells.kind import EMPTY, Reading
from syncer.simulator.cells.text import Text
from syncer.simulator.commit import Change, Commit
from syncer.simulator.errors import Refusal
from syncer.simulator.events.field_actions import fields_watched
from syncer.simulator.model import Base, Field, Option, Record, Stored, Table
from syncer.simulator.world import World

_COLORS = 55
_MOST_OPTIONS = 20_000


@dataclass(slots=True)
class Draft:
    """What a write is about to do. `actor` is an open_id; `hidden` names fields the caller may not know of."""

    world: World
    base: Base
    table: Table
    actor: str
    user_id_type: str = "open_id"
    human: bool = False
    stale: bool = False
    hidden: frozenset[str] = frozenset()
    created: list[Record] = field(default_factory=list)
    edits: dict[str, dict[str, Stored]] = field(default_factory=dict)
    deleted: dict[str, Record] = field(default_factory=dict)
    _names: dict[str, dict[str, Option]] = field(default_factory=dict)
    _options: list[tuple[Field, Option]] = field(default_factory=list)

    def create(self, cells: Mapping[str, Any]) -> Record:
        """Add a record with these written values by field name."""
        taken = {key: value for key, value in self._taken(cells).items() if value is not EMPTY}
        now = self.world.clock.now_ms(self.world.switches.automatic_time_step_ms)
        record = Record(self.world.ids.record(), taken, 0, now, now, self.actor, self.actor, 0)
        self.created.append(record)
        return record

    def update(self, record_id: str, cells: Mapping[str, Any]) -> Record:
        """Change only the named cells of a record; 1254043 when there is none."""
        record = self.existing(record_id)
        self.edits.setdefault(record_id, {}).update(self._taken(cells))
        return record

    def delete(self, record_id: str) -> Record:
        """Remove a record; 1254043 when there is none."""
        self.deleted[record_id] = self.existing(record_id)
        return self.deleted[record_id]

    def existing(self, record_id: object) -> Record:
        """Return a record; 1254006 for a malformed id, 1254043 for an unknown one or one too new to be found."""
        if not isinstance(record_id, str) or not record_id.startswith("rec"):
            raise Refusal(1254006)
        record = self.table.records.get(record_id)
        lag = self.world.switches.absent_after_create_seconds
        if record is None or (not self.human and lag and self.world.clock.now() - record.created_ms / 1000 < lag):
            raise Refusal(1254043)
        return record

    def _taken(self, cells: Mapping[str, Any]) -> dict[str, Stored]:
        by_name, switches = self.table.by_name, self.world.switches
        taken: dict[str, Stored] = {}
        for name, value in cells.items():
            to = by_name.get(name)
            if to is None or name in self.hidden:
                raise Refusal(1254045)
            if not to.kind.writable and not self.human:
                raise Refusal(switches.read_only_code)
            if value is None:
                if switches.null_clears or self.human:
                    taken[to.field_id] = EMPTY
            elif value == "" and to.kind.empty_string_clears and switches.empty_string_clears:
                taken[to.field_id] = EMPTY
            else:
                taken[to.field_id] = to.kind.take(value, to, self)
        return taken

    def known_option(self, of: Field, name: str) -> Option | None:
        """Return the option of this name, also one this draft is about to add."""
        names = self._names.get(of.field_id)
        if names is None:
            names = self._names[of.field_id] = {each.name: each for each in reversed(of.options.values())}
        return names.get(name)

    def new_option(self, of: Field, name: str) -> Option:
        """Add an option, in the next color."""
        added = sum(1 for each, _ in self._options if each is of)
        if len(of.options) + added >= _MOST_OPTIONS:
            raise of.kind.refuse()
        option = Option(self.world.ids.option(), name, (len(of.options) + added) % _COLORS)
        self._options.append((of, option))
        self._names[of.field_id].setdefault(name, option)
        return option

    def option(self, of: Field, name: str) -> Option:
        """Return the option of this name, added if there is none."""
        return self.known_option(of, name) or self.new_option(of, name)

    def commit(self) -> Commit:
        """Do all of it and tell the listeners."""
        with fields_watched(self.world, self.base, self.actor) if self._options else nullcontext():
            return self._commit()

    def _commit(self) -> Commit:
        self._limit()
        self._remember_stale()
        hold_back([*self.created, *map(self.existing, self.edits)], Reading(self.world, self.base, self.table))
        self.add_options()
        changes = [*self._add_all(), *self._edit_all(), *self._delete_all()]
        peers = write_back(self.world, self.base, self.table, changes)
        unlink_deleted(self.base, self.table, set(self.deleted))
        self._count_revision(changes)
        commit = self._tell(self.table, tuple(changes))
        if self.world.switches.back_write_events:
            for peer, back_written in peers:
                self._tell(peer, back_written)
        return commit

    def add_options(self) -> None:
        """Add the options that written names asked for."""
        for of, option in self._options:
            of.options[option.id] = option

    def _limit(self) -> None:
        most = self.world.switches.max_records
        if most and len(self.table.records) + len(self.created) > most:
            raise Refusal(1254103)

    def _remember_stale(self) -> None:
        seconds, now = self.world.switches.stale_read_seconds, self.world.clock.now()
        if not (self.stale and seconds):
            return
        if self.table.shadow_until < now:
            self.table.shadow.clear()
        self.table.shadow_until = now + seconds
        old = [self.table.records[each] for each in (*self.edits, *self.deleted)]
        for record in old:
            copy = dataclasses.replace(record, cells=dict(record.cells), rendered=None)
            self.table.shadow.setdefault(record.record_id, copy)
        self.table.shadow.update({each.record_id: None for each in self.created})

    def _add_all(self) -> list[Change]:
        table = self.table
        for record in self.created:
            table.last_position += 1
            record.position = table.last_position
            if not record.number:  # a restored record keeps the number it was given
                table.last_number += 1
                record.number = table.last_number
            table.records[record.record_id] = record
        return [Change("record_added", each, {}, each.cells) for each in self.created]

    def _edit_all(self) -> list[Change]:
        changes = [self._edit(self.table.records[each], cells) for each, cells in self.edits.items()]
        return [change for change in changes if change is not None]

    def _edit(self, record: Record, cells: dict[str, Stored]) -> Change | None:
        before = {key: record.cells.get(key) for key, new in cells.items() if record.cells.get(key, EMPTY) != new}
        switches, was = self.world.switches, (record.modified_ms, record.modified_by)
        if before or switches.no_op_bumps_modified:
            record.modified_ms = self.world.clock.now_ms(switches.automatic_time_step_ms)
            record.modified_by, record.rendered = self.actor, None
        for key in before:
            self._put(record, key, cells[key])
        if not before:
            return None
        return Change("record_edited", record, before, {key: record.cells.get(key) for key in before}, was)

    def _put(self, record: Record, field_id: str, value: Stored) -> None:
        if value is not EMPTY:
            record.cells[field_id] = value
        elif self.world.switches.cleared_text != "omitted" and isinstance(self.table.fields[field_id].kind, Text):
            record.cells[field_id] = ""
        else:
            record.cells.pop(field_id, None)

    def _delete_all(self) -> list[Change]:
        for record_id, record in self.deleted.items():
            del self.table.records[record_id]
            self.table.trash[record_id] = record
        return [Change("record_deleted", each, each.cells, {}) for each in self.deleted.values()]

    def _count_revision(self, changes: list[Change]) -> None:
        switches = self.world.switches
        self.table.stamp += 1
        by_cells = not self.created and not self.deleted
        if by_cells and not (changes or switches.no_op_bumps_revision):
            return
        if by_cells and not switches.cell_edits_bump_revision:
            return
        self.table.revision += len(changes) if switches.revision_step == "record" and changes else 1
        if switches.cell_edits_bump_app_revision:
            self.base.revision += 1

    def _tell(self, table: Table, changes: tuple[Change, ...]) -> Commit:
        commit = Commit(self.base, table, self.actor, changes, table.revision, self.world.clock.now_ms())
        for listener in self.world.listeners:
            listener(commit)
        return commit
