"""Revisions of a mapping: how one is stored, when two are the same, and in what they differ."""

import json
from collections.abc import Iterator
from hashlib import sha256
from typing import Any

from syncer.catalog.document import Document

_NO_ORDER = ("match",)
"""Lists whose order means nothing; the order of a key's columns is the order in which keys are stored."""


def to_json(document: Document) -> str:
    """A document as the state store keeps it: every key, also those left out, so that a new default changes nothing."""
    return json.dumps(document.model_dump(mode="json"), ensure_ascii=False)


def from_json(text: str) -> Document:
    """The document of ``to_json``. Raises ``pydantic.ValidationError`` for anything else."""
    return Document.model_validate(json.loads(text))


def canonical(document: Document) -> dict[str, Any]:
    """What a document says, told the same way however it was written: no defaults, pairs by their column."""
    said: dict[str, Any] = document.model_dump(mode="json", exclude_defaults=True)
    said["fields"] = {pair["column"]: pair for pair in said["fields"]}
    for name in _NO_ORDER:
        if name in said:
            said[name] = sorted(said[name])
    return said


def digest(document: Document) -> str:
    """A fingerprint (64 hexadecimal digits), equal for documents that say the same."""
    return sha256(json.dumps(canonical(document), ensure_ascii=False, sort_keys=True).encode()).hexdigest()


def difference(old: Document, new: Document) -> list[str]:
    """What changed from one document to another, a sentence each; nothing when they say the same."""
    if canonical(old) == canonical(new):
        return []
    return list(_differ(_comparable(old), _comparable(new), ""))


def _comparable(document: Document) -> dict[str, Any]:
    said = document.model_dump(mode="json")
    said["fields"] = {pair["column"]: pair for pair in said["fields"]}
    for name in _NO_ORDER:
        said[name] = sorted(said[name]) if said[name] else said[name]
    return said


def _differ(old: dict[str, Any], new: dict[str, Any], where: str) -> Iterator[str]:
    for name in [*old, *(name for name in new if name not in old)]:
        before, after = old.get(name), new.get(name)
        if before == after and (name in old) == (name in new):
            continue
        if isinstance(before, dict) and isinstance(after, dict):
            yield from _differ(before, after, _inside(where, name, after))
        elif where == "fields":
            yield _pair_came_or_went(before, after)
        else:
            prefix = f"{where}: " if where else ""
            yield f"{prefix}{name} {_shown(before, name in old)} -> {_shown(after, name in new)}"


def _inside(where: str, name: str, after: dict[str, Any]) -> str:
    spoken = after["field"] if where == "fields" else name
    return f"{where}.{spoken}" if where else spoken


def _pair_came_or_went(before: dict[str, Any] | None, after: dict[str, Any] | None) -> str:
    pair = after or before
    assert pair is not None
    return f"fields.{pair['field']}: {'added' if after else 'removed'} (column {pair['column']})"


def _shown(value: object, there: bool) -> str:  # noqa: FBT001 - one of two words
    if not there or value is None:
        return "(left out)"
    return value if isinstance(value, str) and value else json.dumps(value, ensure_ascii=False)
