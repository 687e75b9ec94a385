"""One call to Feishu and its answer, as values.

An answer is judged by the ``code`` in its body alone: the HTTP status of the same code differs between the pages of the
documentation, and header names come in any case.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson

from syncer.batching.askers import ANYONE, Asker
from syncer.core.values import Json

Body = bytes | Mapping[str, Any]
"""Of an answer: as it came, or as somebody has read it."""


@dataclass(frozen=True, slots=True)
class Call:
    """What to ask. ``api`` is its name in counts and messages, ``where`` the place for people (table, base).

    ``path`` begins with ``/open-apis``, its parts quoted; a list in ``query`` stands there many times. ``writes`` says
    that repeating it may do it twice. ``table`` is what slows down when Feishu says that it is too fast, ``who`` whose
    turn it is. ``lines`` is how many a write carries. ``form`` opens a multipart body in place of ``body``, anew for
    every try; ``sink`` takes the pieces of an answer that is a file.
    """

    api: str
    method: str
    path: str
    query: Mapping[str, str | Sequence[str]] = field(default_factory=dict)
    body: Json = None
    writes: bool = False
    where: str = ""
    table: str = ""
    who: Asker = ANYONE
    lines: int = 0
    form: Callable[[], AbstractContextManager[Any]] = nullcontext
    sink: Callable[[Iterator[bytes]], None] | None = None
    listing: bool = False
    """Whether the answer lists records, whose cells are left as they were sent."""

    def place(self) -> str:
        """Api and place in words."""
        return f"{self.api} on {self.where}" if self.where else self.api


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. ``code`` is ``None`` when the body is not Feishu's JSON; ``began`` is when the call was sent."""

    status: int
    code: int | None
    message: str
    data: Mapping[str, Any]
    error: Mapping[str, Any]
    log_id: str | None
    reset: float | None
    """Seconds Feishu asks to wait (``x-ogw-ratelimit-reset``)."""
    began: datetime

    @property
    def succeeded(self) -> bool:
        """Whether Feishu did what it was asked."""
        return self.code == 0


def read_answer(status: int, headers: Mapping[str, str], content: Body, began: datetime) -> Answer:
    """Take an HTTP answer apart. Never raises: a body that is no JSON object has no ``code``."""
    lowered = {name.lower(): value for name, value in headers.items()}
    body = read_body(content) if isinstance(content, bytes) else content
    code, error = body.get("code"), _mapping(body.get("error"))
    return Answer(
        status=status,
        code=code if isinstance(code, int) and not isinstance(code, bool) else None,
        message=str(body.get("msg") or ""),
        data=_mapping(body.get("data")),
        error=error,
        log_id=lowered.get("x-tt-logid") or _text(error.get("log_id")),
        reset=_seconds(lowered.get("x-ogw-ratelimit-reset") or lowered.get("retry-after")),
        began=began,
    )


def read_body(content: bytes) -> Mapping[str, Any]:
    """The JSON object of a body; an empty one if it is none."""
    try:
        return _mapping(orjson.loads(content))
    except orjson.JSONDecodeError:
        return _mapped_in_spite_of_halves(content)


def _mapped_in_spite_of_halves(content: bytes) -> Mapping[str, Any]:
    """Half of an emoji (a lone surrogate) in one cell must not make a whole table unreadable; it becomes ``?``."""
    try:
        text = json.dumps(json.loads(content), ensure_ascii=False)
        return _mapping(orjson.loads(text.encode("utf-8", "replace")))
    except ValueError:
        return {}


def _mapping(found: object) -> Mapping[str, Any]:
    return found if isinstance(found, dict) else {}


def _text(found: object) -> str | None:
    return found if isinstance(found, str) and found else None


def _seconds(found: str | None) -> float | None:
    """A header that is no number says nothing."""
    try:
        return max(0.0, float(found)) if found else None
    except ValueError:
        return None
