"""The broker: Celery over the Redis that all parts share, with every key under a prefix of its own.

A message says only "look at the agenda for this mapping". So one may be lost, doubled or late; nothing depends on it.
"""

from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from celery import Celery
from kombu import Exchange, Queue
from redis import Redis

from syncer.state.agenda import Ask, Kind

PREFIX = "syncer:celery:"
TASK, SUBSCRIBE = "syncer.run", "syncer.subscribe"
"""The tasks: one run of a mapping; having Feishu's events sent to us."""

_MARK = f"{PREFIX}mark"

VISIBLE_AGAIN = 3600
"""Seconds until a message nobody acknowledged is delivered again; the agenda asks anew long before that."""

_ANSWER = 5.0  # seconds Redis has to answer


def broker_url(redis_url: str) -> str:
    """An address of redis-py's as kombu writes it: a Unix socket's is spelled otherwise."""
    parts = urlsplit(redis_url)
    query = dict(parse_qsl(parts.query))
    if parts.scheme == "unix":
        query["virtual_host"] = query.pop("db", "0")
        return f"redis+socket://{parts.netloc}{parts.path}?{urlencode(query)}"
    if parts.scheme == "rediss":
        query.setdefault("ssl_cert_reqs", "required")
    return urlunsplit((parts.scheme, parts.netloc, parts.path, urlencode(query), ""))


def make_celery(redis_url: str, queues: Sequence[Kind] = tuple(Kind)) -> Celery:
    """A Celery app that knows the queues, without results and without remote control."""
    exchange = Exchange("syncer", type="direct")
    celery = Celery("syncer", set_as_current=False)
    celery.conf.update(
        broker_url=broker_url(redis_url),
        broker_transport_options=_transport(),
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        task_queues=[Queue(kind.value, exchange, routing_key=kind.value) for kind in queues],
        task_create_missing_queues=False,
        task_default_queue=queues[0].value,
        task_default_exchange=exchange.name,
        task_serializer="json",
        accept_content=["json"],
        task_ignore_result=True,
        task_store_errors_even_if_ignored=False,
        task_publish_retry=False,
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        worker_prefetch_multiplier=1,
        worker_cancel_long_running_tasks_on_connection_loss=False,
        worker_enable_remote_control=False,
        worker_send_task_events=False,
        worker_hijack_root_logger=False,
        worker_redirect_stdouts=False,
        worker_proc_alive_timeout=60.0,
    )
    return celery


def _transport() -> dict[str, Any]:
    return {
        "global_keyprefix": PREFIX,
        "visibility_timeout": VISIBLE_AGAIN,
        "queue_order_strategy": "priority",
        "socket_timeout": _ANSWER,
        "socket_connect_timeout": _ANSWER,
        "max_retries": 1,
        "interval_start": 0,
        "interval_max": 0.2,
    }


class Broker:
    """Sends messages to workers."""

    def __init__(self, redis_url: str, redis: Redis) -> None:
        self._celery = make_celery(redis_url)
        self._redis = redis

    def ask(self, asks: Sequence[Ask]) -> None:
        """Ask workers for runs. Raises what the broker raises; the first messages may have gone then."""
        for one in asks:
            self._celery.send_task(TASK, (one.name, one.kind.value), queue=one.kind.value, routing_key=one.kind.value)

    def ask_to_subscribe(self) -> None:
        """Ask a worker to renew what subscriptions are due; after some minutes nobody need any more."""
        queue = Kind.INCREMENTAL.value
        self._celery.send_task(SUBSCRIBE, queue=queue, routing_key=queue, expires=240)

    def was_emptied(self) -> bool:
        """Whether Redis lost all it held since this was asked last, by anybody: it was started anew and empty."""
        return bool(self._redis.set(_MARK, "1", nx=True))

    def close(self) -> None:
        """Close the connections."""
        self._celery.close()
