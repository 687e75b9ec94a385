"""One app's long connection in this process: every event into the store, then somebody is woken."""

import logging
from contextlib import closing

from syncer.errors import RefusedEventError, SyncerError
from syncer.feishu.events import open_frame
from syncer.listening.waker import Wake, Waker
from syncer.wiring import Syncer

_log = logging.getLogger(__name__)


def hold_connection(living: Syncer, app: str, wake: Wake) -> SyncerError:
    """Hold the connection until it is lost for good; the reason. See ``feishu.long_connection.hold``."""
    from syncer.feishu.long_connection import hold  # noqa: PLC0415 - only who listens loads the SDK

    found, noticing = living.app(app), living.store.noticing
    with closing(Waker(wake)) as waker:

        def take(payload: bytes) -> None:
            try:
                event = open_frame(payload)
            except RefusedEventError as error:
                _log.warning("app %s: what came over the long connection is no event: %s", app, error)
                return  # sent again it would be no event either
            waker.tell(noticing.receive(app, event))

        def connected() -> None:
            waker.tell(noticing.poll_app(app, "the long connection stands anew"))
            _log.info("app %s: the long connection stands", app)

        return hold(found.app_id, found.app_secret.get_secret_value(), found.domain, take, connected)
