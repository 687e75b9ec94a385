"""`client_token`: the same write submitted twice is done once.

Documented are its form (UUIDv4, else 1254037) and three refusals; how long a token lives and what a replay answers is
not, see `Switches.client_tokens` and its neighbours.
"""

import hashlib
import uuid
from dataclasses import dataclass, field
from typing import Any

from syncer.simulator.errors import Refusal
from syncer.simulator.switches import Switches

Key = tuple[str, str, str]


@dataclass(slots=True)
class _Seen:
    body: bytes
    at: float
    answer: Any = None
    done: bool = False


@dataclass(slots=True)
class ClientTokens:
    """The tokens of running and past writes."""

    _seen: dict[Key, _Seen] = field(default_factory=dict)

    def begin(self, key: Key, body: bytes, now: float, switches: Switches) -> Any:
        """Note a write under its token; returns the first answer when it is a replay, else None.

        Refusal 1255006 for a token with another body, 1254608 for one under way or repeated too soon.
        """
        self._drop_old(now - switches.client_token_seconds)
        digest = hashlib.sha256(body).digest()
        seen = self._seen.get(key)
        if seen is not None:
            return _answer_of(seen, digest, now, switches)
        self._seen[key] = _Seen(digest, now)
        return None

    def _drop_old(self, before: float) -> None:
        while self._seen and (oldest := next(iter(self._seen.items())))[1].at < before:
            del self._seen[oldest[0]]

    def done(self, key: Key, answer: Any) -> None:
        """Remember what a write was answered."""
        self._seen[key].answer, self._seen[key].done = answer, True

    def forget(self, key: Key) -> None:
        """Drop the token of a write that was refused."""
        self._seen.pop(key, None)


def _answer_of(seen: _Seen, body: bytes, now: float, switches: Switches) -> Any:
    if seen.body != body:
        raise Refusal(1255006)
    if not seen.done or switches.client_tokens == "refuse" or now - seen.at < switches.resubmission_seconds:
        raise Refusal(1254608)
    return seen.answer


def checked(token: str) -> str:
    """Return the token; Refusal 1254037 unless it is a UUIDv4."""
    try:
        parsed = uuid.UUID(token)
    except ValueError:
        raise Refusal(1254037) from None
    if parsed.version != 4 or str(parsed) != token.lower():
        raise Refusal(1254037)
    return token.lower()
