"""Attachments: file tokens of this base."""
# ruff: noqa: ARG002 - every kind is asked in the same words, whether it needs all of them or not

from typing import TYPE_CHECKING, Any

from syncer.simulator.cells.kind import EMPTY, Kind, Reading
from syncer.simulator.errors import Refusal
from syncer.simulator.model import Field, Stored

if TYPE_CHECKING:
    from syncer.simulator.draft import Draft

MOST_FILES = 100
_DOWNLOAD = "https://open.feishu.cn/open-apis/drive/v1/medias"


class Attachment(Kind):
    """A list of files, written as `[{"file_token"}]`."""

    code = 1254069
    operators = frozenset({"isEmpty", "isNotEmpty"})

    def take(self, value: Any, to: Field, draft: "Draft") -> Stored:
        """Take tokens uploaded to this base; another base's are 1254303, more than 100 are 1254106."""
        if not isinstance(value, list):
            raise self.refuse()
        if len(value) > MOST_FILES:
            raise Refusal(1254106)
        return [self._token(item, draft) for item in value] or EMPTY

    def _token(self, item: Any, draft: "Draft") -> str:
        token = item.get("file_token") if isinstance(item, dict) else None
        if not isinstance(token, str):
            raise self.refuse()
        if token not in draft.base.files:
            raise Refusal(1254303)
        return token

    def show(self, stored: Stored, of: Field, reading: Reading) -> Any:
        """Return the file objects."""
        return [self._file(token, reading) for token in stored]

    def _file(self, token: str, reading: Reading) -> dict[str, Any]:
        file = reading.base.files[token]
        return {
            "file_token": token,
            "name": file.name,
            "type": file.mime,
            "size": file.size,
            "url": f"{_DOWNLOAD}/{token}/download",
            "tmp_url": f"{_DOWNLOAD}/batch_get_tmp_download_url?file_tokens={token}",
        }

    def told(self, stored: Stored, of: Field, reading: Reading) -> Any:
        """Return the file objects without any address to download from. [seen]"""
        files = [reading.base.files[token] for token in stored]
        return [
            {"token": each.file_token, "name": each.name, "mimeType": each.mime, "size": each.size} for each in files
        ]

    def plain(self, stored: Stored, of: Field, reading: Reading) -> Any:
        """Return the tokens."""
        return list(stored)
