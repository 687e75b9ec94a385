"""Media: the files of a base, uploaded in one piece or in parts, and downloaded. [doc D:media/introduction]

A file belongs to the base it was uploaded to. Files above 20 MB come in parts of one size, numbered from 0; the
numbers of the codes are those of the pages of the five APIs.
"""

import mimetypes
from typing import Any

import orjson

from syncer.simulator.calls import Call
from syncer.simulator.errors import Refusal
from syncer.simulator.gateway import Route
from syncer.simulator.model import Base, File
from syncer.simulator.quotas import PER_SECOND_5, PER_SECOND_5_AND_DAY
from syncer.simulator.vault import Content, Upload
from syncer.simulator.world import World

_PATH = "/open-apis/drive/v1/medias"
_UP = frozenset({"drive:drive", "bitable:app", "docs:document.media:upload"})
_DOWN = frozenset({"drive:drive", "drive:drive:readonly", "bitable:app", "docs:document.media:download"})
MOST_AT_ONCE = 20 * 1024 * 1024
_LONGEST_NAME = 250
_PARENTS = frozenset({"bitable_file", "bitable_image"})
_UPLOAD_SECONDS = 24 * 3600
_MOST_URLS = 5


def upload_all(world: World, call: Call) -> dict[str, Any]:
    """Upload a file of at most 20 MB."""
    told, form = call.form.fields, call.form
    base, name, size = _announced(world, call, told)
    if size > MOST_AT_ONCE:
        raise Refusal(1061043)
    _same_size(call, size)
    assert form.file is not None
    token = world.ids.file()
    world.vault.keep(token, form.file)
    form.file = None
    return _made(base, token, name, size)


def upload_prepare(world: World, call: Call) -> dict[str, Any]:
    """Begin an upload in parts."""
    base, name, size = _announced(world, call, call.json())
    upload = Upload(call.app.app_id, base.app_token, name, size, world.switches.upload_block_bytes, call.at)
    upload_id = world.ids.file()
    world.vault.uploads[upload_id] = upload
    return {"upload_id": upload_id, "block_size": upload.block, "block_num": upload.blocks}


def upload_part(world: World, call: Call) -> dict[str, Any]:
    """Take one part; the same part again takes the place of the first one."""
    told, form = call.form.fields, call.form
    upload = _upload(world, call, told)
    seq, size = _number(told.get("seq")), _number(told.get("size"))
    if seq >= upload.blocks:
        raise Refusal(1062011)
    if size != upload.size_of(seq):
        raise Refusal(1062009)
    _same_size(call, size)
    assert form.file is not None
    upload.parts[seq], form.file = form.file, None
    return {}


def upload_finish(world: World, call: Call) -> dict[str, Any]:
    """End an upload: all parts must be there."""
    told = call.json()
    upload = _upload(world, call, told)
    if _number(told.get("block_num")) != upload.blocks or len(upload.parts) < upload.blocks:
        raise Refusal(1062010)
    token, base = world.ids.file(), world.bases[upload.app_token]
    world.vault.join(token, (upload.parts[seq] for seq in range(upload.blocks)))
    del world.vault.uploads[told["upload_id"]]
    return _made(base, token, upload.name, upload.size)


def download(world: World, call: Call) -> Content:
    """Return the content; a `Range` is obeyed. Bases with advanced permissions want to know the table in `extra`."""
    base, file = _file(world, call, call.params["file_token"])
    if base.is_advanced and world.switches.media_extra == "wanted" and not _table_named(base, call):
        raise Refusal(1061004)
    return Content(world.vault.path(file.file_token, file.size), file.name, file.mime)


def batch_get_tmp_download_url(world: World, call: Call) -> dict[str, Any]:
    """Return addresses that need no token, for at most five files."""
    tokens = call.values.get("file_tokens") or []
    if not tokens or len(tokens) > _MOST_URLS:
        raise Refusal(1061002)
    for token in tokens:
        _file(world, call, token)
    host = f"http://{call.host}{_PATH}"
    urls = [{"file_token": token, "tmp_download_url": f"{host}/{token}/temporary"} for token in tokens]
    return {"tmp_download_urls": urls}


def temporary(world: World, call: Call) -> Content:
    """Return the content to whoever has the address."""
    for base in world.bases.values():
        file = base.files.get(call.params["file_token"])
        if file is not None:
            return Content(world.vault.path(file.file_token, file.size), file.name, file.mime)
    raise Refusal(1061003)


def _announced(world: World, call: Call, told: dict[str, Any]) -> tuple[Base, str, int]:
    """Return base, name and size of a file that is to come. A wiki node's token is no parent. [seen]"""
    name, size = told.get("file_name"), _number(told.get("size"))
    if not isinstance(name, str) or not 0 < len(name) <= _LONGEST_NAME or told.get("parent_type") not in _PARENTS:
        raise Refusal(1061002)
    base = world.bases.get(str(told.get("parent_node") or ""))
    if base is None:
        raise Refusal(1061044)
    if base.right(call.app.app_id) not in ("edit", "manage"):
        raise Refusal(1061004)
    return base, name, size


def _number(given: Any) -> int:
    if not str(given).isdecimal():
        raise Refusal(1061002)
    return int(given)


def _same_size(call: Call, size: int) -> None:
    """Refuse a file that is not as announced, by its length or its checksum."""
    form = call.form
    if form.file is None or form.size != size:
        raise Refusal(1062009)
    checksum = form.fields.get("checksum")
    if checksum and checksum != str(form.checksum):
        raise Refusal(1062008)


def _upload(world: World, call: Call, told: dict[str, Any]) -> Upload:
    found = world.vault.uploads.get(str(told.get("upload_id") or ""))
    if found is None or call.at - found.begun > _UPLOAD_SECONDS:
        raise Refusal(1061021)
    if found.app_id != call.app.app_id:
        raise Refusal(1062007)
    return found


def _made(base: Base, token: str, name: str, size: int) -> dict[str, Any]:
    mime = mimetypes.guess_type(name)[0] or "application/octet-stream"
    base.files[token] = File(token, name, mime, size)
    return {"file_token": token}


def _file(world: World, call: Call, token: str) -> tuple[Base, File]:
    for base in world.bases.values():
        if token in base.files:
            if base.right(call.app.app_id) == "none":
                raise Refusal(1061004)
            return base, base.files[token]
    raise Refusal(1061003)


def _table_named(base: Base, call: Call) -> bool:
    try:
        extra = orjson.loads(call.query.get("extra") or "{}")
        return extra["bitablePerm"]["tableId"] in base.tables
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return False


ROUTES = (
    Route("drive.media.upload_all", "POST", f"{_PATH}/upload_all", upload_all, _UP, PER_SECOND_5_AND_DAY, form=True),
    Route("drive.media.upload_prepare", "POST", f"{_PATH}/upload_prepare", upload_prepare, _UP, PER_SECOND_5_AND_DAY),
    Route("drive.media.upload_part", "POST", f"{_PATH}/upload_part", upload_part, _UP, PER_SECOND_5, form=True),
    Route("drive.media.upload_finish", "POST", f"{_PATH}/upload_finish", upload_finish, _UP, PER_SECOND_5),
    Route("drive.media.download", "GET", f"{_PATH}/{{file_token}}/download", download, _DOWN, PER_SECOND_5),
    Route(
        "drive.media.batch_get_tmp_download_url",
        "GET",
        f"{_PATH}/batch_get_tmp_download_url",
        batch_get_tmp_download_url,
        _DOWN,
        PER_SECOND_5,
    ),
    Route("drive.media.temporary", "GET", f"{_PATH}/{{file_token}}/temporary", temporary, needs_token=False),
)
