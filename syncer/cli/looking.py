"""Looks at the real tables of mapping files, and tells every fault of every file at once, with its line."""

from collections.abc import Sequence
from dataclasses import dataclass

from syncer.catalog.faults import Fault, Key, Places
from syncer.catalog.files import Loaded
from syncer.cli import console
from syncer.core.mapping import SyncMapping
from syncer.errors import FaultsError, FeishuError, MappingError, MendError, SettingsError, SyncerError
from syncer.wiring import Sides, Syncer

_DATABASE: Key = ("database", "table")
_CONNECTION: Key = ("database", "connection")
_BITABLE: Key = ("feishu", "bitable")


@dataclass(frozen=True, slots=True)
class Looked:
    """What was found for one mapping; ``sides`` is there if nothing is wrong."""

    sides: Sides | None
    faults: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def look_at_all(living: Syncer, loaded: Sequence[Loaded]) -> list[Sides]:
    """Both tables of every mapping, its warnings told. Raises ``MappingError`` with all faults of all files."""
    looked = [look_at(living, one.mapping, one.places) for one in loaded]
    for one in looked:
        for warning in one.warnings:
            console.hint(f"warning: {warning}")
    faults = [fault for one in looked for fault in one.faults]
    if faults:
        raise MappingError(faults)
    return [one.sides for one in looked if one.sides is not None]


def look_at(living: Syncer, mapping: SyncMapping, places: Places) -> Looked:
    """Everything wrong between one mapping and its tables. Raises only what is nobody's mistake (``OutsideError``)."""
    try:
        sides = living.look(mapping)
    except SyncerError as error:
        if error.exit_status != MendError.exit_status:
            raise
        return Looked(
            None, tuple(dict.fromkeys([*_told(mapping, places, error), *_elsewhere(living, mapping, places)]))
        )
    found = living.check(sides, places)
    return Looked(None if found.faults else sides, found.faults, found.warnings)


def _elsewhere(living: Syncer, mapping: SyncMapping, places: Places) -> tuple[str, ...]:
    """What is wrong with Feishu's side when the database's was the first that did not hold."""
    try:
        living.records(mapping).info()
    except SyncerError as error:
        return _told(mapping, places, error)
    return ()


def _told(mapping: SyncMapping, places: Places, error: SyncerError) -> tuple[str, ...]:
    key = _key(error)
    said = error.faults if isinstance(error, FaultsError) else (str(error),)
    where = f"mapping {mapping.name}: {places.dotted(key)}"
    return tuple(str(Fault(places.path, places.line(*key), where, text)) for text in said)


def _key(error: SyncerError) -> Key:
    """The place in the file that an error is about."""
    if isinstance(error, FeishuError):
        return _BITABLE
    if isinstance(error, SettingsError):
        return _CONNECTION if "connection" in str(error) else ("feishu", "app")
    return _DATABASE
