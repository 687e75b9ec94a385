"""Cells of a record that is gone, in the form in which a new record takes them: what was read is not what is written.

Of a text its plain text comes back (Feishu takes no more), of a file its token, of a place where it is. What Feishu
alone writes is left out.
"""

from collections.abc import Iterable, Mapping
from zoneinfo import ZoneInfo

from syncer.core.mapping import Misfit
from syncer.core.values import Json
from syncer.fields.forms import Kind, excerpt
from syncer.fields.names import READ_ONLY
from syncer.fields.registry import FIELDS
from syncer.ports import FieldInfo

URL, FILES = 15, 17

_KINDS: Mapping[int, Kind] = {URL: Kind.JSON, **dict.fromkeys((11, 18, 21, 23), Kind.CHOICES)}


def again(fields: Iterable[FieldInfo], cells: Mapping[str, Json], zone: ZoneInfo) -> tuple[dict[str, Json], list[str]]:
    """What to write, by field name, and a sentence for each cell that cannot be made again."""
    by, written, lost = {field.name: field for field in fields}, dict[str, Json](), list[str]()
    for name, cell in cells.items():
        field = by.get(name)
        if cell is None or cell in ("", []) or (field is not None and field.type in READ_ONLY):
            continue
        try:
            written[name] = _written(field, cell, zone)
        except Misfit as misfit:
            lost.append(f"{name}: {misfit.reason}")
    return written, lost


def _written(field: FieldInfo | None, cell: Json, zone: ZoneInfo) -> Json:
    if field is None or field.type not in FIELDS:
        raise Misfit("there is no field of that name any more" if field is None else "nobody knows how to write it")
    if field.type == FILES:
        return [{"file_token": _token(file)} for file in cell] if isinstance(cell, list) else None
    form = FIELDS[field.type].make(field, _KINDS.get(field.type, Kind.TEXT), zone)
    return form.write(form.read(cell))


def _token(file: Json) -> Json:
    if isinstance(file, Mapping) and isinstance(file.get("file_token"), str):
        return file["file_token"]
    raise Misfit(f"the cell holds {excerpt(file)} where a file is expected")
