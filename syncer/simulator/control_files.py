"""The part of the control client about the files of a base."""

from abc import ABC, abstractmethod
from base64 import b64decode, b64encode
from typing import Any


class FileControl(ABC):
    """Puts files into bases and looks into them; `do` sends one step."""

    @abstractmethod
    def do(self, op: str, **args: Any) -> Any:
        """Run one step."""

    def add_file(
        self,
        app_token: str,
        name: str = "a.txt",
        mime: str = "text/plain",
        size: int = 1,
        content: bytes | None = None,
    ) -> str:
        """Upload a file to a base; returns its token. Without `content` it holds `size` NUL bytes."""
        held = None if content is None else b64encode(content).decode()
        made = self.do("add_file", app_token=app_token, name=name, mime=mime, size=size, content=held)
        return str(made["file_token"])

    def file_content(self, app_token: str, file_token: str) -> bytes:
        """Return what a file holds."""
        found = self.do("file_content", app_token=app_token, file_token=file_token)
        return b64decode(found["content"])
