"""How far a mapping was read on both sides, in words and for programs."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from syncer.cli import shown
from syncer.core.cursors import FeishuCursor
from syncer.core.records import Side
from syncer.state.positions import Position

_NEVER = Position()


def told(positions: Mapping[Side, Position]) -> dict[str, Any]:
    """The cursors of one mapping for ``--json``."""
    feishu, rows = positions.get(Side.FEISHU, _NEVER), positions.get(Side.DATABASE, _NEVER)
    cursor = FeishuCursor.from_json(feishu.document)
    return {
        "feishu": {
            "revision": cursor.revision,
            "told": cursor.told,
            "watermark": shown.moment(cursor.watermark),
            "read_whole_at": shown.moment(cursor.at),
            "read_whole_because": cursor.why or None,
            "moved_at": shown.moment(feishu.moved_at),
        },
        "database": {
            "capture": rows.document.get("capture"),
            "read_whole_at": shown.moment(_rows_at(rows)),
            "read_whole_because": rows.document.get("why") or None,
            "moved_at": shown.moment(rows.moved_at),
        },
    }


def sentences(positions: Mapping[Side, Position]) -> Iterator[str]:
    """The same for a person."""
    feishu, rows = positions.get(Side.FEISHU, _NEVER), positions.get(Side.DATABASE, _NEVER)
    cursor = FeishuCursor.from_json(feishu.document)
    yield f"Bitable: {_revision(cursor)}{_since(feishu.moved_at)}; {_whole(cursor.at, cursor.why)}"
    if rows.document.get("capture"):
        where = f"read on from {_place(rows.document['capture'])}{_since(rows.moved_at)}"
        yield f"database: {where}; {_whole(_rows_at(rows), str(rows.document.get('why') or ''))}"
    else:
        yield "database: read whole every time"


def _rows_at(rows: Position) -> datetime | None:
    at = rows.document.get("at")
    return datetime.fromisoformat(at) if isinstance(at, str) else None


def _revision(cursor: FeishuCursor) -> str:
    if cursor.revision is not None:
        return f"known as of revision {cursor.revision}"
    if cursor.watermark is not None:
        return f"read on from {shown.moment(cursor.watermark)} of Feishu's clock"
    return "read whole every time, until nothing is left undone" if cursor.lines is not None else "not read yet"


def _place(capture: object) -> str:
    """What stands in a capture's cursor under its first name; the rest is of use to the capture alone."""
    if not isinstance(capture, Mapping):
        return "its cursor"
    named = {name: capture[name] for name in ("snapshot", "upto", "watermark", "after") if name in capture}
    name, value = next(iter(named.items()), ("its cursor", ""))
    return f"{name} {value}".strip()


def _since(moved_at: datetime | None) -> str:
    return f" since {shown.moment(moved_at)}" if moved_at else ""


def _whole(at: datetime | None, why: str) -> str:
    return f"last read whole {shown.moment(at)}{': ' + why if why else ''}" if at else "not read whole yet"
