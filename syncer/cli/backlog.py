"""What the databases keep of changes for mappings that are not run, in words, and how to mend it."""

from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta

from syncer.database.capture.backlog import LATE, Kept, kept
from syncer.errors import SyncerError
from syncer.state.desk import Standing
from syncer.state.mappings import Applied, State
from syncer.wiring import Syncer


def backlog_warnings(living: Syncer, standings: list[Standing]) -> Callable[[Applied], Iterator[str]]:
    """What to tell of a mapping; asks its database only if the mapping is stopped or was not run for a day."""
    lags = {one.name: one.lag_seconds for one in standings}

    def warnings(applied: Applied) -> Iterator[str]:
        stopped = applied.state is not State.ACTIVE
        assert isinstance(applied.document, Mapping)
        if applied.document.get("capture") == "trigger" and (stopped or _late(lags.get(applied.name))):
            yield from _of_mapping(living, applied.name, timedelta() if stopped else LATE)

    return warnings


def _late(lag: float | None) -> bool:
    return lag is None or lag > LATE.total_seconds()


def _of_mapping(living: Syncer, name: str, late: timedelta) -> Iterator[str]:
    _, mapping, _ = living.applied(name)
    try:
        found = kept(living.engine(mapping.connection), living.reader(name), late)
    except SyncerError as error:
        yield f"what the database {mapping.connection} keeps for it is not known: {error}"
        return
    for one in found:
        yield f"in the database {mapping.connection}, {one.in_words()}: {_way(name)}"


def _way(name: str) -> str:
    return f"`syncer resume {name}` or `syncer sync {name}` reads them, `syncer remove {name}` ends it"


def told_of(living: Syncer, connection: str) -> list[str]:
    """What a database keeps for readers that were not seen for a day, those of other syncers too."""
    ours = {living.reader(one.name): one.name for one in living.store.mappings()}
    return [f"{one.in_words()}{_mend(one, ours)}" for one in kept(living.engine(connection))]


def _mend(one: Kept, ours: Mapping[str, str]) -> str:
    if one.reader is None:
        return f", and nobody reads them: {one.ending()}"
    if one.reader in ours:
        return f" for the mapping {ours[one.reader]}: {_way(ours[one.reader])}"
    return (
        f" for {one.reader}, a mapping of another syncer: `syncer remove` there; if that syncer is gone, and no other "
        f"mapping reads the table: {one.ending()}; else: {one.forgetting()}"
    )
