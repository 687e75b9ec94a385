"""The files of a base: uploaded as media, downloaded piece by piece; a ``ports.files.Media``.

Up to 20 MB go in one call, more in parts whose size Feishu names (bitable.md 4.5). An upload that is done twice leaves
a file that nobody uses and does no other harm: it is repeated like a read.
"""

import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from functools import cached_property
from io import BytesIO
from typing import Any
from urllib.parse import quote

import orjson

from syncer.batching.askers import ANYONE, Asker
from syncer.errors import FeishuSetupError, RefusedError
from syncer.feishu.calls import Answer, Call
from syncer.feishu.client import Count, FeishuClient
from syncer.feishu.errors import short
from syncer.feishu.quotas import BYTES_PER_UPLOAD
from syncer.ports.files import Readable, UnusableFileError

_PATH = "/open-apis/drive/v1/medias"
_LONGEST_NAME = 250
"""Characters of a file's name (D:media/upload_all)."""
_PIECE = 1 << 18

Opened = Callable[[], AbstractContextManager[Readable]]


class BaseMedia:
    """The files of one base. ``revision`` tells how the table stands: advanced permissions want to hear it."""

    def __init__(
        self,
        client: FeishuClient,
        app_token: str,
        table_id: str,
        revision: Callable[[], int | None],
        *,
        who: Asker = ANYONE,
        count: Count | None = None,
    ) -> None:
        self._client, self._app_token, self._table_id = client, app_token, table_id
        self._revision, self._who, self._count = revision, who, count

    def upload(self, name: str, size: int, content: Opened) -> str:
        """Upload a file; its token. Raises ``UnusableFileError`` where Feishu refuses it, the client's errors."""
        told = {
            "file_name": _shortened(name),
            "parent_type": "bitable_file",
            "parent_node": self._app_token,
            "size": size,
            "extra": orjson.dumps({"drive_route_token": self._app_token}).decode(),
        }
        with _about(name):
            return self._in_parts(told, content) if size > BYTES_PER_UPLOAD else self._at_once(told, content)

    def download(self, token: str, take: Callable[[Iterator[bytes]], None]) -> None:
        """Download a file; ``take`` gets its pieces, from the beginning at every try. Raises like ``upload``."""
        path = f"{_PATH}/{quote(token, safe='')}/download"
        with _about(token):
            self._call(Call("drive.media.download", "GET", path, query={"extra": self._extra}, sink=take))

    @cached_property
    def _extra(self) -> str:
        """Where the files are used: a base with advanced permissions gives them out to nobody else."""
        return orjson.dumps({"bitablePerm": {"tableId": self._table_id, "rev": self._revision() or 0}}).decode()

    def _at_once(self, told: Mapping[str, Any], content: Opened) -> str:
        with content() as source:
            checksum = _adler32(source)
        form = _form({**told, "checksum": checksum}, content, int(told["size"]))
        return _token(self._call(Call("drive.media.upload_all", "POST", f"{_PATH}/upload_all", form=form)))

    def _in_parts(self, told: Mapping[str, Any], content: Opened) -> str:
        began = self._call(Call("drive.media.upload_prepare", "POST", f"{_PATH}/upload_prepare", body=dict(told))).data
        upload_id, block, blocks = began["upload_id"], int(began["block_size"]), int(began["block_num"])
        with content() as source:
            for seq in range(blocks):
                self._part(upload_id, seq, _exactly(source, min(block, told["size"] - seq * block)))
        body = {"upload_id": upload_id, "block_num": blocks}
        return _token(self._call(Call("drive.media.upload_finish", "POST", f"{_PATH}/upload_finish", body=body)))

    def _part(self, upload_id: str, seq: int, part: bytes) -> None:
        told = {"upload_id": upload_id, "seq": seq, "size": len(part), "checksum": zlib.adler32(part)}
        form = _form(told, lambda: BytesIO(part), len(part))
        self._call(Call("drive.media.upload_part", "POST", f"{_PATH}/upload_part", form=form))

    def _call(self, call: Call) -> Answer:
        where = f"base {short(self._app_token)}"
        return self._client.call(replace(call, where=where, who=self._who), count=self._count)


class _Exactly:
    """A content of which as many bytes are read as were announced; ``len`` is what is left, as the encoder asks it."""

    def __init__(self, source: Readable, size: int) -> None:
        self._source, self.len = source, size

    def read(self, size: int = -1) -> bytes:
        """The next bytes. Raises ``UnusableFileError`` if there are none although some were announced."""
        if not self.len:
            return b""
        piece = self._source.read(min(self.len, _PIECE if size < 0 else size))
        if not piece:
            raise UnusableFileError("the file became shorter while it was read; it is tried again at the next run")
        self.len -= len(piece)
        return piece


def _form(told: Mapping[str, Any], content: Opened, size: int) -> Callable[[], AbstractContextManager[Any]]:
    """A multipart body that is read off the content while it is sent."""
    from requests_toolbelt import MultipartEncoder  # noqa: PLC0415 - of the SDK's own needs, loaded with it

    @contextmanager
    def opened() -> Iterator[Any]:
        with content() as source:
            fields = {name: str(value) for name, value in told.items()}
            yield MultipartEncoder({**fields, "file": ("file", _Exactly(source, size), "application/octet-stream")})

    return opened


def _exactly(source: Readable, size: int) -> bytes:
    reading, parts = _Exactly(source, size), []
    while reading.len:
        parts.append(reading.read())
    return b"".join(parts)


def _adler32(source: Readable) -> int:
    checksum = 1
    while piece := source.read(_PIECE):
        checksum = zlib.adler32(piece, checksum)
    return checksum


def _token(answer: Answer) -> str:
    token = answer.data.get("file_token")
    if not isinstance(token, str):
        raise FeishuSetupError("Feishu took a file and did not say which it is", api="drive.media.upload_all")
    return token


def _shortened(name: str) -> str:
    """A name of as many characters as Feishu takes, with its ending."""
    if len(name) <= _LONGEST_NAME:
        return name
    stem, dot, ending = name.rpartition(".")
    kept = dot + ending if stem and len(ending) < 16 else ""
    return name[: _LONGEST_NAME - len(kept)] + kept


@contextmanager
def _about(name: str) -> Iterator[None]:
    try:
        yield
    except RefusedError as refused:
        raise UnusableFileError(f"{name}: {refused}", final=True) from refused
