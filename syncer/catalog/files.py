"""Loads mapping files: one, some, or a folder of them; every fault of every file is found in one look."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from syncer.catalog.build import build_mapping
from syncer.catalog.children import documents_of, places_of
from syncer.catalog.document import Document
from syncer.catalog.faults import Fault, Key, Places
from syncer.catalog.reading import Sheet, read_file
from syncer.catalog.rules import broken_rules
from syncer.catalog.supported import unsupported
from syncer.catalog.wording import faults_of
from syncer.core.mapping import SyncMapping
from syncer.errors import MappingError


@dataclass(frozen=True, slots=True)
class Loaded:
    """A valid mapping and the file it came from. ``places`` knows the line of every key."""

    mapping: SyncMapping
    document: Document
    path: Path
    places: Places


@dataclass(frozen=True, slots=True)
class Catalog:
    """The mappings of some files, and everything that is wrong in them, by file and line."""

    mappings: tuple[Loaded, ...] = ()
    faults: tuple[str, ...] = ()

    def require(self) -> tuple[Loaded, ...]:
        """The mappings, if all files are right. Raises ``MappingError`` with all faults."""
        if self.faults:
            raise MappingError(self.faults)
        return self.mappings


def load_folder(path: Path, env: Mapping[str, str]) -> Catalog:
    """All ``*.yaml`` and ``*.yml`` files right inside a folder, by name; hidden files are passed over."""
    if not path.is_dir():
        return Catalog(
            faults=(f"{path}: is no folder; create it, or set SYNCER_MAPPINGS to the folder of mapping files",)
        )
    files = sorted(
        file for file in path.iterdir() if file.suffix in {".yaml", ".yml"} and not file.name.startswith(".")
    )
    return load_files(files, env)


def load_files(paths: Sequence[Path], env: Mapping[str, str]) -> Catalog:
    """The named files together: what holds between mappings is checked among them."""
    loaded: list[Loaded] = []
    faults: list[Fault] = []
    for path in dict.fromkeys(paths):
        result = _load(path, env)
        loaded.extend(one for one in result if isinstance(one, Loaded))
        faults.extend(one for one in result if isinstance(one, Fault))
    faults.extend(_between(loaded))
    return Catalog(tuple(loaded), _told(faults))


def load_file(path: Path, env: Mapping[str, str]) -> Loaded:
    """One file. Raises ``MappingError`` with all its faults."""
    return load_files([path], env).require()[0]


def _load(path: Path, env: Mapping[str, str]) -> Sequence[Loaded | Fault]:
    sheet = read_file(path, env)
    if sheet.data is None:
        return list(sheet.faults)
    document, found = _document(sheet)
    if document is None:
        return [*sheet.faults, *_without_echoes(found, sheet)]
    return [Loaded(build_mapping(one), one, path, places_of(sheet.places, at)) for one, at in documents_of(document)]


def _document(sheet: Sheet) -> tuple[Document | None, list[tuple[Key, str]]]:
    """The document of a file without any fault, else everything that is wrong in it."""
    found = [*broken_rules(sheet.data), *unsupported(sheet.data)]
    try:
        document = Document.model_validate(sheet.data)
    except ValidationError as error:
        return None, [*found, *faults_of(error, sheet)]
    return (None if found or sheet.faults else document), found


def _without_echoes(found: Sequence[tuple[Key, str]], sheet: Sheet) -> Iterator[Fault]:
    """One fault per key, the first found; none where the value itself, or one inside it, could not be read."""
    told = {key[:depth] for key in sheet.broken for depth in range(1, len(key) + 1)}
    for key, message in found:
        if key not in told:
            told.add(key)
            yield sheet.places.fault(key, message)


def _between(loaded: Sequence[Loaded]) -> Iterator[Fault]:
    names: dict[str, Loaded] = {}
    tables: dict[tuple[str, ...], Loaded] = {}
    for item in loaded:
        mapping = item.mapping
        first = names.setdefault(mapping.name, item)
        if first is not item:
            yield item.places.fault(
                ("name",), f"{mapping.name} is the name of {first.path} too; every mapping needs its own"
            )
        first = tables.setdefault((mapping.app_token, mapping.table_id, mapping.connection, mapping.table), item)
        if first is not item:
            yield item.places.fault(
                ("database", "table"),
                f"{first.mapping.name} ({first.path}) syncs the same two tables; keep them in one mapping",
            )


def _told(faults: Sequence[Fault]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(str(fault) for fault in sorted(faults)))
