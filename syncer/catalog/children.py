"""Child tables of an approval: ``children:`` of a file are mappings of their own, which share all but source and table.

A child is called after its mapping (``leave`` and ``tasks`` are ``leave-tasks``) and runs by itself.
"""

from collections.abc import Iterator

from syncer.catalog.document import Child, Document
from syncer.catalog.faults import Key, Place, Places


def documents_of(document: Document) -> Iterator[tuple[Document, Key]]:
    """The document of the file itself, and of each of its children with the key it stands at."""
    yield document.model_copy(update={"children": {}}), ()
    for name, child in document.children.items():
        yield _document(document, name, child), ("children", name)


def _document(document: Document, name: str, child: Child) -> Document:
    approval = document.feishu.approval
    assert approval is not None
    source = approval.model_copy(update={"part": child.part or name})
    database = document.database.model_copy(
        update={"table": child.table, "key": child.key, "watermark": None, "on_insert": {}, "on_update": {}}
    )
    return document.model_copy(
        update={
            "name": f"{document.name}-{name}",
            "feishu": document.feishu.model_copy(update={"approval": source}),
            "database": database,
            "match": None,
            "fields": child.fields,
            "children": {},
        }
    )


def places_of(places: Places, at: Key) -> Places:
    """The places of a child: what it says itself stands where a file says it for the mapping."""
    if not at:
        return places
    moved: dict[Key, Place] = dict(places.by_key)
    for key, place in places.by_key.items():
        if key[: len(at)] == at and len(key) > len(at):
            inner = key[len(at) :]
            moved[("database", *inner) if inner[0] in ("table", "key") else inner] = place
    return Places(places.path, moved)
