"""Batches: operations that travel in one call. Cut by count and by bytes; halved to find the bad ones among the good.

Feishu answers a batch whole: all lines are written or none is. When it refuses one, ``bisect`` gets every good line
through and finds each bad one in about log2(n) calls.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from syncer.errors import FeishuError, RefusedError, TooLargeError

Item = TypeVar("Item")
Reply = TypeVar("Reply")


@dataclass(frozen=True, slots=True)
class Sent(Generic[Item, Reply]):
    """Items that went through in one call, with its answer."""

    items: Sequence[Item]
    answer: Reply


@dataclass(frozen=True, slots=True)
class Bad(Generic[Item]):
    """One item that cannot go through, and why."""

    item: Item
    error: FeishuError


def cut(items: Sequence[Item], most: int, most_bytes: int, size: Callable[[Item], int]) -> Iterator[Sequence[Item]]:
    """Consecutive batches of at most ``most`` items and ``most_bytes`` bytes, as few as the order allows.

    An item larger than ``most_bytes`` travels alone: whether it is too large is for Feishu to say.
    """
    if most < 1:
        raise ValueError(f"a batch holds at least one item, not {most}")
    start = weight = 0
    for place, item in enumerate(items):
        bytes_here = size(item)
        if place > start and (place - start == most or weight + bytes_here > most_bytes):
            yield items[start:place]
            start, weight = place, 0
        weight += bytes_here
    if start < len(items):
        yield items[start:]


def halves(batch: Sequence[Item]) -> tuple[Sequence[Item], Sequence[Item]]:
    """Both halves of a batch, in order; the second is the larger one if the count is odd."""
    middle = len(batch) // 2
    return batch[:middle], batch[middle:]


def bisect(
    batch: Sequence[Item], send: Callable[[Sequence[Item]], Reply], room: Callable[[], int] | None = None
) -> Iterator[Sent[Item, Reply] | Bad[Item]]:
    """Send a batch; refused, send its halves, until only bad items are left. Every item is in exactly one result.

    ``send`` writes all or nothing. ``RefusedError`` and ``TooLargeError`` split; any other error ends the iteration
    after what already went through was yielded. A half is not sent whole when it must hold the bad item, nor when it is
    larger than ``room`` says by then.
    """
    if not batch:
        return
    try:
        answer = send(batch)
    except (RefusedError, TooLargeError) as error:
        yield from _split(batch, error, send, room)
    else:
        yield Sent(batch, answer)


def even(batch: Sequence[Item], most: int) -> Iterator[Sequence[Item]]:
    """Consecutive parts of at most ``most`` items, as few as can be, and nearly equal."""
    count = -(-len(batch) // max(1, most))
    for number in range(count):
        yield batch[number * len(batch) // count : (number + 1) * len(batch) // count]


def _split(
    batch: Sequence[Item],
    error: FeishuError,
    send: Callable[[Sequence[Item]], Reply],
    room: Callable[[], int] | None,
) -> Iterator[Sent[Item, Reply] | Bad[Item]]:
    if len(batch) == 1:
        yield Bad(batch[0], error)
        return
    first, second = halves(batch)
    all_good = True
    for result in bisect(first, send, room):
        all_good = all_good and isinstance(result, Sent)
        yield result
    # The whole was refused for a line in it and the first half is clean: the second half is known to hold the bad one.
    # A single item is always sent alone before it is called bad: what was refused may have been the combination.
    if all_good and isinstance(error, RefusedError) and len(second) > 1:
        yield from _split(second, error, send, room)
    else:
        for part in even(second, room() if room else len(second)):
            yield from bisect(part, send, room)
