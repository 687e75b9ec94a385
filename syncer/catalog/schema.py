"""The JSON Schema of mapping files, for editors: every key with its words, its type, its default and examples."""

from typing import Any

from syncer.catalog.document import Document


def mapping_schema() -> dict[str, Any]:
    """The schema (draft 2020-12) as ``syncer schema`` prints it."""
    shape = _plain(Document.model_json_schema())
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "A mapping of syncer", **shape}


def _plain(shape: dict[str, Any]) -> dict[str, Any]:
    """Without what only Python needs: made-up titles, null for keys that may be left out, defaults of whole parts."""
    choices = [choice for choice in shape.get("anyOf", ()) if choice != {"type": "null"}]
    if len(choices) == 1:
        shape = {**choices[0], **{name: value for name, value in shape.items() if name != "anyOf"}}
    elif choices:
        shape = {**shape, "anyOf": choices}
    return {name: _inside(name, value) for name, value in shape.items() if not _is_noise(name, value)}


def _inside(name: str, value: Any) -> Any:
    if name in {"properties", "$defs"}:
        return {key: _plain(shape) for key, shape in value.items()}
    if name == "anyOf":
        return [_plain(choice) for choice in value]
    return _plain(value) if isinstance(value, dict) else value


def _is_noise(name: str, value: object) -> bool:
    return name == "title" or (name == "default" and (value is None or isinstance(value, dict)))
