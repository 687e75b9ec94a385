"""Multipart forms: read piece by piece, the file in them straight to disk."""

import zlib
from dataclasses import dataclass, field
from pathlib import Path

from aiohttp import BodyPartReader, web

from syncer.simulator.vault import PIECE, Vault

_MOST_TEXT = 65_536


@dataclass(slots=True)
class Form:
    """The fields of a form, and its file: where it is, how long, and its Adler-32."""

    fields: dict[str, str] = field(default_factory=dict)
    file: Path | None = None
    size: int = 0
    checksum: int = 1

    def drop(self) -> None:
        """Let go of a file that nobody took over."""
        if self.file is not None:
            self.file.unlink(missing_ok=True)


async def read_form(request: web.Request, vault: Vault) -> Form:
    """Read a form; one without a body, or that is none, is empty."""
    form = Form()
    if not request.content_type.startswith("multipart/"):
        await request.read()
        return form
    async for part in await request.multipart():
        if not isinstance(part, BodyPartReader) or part.name is None:
            continue
        if part.name == "file":
            await _take_file(form, part, vault)
        else:
            form.fields[part.name] = (await part.read_chunk(_MOST_TEXT)).decode(errors="replace")
    return form


async def _take_file(form: Form, part: BodyPartReader, vault: Vault) -> None:
    form.file = vault.spool()
    with form.file.open("wb") as spool:
        while piece := await part.read_chunk(PIECE):
            form.size += len(piece)
            form.checksum = zlib.adler32(piece, form.checksum)
            spool.write(piece)
