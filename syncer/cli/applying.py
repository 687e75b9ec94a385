"""Makes mapping files the active mappings."""

from collections.abc import Iterator, Sequence
from functools import partial
from getpass import getuser
from socket import gethostname

from syncer.catalog.document import Document
from syncer.catalog.files import Loaded
from syncer.catalog.revisions import difference, digest
from syncer.cli import console
from syncer.cli.copied import copied_from
from syncer.cli.looking import look_at_all
from syncer.cli.noticed import NO_EVENTS
from syncer.core.mapping import SyncMapping
from syncer.core.sources import heard_as
from syncer.errors import MappingError, MendError, NotAppliedError, UnreachableError
from syncer.jobs import Sides
from syncer.listening.subscribing import subscribe
from syncer.state.mappings import Applied, State
from syncer.wiring import Syncer


def apply_all(living: Syncer, loaded: Sequence[Loaded]) -> None:
    """Check all, then apply each. Raises ``MappingError``, and has changed nothing then."""
    found = look_at_all(living, loaded)
    faults = list(_same_tables(living, loaded, found))
    if faults:
        raise MappingError(faults)
    for one, sides in zip(loaded, found, strict=True):
        apply_one(living, sides, one.document)


def apply_one(living: Syncer, sides: Sides, document: Document) -> None:
    """Apply one mapping whose tables were looked at, and tell what changed."""
    name = sides.mapping.name
    before = _applied(living, name)
    moved = living.applied(name)[1] if before is not None else sides.mapping
    changes = _changes(living, before, sides, document)
    revision = living.apply(sides, document, digest(document), "\n".join(changes), partial(_tell, name), _who())
    if moved.connection != sides.mapping.connection:
        release(living, moved)
    if before is not None and revision == before.revision:
        console.say(f"mapping {name}: nothing changed, revision {revision} is active")
    else:
        console.say(f"mapping {name}: revision {revision} is active")
        for change in changes:
            console.say(f"  {change}")
    if refusal := subscribe(living, sides.mapping.app, heard_as(sides.records.app_token, sides.records.table_id)):
        console.hint(f"warning: mapping {name}: {NO_EVENTS}: {refusal}")
    if before is not None and before.state is not State.PAUSED and _tables(before) not in ((), living.tables_of(sides)):
        living.store.pause(name)
        console.say(f"mapping {name} points at other tables now, so it begins paused; `syncer resume {name}` starts it")
    if before is None and (other := copied_from(living.store.mappings(), name, document, living.tables_of(sides))):
        living.store.pause(name)
        console.say(f"mapping {name} {other}; it begins paused; `syncer resume {name}` starts it")
    if before is not None and before.state is State.PAUSED:
        console.say(f"mapping {name} is paused; `syncer resume {name}` lets it go on")


def _who() -> str:
    """Whose command this is, as far as the machine knows."""
    try:
        return f"{getuser()}@{gethostname()}"
    except (KeyError, OSError):  # a user without a name, as in some containers
        return gethostname()


def _tables(applied: Applied) -> object:
    document = applied.document
    return document.get("tables", ()) if isinstance(document, dict) else ()


def release(living: Syncer, mapping: SyncMapping) -> None:
    """Take away the triggers of a mapping that nobody else needs. Raises ``BusyError`` while its table is locked."""
    try:
        for sentence in living.release(mapping):
            _tell(mapping.name, sentence)
    except (MendError, UnreachableError) as error:
        console.hint(f"triggers of {mapping.name} may stay in its database, where they go on noting changes: {error}")


def _tell(name: str, sentence: str) -> None:
    console.say(f"mapping {name}: {sentence}")


def script(living: Syncer, loaded: Sequence[Loaded]) -> str:
    """The SQL of all mappings for an administrator, once per connection."""
    connections: dict[str, list[SyncMapping]] = {}
    for one in loaded:
        connections.setdefault(one.mapping.connection, []).append(one.mapping)
    return "\n".join(f"-- connection {name}\n{living.script(mappings)}" for name, mappings in connections.items())


def pause_missing(living: Syncer, present: set[str]) -> None:
    """Pause the mappings whose file is gone."""
    for applied in living.store.mappings():
        if applied.name in present:
            continue
        if applied.state is not State.PAUSED:
            living.store.pause(applied.name)
        console.say(f"mapping {applied.name}: its file is gone; paused (`syncer remove {applied.name}` takes it away)")


def _applied(living: Syncer, name: str) -> Applied | None:
    try:
        return living.store.mapping(name)
    except NotAppliedError:
        return None


def _changes(living: Syncer, before: Applied | None, sides: Sides, document: Document) -> list[str]:
    if before is None:
        return ["new"]
    assert isinstance(before.document, dict)
    told = difference(Document.model_validate(before.document["document"]), document)
    _, mapping, ids = living.applied(before.name)
    now = {field.name: field.id for field in sides.record_table.fields}
    for pair in mapping.pairs:
        found = now.get(pair.field)
        if found is not None and ids.get(pair.column, found) != found:
            told.append(f"fields.{pair.field}: now another field of that name (column {pair.column})")
    return told or ["the tables are others than before"]


def _same_tables(living: Syncer, loaded: Sequence[Loaded], found: Sequence[Sides]) -> Iterator[str]:
    """Two mappings that would write the same two tables, among these files and the mappings applied before."""
    names = {one.mapping.name for one in loaded}
    taken = {
        tuple(tables): applied.name
        for applied in living.store.mappings()
        if applied.name not in names
        and isinstance(applied.document, dict)
        and isinstance(tables := applied.document.get("tables"), list)
    }
    for one, sides in zip(loaded, found, strict=True):
        other = taken.setdefault(tuple(living.tables_of(sides)), one.mapping.name)
        if other != one.mapping.name:
            mend = f"keep them in one mapping, or `syncer remove {other}`"
            message = f"the mapping {other} syncs the same two tables; {mend}"
            yield str(one.places.fault(("database", "table"), message))
