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

    def warnings(applied: Applied) -> Iterator[str]:
        spot = _spot(applied)
        if error := refused.get((spot.app, heard_as(spot.app_token, spot.table_id))):
            yield f"{NO_EVENTS}: {error}"
        if spot in idle:
            yield "gaps in the events of its table are normal, so that lost events are found by the next poll only"

    return warnings


NO_EVENTS = "Feishu sends no events of its base, changes there are noticed by reading alone"


def _spot(applied: Applied) -> Spot:
    stored = applied.document
    assert isinstance(stored, Mapping)
    tables = stored["tables"]
    assert isinstance(tables, Sequence)
    return Spot(Document.model_validate(stored["document"]).feishu.app, str(tables[0]), str(tables[1]))
