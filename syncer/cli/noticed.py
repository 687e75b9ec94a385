"""What there is to say about the events of mappings: who is not sent any, and whose tell too little."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from syncer.catalog.document import Document
from syncer.core.sources import heard_as
from syncer.state.flows import Spot
from syncer.state.mappings import Applied
from syncer.state.store import Store


def event_warnings(store: Store) -> Callable[[Applied], Iterator[str]]:
    """Looks at the store once; what it gives back says what is amiss with the events of one mapping."""
    refused = {(one.app, one.app_token): one.error for one in store.noticing.subscriptions() if one.error}
    idle = {one.spot for one in store.noticing.flows() if one.flow.normal}

    silent = {name for name, lines in store.noticing.unverified().items() if lines is None}

    def warnings(applied: Applied) -> Iterator[str]:
        if applied.name in silent:
            yield SILENT
        spot = _spot(applied)
        if error := refused.get((spot.app, heard_as(spot.app_token, spot.table_id))):
            yield f"{NO_EVENTS}: {error}"
        if spot in idle:
            yield "gaps in the events of its table are normal, so that lost events are found by the next poll only"

    return warnings


NO_EVENTS = "Feishu sends no events of its base, changes there are noticed by reading alone"


SILENT = (
    "no event of its table came for hours, so that an edit which our own write overwrites stays unnoticed; see that"
    " `syncer listen` or `syncer serve` runs, and docs/events.md"
)


def _spot(applied: Applied) -> Spot:
    stored = applied.document
    assert isinstance(stored, Mapping)
    tables = stored["tables"]
    assert isinstance(tables, Sequence)
    return Spot(Document.model_validate(stored["document"]).feishu.app, str(tables[0]), str(tables[1]))
