"""Calls: what a request asks, and the log of what was asked and answered."""

from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from syncer.simulator.errors import Refusal, invalid
from syncer.simulator.forms import Form
from syncer.simulator.tokens import App

_MOST_KEPT = 100_000
_MOST_BODIES = 2_000
_MOST_BODY_BYTES = 16_384
_FLAGS = {"true": True, "True": True, "false": False, "False": False, "": False}


@dataclass(slots=True)
class Call:
    """One request on its way through. `app` is known after the token check, the outcome after the answer."""

    number: int
    api: str
    method: str
    path: str
    params: Mapping[str, str]
    query: dict[str, str]
    body: bytes
    at: float
    seconds: float = 0.0
    code: int | None = None
    status: int | None = None
    records: int = 0
    fault: str | None = None
    caller: App | None = None
    body_size: int = 0
    host: str = ""
    values: Mapping[str, list[str]] = field(default_factory=dict)
    """All values of every query parameter; `query` holds the first ones."""
    form: Form = field(default_factory=Form)
    """What stood in a multipart body, which `body` does not hold then."""

    @property
    def app(self) -> App:
        """Return the caller of a call that passed the token check."""
        assert self.caller is not None
        return self.caller

    def flag(self, name: str) -> bool:
        """Return a boolean query parameter; Python's SDK sends `True`, others `true`. 99992402 for anything else."""
        given = self.query.get(name, "")
        if given not in _FLAGS:
            raise invalid(name, "must be a boolean", given)
        return _FLAGS[given]

    def json(self) -> dict[str, Any]:
        """Return the body; 1254000 when it is no JSON, 1254001 when it is no object."""
        try:
            found = orjson.loads(self.body or b"{}")
        except orjson.JSONDecodeError:
            raise Refusal(1254000) from None
        if not isinstance(found, dict):
            raise Refusal(1254001)
        return found

    def told(self, *, body: bool) -> dict[str, Any]:
        """Return the log's line about this call; the body only if wanted and not above 16 KB."""
        line = {
            "number": self.number,
            "api": self.api,
            "method": self.method,
            "path": self.path,
            "query": self.query,
            "body_size": self.body_size,
            "app_id": self.caller.app_id if self.caller else None,
            "at": self.at,
            "seconds": self.seconds,
            "code": self.code,
            "status": self.status,
            "records": self.records,
            "fault": self.fault,
        }
        return line | {"body": self.body.decode(errors="replace")} if body else line


@dataclass(slots=True)
class CallLog:
    """The last 100,000 calls, the last 2,000 of them with their bodies, and counts of all since the last clear."""

    kept: deque[Call] = field(default_factory=lambda: deque(maxlen=_MOST_KEPT))
    counts: Counter[str] = field(default_factory=Counter)
    total: int = 0
    _bodies: deque[Call] = field(default_factory=deque)

    def add(self, call: Call) -> None:
        """Log a call as it arrives; its outcome is filled in later."""
        self.total += 1
        call.body_size = len(call.body)
        self.counts[call.api] += 1
        self.kept.append(call)

    def close(self, call: Call) -> None:
        """Let go of a large body once the call is answered, and of old ones."""
        if len(call.body) > _MOST_BODY_BYTES:
            call.body = b""
        self._bodies.append(call)
        if len(self._bodies) > _MOST_BODIES:
            self._bodies.popleft().body = b""

    def clear(self) -> None:
        """Forget all calls."""
        self.kept.clear()
        self._bodies.clear()
        self.counts.clear()
