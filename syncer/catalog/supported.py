"""What the contract of mapping files promises and the syncer cannot do yet. Lifting one is deleting its row."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from syncer.catalog.faults import Key


def _given(value: object) -> bool:
    return value is not None


def _waits(value: object) -> bool:
    return not (isinstance(value, str) and value.rstrip("smhd").strip("0") == "")


@dataclass(frozen=True, slots=True)
class NotYet:
    """A key (``*`` stands for every entry of a list) that is refused where ``when`` holds of its value."""

    key: Key
    what: str
    instead: str
    when: Callable[[object], bool] = _given


NOT_YET = (NotYet(("settle",), "waiting until a line is quiet", "leave settle out", _waits),)


def unsupported(data: Any) -> Iterator[tuple[Key, str]]:
    """Every key of a file's data that cannot be done yet."""
    for row in NOT_YET:
        for key, value in _find(data, row.key, ()):
            if row.when(value):
                yield key, f"is not supported yet ({row.what}); {row.instead}"


def _find(data: Any, wanted: Key, found: Key) -> Iterator[tuple[Key, Any]]:
    if not wanted:
        yield found, data
    elif wanted[0] == "*" and isinstance(data, list):
        for place, item in enumerate(data):
            yield from _find(item, wanted[1:], (*found, place))
    elif isinstance(data, dict) and wanted[0] in data:
        yield from _find(data[wanted[0]], wanted[1:], (*found, wanted[0]))
