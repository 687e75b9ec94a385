"""Recognises a new mapping that was copied from another and kept one of its tables: by mistake, more often than not."""

from collections.abc import Sequence

from syncer.catalog.document import Document
from syncer.state.mappings import Applied

_HALVES = {"Bitable table": slice(0, 2), "database table": slice(2, 4)}
"""Where the two tables stand in what identifies them."""


def copied_from(others: Sequence[Applied], name: str, document: Document, tables: Sequence[str]) -> str | None:
    """What a new mapping has in common with an older one, as a clause, if it seems to be a copy of that.

    It is one if it kept one of the two tables and at least half of the field pairs. ``tables`` identify its tables.
    """
    mine = _pairs(document)
    for other in others:
        held = other.document
        if other.name == name or not isinstance(held, dict) or not isinstance(held.get("tables"), list):
            continue
        theirs = _pairs(Document.model_validate(held["document"]))
        same = [half for half, place in _HALVES.items() if held["tables"][place] == list(tables)[place]]
        if same and 2 * len(mine & theirs) >= min(len(mine), len(theirs)):
            return f"has its {same[0]} and its fields in common with {other.name}, as a copy of it would"
    return None


def _pairs(document: Document) -> set[tuple[str, str]]:
    said = document.model_dump(mode="json")["fields"]
    return {(str(pair.get("field")), str(pair.get("column"))) for pair in said}
