"""Versions of lines as bytes, for the time of one survey."""

from collections.abc import Mapping

import orjson

from syncer.core.records import Held, Side, Unreadable, Version
from syncer.core.values import Json, dump, load, microseconds, moment

_UNREADABLE = "u"  # beside the tags n, t, d and s of core.values


def dump_version(version: Version) -> bytes:
    """The stored form of a version, without its side and line, which stand beside it."""
    modified = None if version.modified_at is None else microseconds(version.modified_at)
    return orjson.dumps(
        [microseconds(version.read_at), modified, version.values],
        default=_dump,
        option=orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_DATACLASS,
    )


def load_version(side: Side, line: str, form: bytes) -> Version:
    """The version of a form made by ``dump_version``."""
    read, modified, values = orjson.loads(form)
    held = (
        None if values is None else {name: item if type(item) is str else _load(item) for name, item in values.items()}
    )
    return Version(side, line, held, moment(read), None if modified is None else moment(modified))


def _dump(held: Held) -> Json:
    return {_UNREADABLE: held.reason} if isinstance(held, Unreadable) else dump(held)


def _load(form: Json) -> Held:
    if isinstance(form, Mapping) and _UNREADABLE in form:
        return Unreadable(str(form[_UNREADABLE]))
    return load(form)
