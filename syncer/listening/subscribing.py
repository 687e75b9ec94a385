"""Keeps the bases of all mappings subscribed to, and remembers how that went."""

from collections.abc import Mapping

from syncer.core.sources import CONTACTS
from syncer.errors import MendError, OutsideError
from syncer.wiring import Syncer


def subscribe(living: Syncer, app: str, app_token: str) -> str | None:
    """Have the events of a base (or an approval) sent to an app, and remember it; why that cannot be, if it cannot."""
    from syncer.feishu.subscriptions import subscribe as ask  # noqa: PLC0415 - loads the SDK

    if app_token == CONTACTS:
        return None  # its events come to every app that added them

    told = None
    try:
        ask(living.client(app), app_token)
    except (MendError, OutsideError) as error:
        told = str(error)
    living.store.noticing.subscribed(app, app_token, told)
    return told


def assert_subscriptions(living: Syncer) -> Mapping[tuple[str, str], str | None]:
    """Subscribe to every base whose turn it is: once a day, after an error once an hour. By app and base: the error.

    The scheduler calls it every few minutes; most of the time it finds nothing to do.
    """
    due = living.store.noticing.subscriptions_due()
    return {
        (app, app_token): subscribe(living, app, app_token) for app, app_token in due if app in living.settings.apps
    }
