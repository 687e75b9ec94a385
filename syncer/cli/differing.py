"""Mapping files that say otherwise than what is active: editing a file changes nothing until `syncer apply`."""

from collections.abc import Iterator

from syncer.catalog.document import Document
from syncer.catalog.files import Catalog, load_folder
from syncer.catalog.revisions import difference
from syncer.cli.session import settings, variables
from syncer.state.mappings import Applied


def file_warnings() -> "Differing":
    """What tells, of an applied mapping, that its file says otherwise; nothing where there are no files at all."""
    folder = settings().mappings
    return Differing(load_folder(folder, variables()) if folder.is_dir() else None)


class Differing:
    """The mapping files, as far as they are right; `syncer check` tells what is wrong with the others."""

    def __init__(self, catalog: Catalog | None) -> None:
        self._files = {one.mapping.name: one for one in catalog.mappings} if catalog is not None else {}
        self._whole = catalog is not None and not catalog.faults

    def __call__(self, applied: Applied) -> Iterator[str]:
        """One sentence, or none."""
        document, loaded = applied.document, self._files.get(applied.name)
        if loaded is None:
            if self._files and self._whole:
                yield f"no mapping file holds it; revision {applied.revision} is active"
        elif isinstance(document, dict):
            changes = difference(Document.model_validate(document["document"]), loaded.document)
            if changes:
                yield (
                    f"{loaded.path} differs from revision {applied.revision}, which is active ({_counted(changes)}); "
                    f"see `syncer mappings diff {applied.name}`, then `syncer apply {loaded.path}`"
                )


def _counted(changes: list[str]) -> str:
    return changes[0] if len(changes) == 1 else f"{len(changes)} changes, such as {changes[0]}"
