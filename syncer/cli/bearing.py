"""What Feishu's tables bear for now, in words: learned from their refusals, shared by all workers, over by itself."""

from collections.abc import Callable, Iterator, Mapping

from syncer.batching.paces import FULL_SPEED, Pace
from syncer.batching.sizes import MOST
from syncer.core.values import Json
from syncer.state.mappings import Applied
from syncer.wiring import Syncer


def bearing_warnings(living: Syncer) -> Callable[[Applied], Iterator[str]]:
    """What to tell of a mapping's table; asks Redis once for all tables."""
    paces, sizes = living.shared.paces.slow_tables(), living.shared.sizes.small_tables()

    def warnings(applied: Applied) -> Iterator[str]:
        table = _table(living, applied.document)
        yield from _told(paces.get(table, FULL_SPEED), sizes.get(table, MOST))

    return warnings


def _told(pace: Pace, size: int) -> Iterator[str]:
    if pace.calls_per_second:
        yield (
            f"Feishu said that the table is called too fast: all workers keep to {pace.calls_per_second:g} calls a "
            "second, and become faster by themselves"
        )
    if pace.reads_alone:
        yield "Feishu refused to read the table while it is written: its reads wait for writes"
    if size < MOST:
        yield (
            f"Feishu refused larger writes of the table: all workers send at most {size} lines at once, and more again "
            "by themselves"
        )


def _table(living: Syncer, document: Json) -> str:
    """By what name the paces know a mapping's table."""
    assert isinstance(document, Mapping)
    tables, inside = document["tables"], document["document"]
    assert isinstance(tables, list)
    assert isinstance(inside, Mapping)
    feishu = inside["feishu"]
    assert isinstance(feishu, Mapping)
    app = living.settings.apps.get(str(feishu.get("app") or "default"))
    return f"{app.domain if app else ''}/{tables[0]}/{tables[1]}"
