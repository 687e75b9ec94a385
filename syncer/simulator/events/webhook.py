"""Posting events to an app's request URL, and checking that URL when it is set."""

import asyncio
import os
import secrets
import time
from typing import TYPE_CHECKING

import aiohttp
import orjson

from syncer.simulator.events.channel import Channel
from syncer.simulator.events.envelope import sealed, signature
from syncer.simulator.events.event import Event

if TYPE_CHECKING:
    from syncer.simulator.world import World

CHALLENGE_SECONDS = 1.0
CONNECT_SECONDS = 2.0
_IDLE_SECONDS = 2.0
"""A connection idle for longer is not used again: shorter than any server keeps one, so that none closes under us."""

Outcome = tuple[bool, int | None, str]
"""Whether it was acknowledged, the status, and what went wrong."""


class Webhook:
    """Posts bodies; only a 200 in time counts, redirects are not followed. [doc]"""

    def __init__(self, world: "World") -> None:
        self._world = world
        self._session: aiohttp.ClientSession | None = None

    async def post(self, channel: Channel, event: Event) -> Outcome:
        """Deliver one event."""
        try:
            status, _ = await self._sent(channel, event.body, self._world.switches.event_answer_seconds)
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            return False, None, f"{type(error).__name__}: {error}"
        return status == 200, status, "" if status == 200 else f"answered with HTTP {status}"

    async def check(self, channel: Channel) -> float:
        """Send the URL check; returns its seconds. ValueError when the challenge is not answered with itself in 1 s."""
        challenge = secrets.token_hex(16)
        asked = {"challenge": challenge, "token": channel.verification_token, "type": "url_verification"}
        began = time.perf_counter()
        try:
            status, answer = await self._sent(channel, orjson.dumps(asked), CHALLENGE_SECONDS, signed=False)
            echoed = orjson.loads(answer).get("challenge")
        except (aiohttp.ClientError, TimeoutError, OSError, AttributeError, ValueError) as error:
            raise ValueError(f"{channel.url} did not answer the challenge: {type(error).__name__} {error}") from error
        if status != 200 or echoed != challenge:
            raise ValueError(f"{channel.url} did not answer the challenge: HTTP {status}, {answer[:200]!r}")
        return time.perf_counter() - began

    async def _sent(self, channel: Channel, plain: bytes, seconds: float, *, signed: bool = True) -> tuple[int, bytes]:
        body = sealed(plain, channel.encrypt_key, os.urandom(16)) if channel.encrypt_key else plain
        headers = {"Content-Type": "application/json; charset=utf-8"}
        if signed and (channel.encrypt_key or self._world.switches.event_always_signed):
            headers |= _signed(channel, body)
        timeout = aiohttp.ClientTimeout(total=seconds, connect=min(CONNECT_SECONDS, seconds))
        post = self._client().post(channel.url, data=body, headers=headers, timeout=timeout, allow_redirects=False)
        async with post as answer:
            return answer.status, await answer.read()

    def _client(self) -> aiohttp.ClientSession:
        if self._session is None:
            connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=_IDLE_SECONDS)
            self._session = aiohttp.ClientSession(connector=connector)
        return self._session

    async def close(self) -> None:
        """Close what is open."""
        if self._session:
            await self._session.close()
            await asyncio.sleep(0)


def _signed(channel: Channel, body: bytes) -> dict[str, str]:
    # the receiver's clock is a real one, so this time is too
    timestamp, nonce = str(int(time.time())), secrets.token_hex(8)
    return {
        "X-Lark-Request-Timestamp": timestamp,
        "X-Lark-Request-Nonce": nonce,
        "X-Lark-Signature": signature(timestamp, nonce, channel.encrypt_key, body),
    }
