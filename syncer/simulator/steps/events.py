"""Steps around events: where they go, who asked for them, what became of them, and long connections."""

import asyncio
from typing import Any

from syncer.simulator.events.channel import Channel
from syncer.simulator.world import World

_LOOK_SECONDS = 0.005


async def set_webhook(
    world: World,
    app_id: str,
    url: str,
    encrypt_key: str = "",
    verification_token: str = "",
    *,
    check: bool = True,
) -> dict[str, Any]:
    """Set an app's request URL (empty: long connections again) and its keys, if the URL answers its check."""
    present = world.desk.channel(world.tokens.apps[app_id].app_id)
    token = verification_token or present.verification_token
    wanted = Channel(token, url, encrypt_key, present.types)
    seconds = await world.desk.courier.webhook.check(wanted) if check and url else None
    present.url, present.encrypt_key, present.verification_token = url, encrypt_key, token
    return {"verification_token": token, "challenge_seconds": seconds}


def set_event_types(world: World, app_id: str, types: list[str]) -> None:
    """Add exactly these events to an app, as its console would."""
    world.desk.channel(world.tokens.apps[app_id].app_id).types = frozenset(types)


def subscribe(world: World, app_token: str, app_id: str) -> None:
    """Subscribe an app to a base without a call of its own."""
    base, app = world.base(app_token, wiki=True), world.tokens.apps[app_id]
    world.desk.subscriptions.add(base.app_token, app.app_id, world.clock.now())


def drop_subscriptions(world: World, app_token: str | None = None, app_id: str | None = None) -> int:
    """Lose subscriptions, of a base, of an app or all, without telling anybody; returns how many."""
    return world.desk.subscriptions.drop(app_token, app_id)


def subscriptions(world: World) -> list[dict[str, Any]]:
    """Return who is subscribed to what since when."""
    return [{"app_token": base, "app_id": app, "at": at} for base, app, at in world.desk.subscriptions]


def publish_event(
    world: World,
    app_id: str,
    type: str,  # noqa: A002 - the name events use
    event: dict[str, Any],
    version: int = 2,
    lane: str = "",
) -> int:
    """Send an app any event; returns its number."""
    return world.desk.publish(world.tokens.apps[app_id], type, event, version=version, lane=lane).number


def events(
    world: World,
    since: int = 0,
    type: str | None = None,  # noqa: A002 - the name events use
    app_id: str | None = None,
    *,
    bodies: bool = False,
) -> list[dict[str, Any]]:
    """Return the events made, oldest first, with what became of each."""
    return [each.told(body=bodies) for each in world.desk.log.find(since, type, app_id)]


def event_counts(world: World) -> dict[str, int]:
    """Return counts since the last clear, and how many events wait for another attempt."""
    names = (
        "made",
        "attempts",
        "acknowledged",
        "refused",
        "delivered",
        "lost",
        "given_up",
        "doubled",
        "replayed",
    )
    counts = world.desk.log.counts
    return {name: counts[name] for name in names} | {"pending": world.desk.log.pending}


def clear_events(world: World) -> None:
    """Forget all events that are over, and all counts."""
    world.desk.log.clear()


def replay_events(world: World, since: int = 0, numbers: list[int] | None = None) -> int:
    """Deliver events again (those named, or all after `since`), under their old ids; returns how many."""
    found = [each for each in world.desk.log.find(since, None, None) if numbers is None or each.number in numbers]
    for each in found:
        world.desk.courier.again(each)
    return len(found)


async def settle_events(world: World, seconds: float = 10.0, *, all_of_them: bool = False) -> int:
    """Wait until nothing is under way or due (or, if wanted, nothing waits at all); returns how many events wait.

    ValueError when that takes longer than so many real seconds.
    """
    ends = asyncio.get_running_loop().time() + seconds
    while world.desk.busy or (all_of_them and (world.desk.log.pending or world.desk.collecting)):
        if asyncio.get_running_loop().time() > ends:
            raise ValueError(f"events are still under way after {seconds} s: {event_counts(world)}")
        await asyncio.sleep(_LOOK_SECONDS)
    return world.desk.log.pending


def connections(world: World, app_id: str | None = None) -> list[dict[str, Any]]:
    """Return the open long connections, with how many events each acknowledged and how often it pinged."""
    return world.desk.courier.connections.told(app_id)


async def drop_connections(world: World, app_id: str | None = None, *, abruptly: bool = False) -> int:
    """Hang up on an app's long connections, or on all; returns how many."""
    return await world.desk.courier.connections.drop(app_id, abruptly=abruptly)


OPS = {
    each.__name__: each
    for each in (
        set_webhook,
        set_event_types,
        subscribe,
        drop_subscriptions,
        subscriptions,
        publish_event,
        events,
        event_counts,
        clear_events,
        replay_events,
        settle_events,
        connections,
        drop_connections,
    )
}
