"""Looks at the real tables of mapping files, and tells every fault of every file at once, with its line."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from syncer.catalog.check import Findings
from syncer.catalog.faults import Fault, Key, Places
from syncer.catalog.files import Loaded
from syncer.cli import console
from syncer.cli.linking import check_links
from syncer.core.mapping import SyncMapping
from syncer.errors import FaultsError, FeishuError, MappingError, MendError, OutsideError, SyncerError, UnreachableError
from syncer.jobs import Sides
from syncer.wiring import Syncer

_TABLE: Key = ("database", "table")
_BITABLE: Key = ("feishu", "bitable")


@dataclass(frozen=True, slots=True)
class Looked:
    """What was found for one mapping: both tables, or what is wrong. ``silent`` says who did not answer."""

    sides: Sides | None = None
    faults: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    silent: tuple[str, ...] = ()

    def require(self) -> Sides:
        """Both tables. Raises ``MappingError``, or ``UnreachableError`` if nothing but an answer is missing."""
        _demand([self])
        assert self.sides is not None
        return self.sides


def look_at_all(living: Syncer, loaded: Sequence[Loaded]) -> list[Sides]:
    """Both tables of every mapping, its warnings told. Raises like ``Looked.require``, with all faults of all files."""
    looked = [look_at(living, one.mapping, one.places) for one in loaded]
    for one in looked:
        for warning in one.warnings:
            console.hint(f"warning: {warning}")
        for note in () if one.faults else one.notes:
            console.hint(f"note: {note}")
    _demand(looked)
    found = [one.require() for one in looked]
    check_links(living, loaded, found)
    return found


def look_at(living: Syncer, mapping: SyncMapping, places: Places) -> Looked:
    """Everything wrong between one mapping and its tables."""
    try:
        sides = living.look(mapping)
        found = living.check(sides, places)
        found = found if found.faults else _watched(living, sides, places, found)
    except (MendError, OutsideError) as error:
        return _wrong(mapping, places, [error, *_elsewhere(living, mapping, error)])
    return Looked(None if found.faults else sides, found.faults, found.warnings, found.notes)


def _watched(living: Syncer, sides: Sides, places: Places, found: Findings) -> Findings:
    """The same with what keeps the mapping from noticing changed rows."""
    faults, warnings = living.watch(sides.mapping, sides.row_table).check()
    key: Key = ("database", "capture" if sides.mapping.capture else "table")
    told = [tuple(str(places.fault(key, sentence)) for sentence in sentences) for sentences in (faults, warnings)]
    return replace(found, faults=told[0], warnings=found.warnings + told[1])


def _elsewhere(living: Syncer, mapping: SyncMapping, first: SyncerError) -> Iterator[SyncerError]:
    """What is wrong with Feishu's side when the database's came first."""
    if isinstance(first, FeishuError):
        return
    try:
        living.records(mapping).info()
    except (MendError, OutsideError) as error:
        if str(error) != str(first):
            yield error


def _wrong(mapping: SyncMapping, places: Places, errors: Sequence[SyncerError]) -> Looked:
    told = {
        kind: tuple(
            text
            for error in errors
            if (error.exit_status == MendError.exit_status) is kind
            for text in _told(mapping, places, error)
        )
        for kind in (True, False)
    }
    return Looked(faults=told[True], silent=told[False])


def _told(mapping: SyncMapping, places: Places, error: SyncerError) -> Iterator[str]:
    key = _key(error)
    where = f"mapping {mapping.name}: {places.dotted(key)}"
    for text in error.faults if isinstance(error, FaultsError) else (str(error),):
        yield str(Fault(places.path, places.line(*key), where, text))


def _key(error: SyncerError) -> Key:
    """The place in the file that an error is about."""
    text = str(error)
    if isinstance(error, FeishuError) or "Feishu" in text:
        return ("feishu", "app") if "Feishu app" in text else _BITABLE
    return ("database", "connection") if "connection" in text else _TABLE


def _demand(looked: Sequence[Looked]) -> None:
    faults = [fault for one in looked for fault in one.faults]
    silent = [text for one in looked for text in one.silent]
    if faults:
        raise MappingError(faults + silent)
    if silent:
        raise UnreachableError("\n".join(silent))
