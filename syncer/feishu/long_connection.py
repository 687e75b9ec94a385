"""Feishu's long connection: events over a WebSocket this side opens, for machines that nobody can reach from outside.

It holds one connection of one app in this process for as long as it can, through the SDK's client. That client has no
way to stop, binds itself to an event loop when it is imported, calls its handler inside that loop, and after some
refusals lives on without ever trying again [sdk]: so it belongs into a process of its own, and ``hold`` comes back with
an error in every such state. Feishu delivers each event to *one* of an app's connections, fifty at most [doc].
"""

import logging
import os
import re
import threading
import time
from collections.abc import Callable
from typing import Any

from syncer.errors import FeishuSetupError, SyncerError, UnreachableError

Take = Callable[[bytes], None]
"""Gets the body of each event as it came, inside the loop: it stores it and comes back. Raising has it sent again."""

STUCK = 5
"""Exit status of a process whose loop stood still for a minute: a call of the SDK's has no timeout."""

_STILL = 60.0
_BEAT = 2.0
_KEYS = re.compile(r"(wss?://[^\s?'\"]+)\?[^\s'\"]+")

_MEND = {
    403: "give the app the right to receive events (developer console, Events and Callbacks: long connection)",
    514: "compare its id and secret with the developer console (Credentials)",
    1000040344: "compare its id and secret with the developer console (Credentials)",
    1000040350: "more than 50 connections of this app are open; close those of other machines",
}

_log = logging.getLogger(__name__)


def hold(app_id: str, app_secret: str, domain: str, take: Take, connected: Callable[[], None]) -> SyncerError:
    """Hold the connection; ``connected`` is called whenever it stands anew, because what came before may be lost.

    Comes back with the reason once it is lost for good: ``FeishuSetupError`` where Feishu refuses the app, else
    ``UnreachableError``, or what ``connected`` raised. Ends the whole process with ``STUCK`` if its loop stands still.
    Call it in the main thread of a process that does nothing else.
    """
    from lark_oapi.core.enum import LogLevel  # noqa: PLC0415 - loads the SDK: 3.5 s and 170 MB
    from lark_oapi.ws.client import loop  # noqa: PLC0415 - likewise

    _quiet()
    handler = _Handler(take)
    client = _client_class()(app_id, app_secret, event_handler=handler, domain=domain, log_level=LogLevel.WARNING)
    client.connected = connected
    loop.set_exception_handler(lambda _, context: _log.debug("%s", context.get("message")))
    _watch(loop)
    try:
        client.start()
    except Exception as error:  # noqa: BLE001 - whatever the SDK or the network threw, the connection is over
        return _reason(client.lost or error, app_id)
    return UnreachableError(f"the long connection of app {app_id} came to an end")


class _Handler:
    """Takes every event whatever its type: the SDK's own answers 500 to types nobody registered."""

    def __init__(self, take: Take) -> None:
        self._take = take

    def _do_without_validation(self, payload: bytes) -> None:
        self._take(payload)

    do_without_validation = _do_without_validation  # its name before 1.6


def _client_class() -> Any:
    from lark_oapi.ws.client import Client, loop  # noqa: PLC0415 - loaded by now

    class Holding(Client):  # type: ignore[misc]  # the SDK's annotations are not read
        """The SDK's client, which tells when it is connected, and stops its loop when it gives up."""

        lost: BaseException | None = None
        connected: Callable[[], None]

        async def _connect(self) -> None:
            await super()._connect()
            try:
                self.connected()
            except Exception as error:
                self._give_up(error)
                raise

        async def _reconnect(self) -> None:
            try:
                await super()._reconnect()
            except Exception as error:
                self._give_up(error)
                raise

        def _give_up(self, error: Exception) -> None:
            self.lost = error
            loop.stop()

    return Holding


def _watch(loop: Any) -> None:
    """End the process when the loop no longer turns."""
    beaten = [time.monotonic()]

    def beat() -> None:
        beaten[0] = time.monotonic()
        loop.call_later(_BEAT, beat)

    def watch() -> None:
        while time.monotonic() - beaten[0] < _STILL:
            time.sleep(_BEAT)
        _log.error("the long connection stood still for %.0f s; the process ends, to be started anew", _STILL)
        os._exit(STUCK)

    loop.call_soon(beat)
    threading.Thread(target=watch, name="syncer-heartbeat", daemon=True).start()


def _reason(error: BaseException, app_id: str) -> SyncerError:
    from lark_oapi.ws.exception import ClientException  # noqa: PLC0415 - loaded by now

    if isinstance(error, SyncerError):
        return error
    where = f"the long connection of app {app_id}"
    if isinstance(error, ClientException):
        mend = _MEND.get(error.code, "see the app in the developer console (Events and Callbacks: long connection)")
        return FeishuSetupError(f"{where} was refused by Feishu ({_struck(str(error))}); {mend}", code=error.code)
    return UnreachableError(f"{where} is lost ({type(error).__name__}: {_struck(str(error))})")


def _struck(text: str) -> str:
    """A text without the access key, which stands in the address of the connection."""
    return _KEYS.sub(r"\1?...", text)


def _quiet() -> None:
    """The SDK's log goes where ours goes, without the access key."""
    logger = logging.getLogger("Lark")
    for handler in tuple(logger.handlers):
        logger.removeHandler(handler)
    if not any(isinstance(one, _Strike) for one in logger.filters):
        logger.addFilter(_Strike())


class _Strike(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = _struck(record.getMessage()), ()
        return True
