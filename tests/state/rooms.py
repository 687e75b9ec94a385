"""One way to open runs, over the twin and over PostgreSQL, and what tests put into a memory."""

from collections.abc import Sequence
from contextlib import ExitStack
from datetime import timedelta
from decimal import Decimal
from typing import Protocol, Self

from syncer.core.records import Base, Link, Side, Version
from syncer.core.values import Json, digest
from syncer.ports import Audit, ConflictNote, FailureNote, Memo, Memory, Remembered, Staged
from syncer.state.store import Store
from syncer.testing import FakeClock, InMemoryMemory
from syncer.testing.world import BEGINNING

F, D = Side.FEISHU, Side.DATABASE
LAYOUT = (("金额", "number:1"), ("状态", "select:1"), ("备注", "text:1"))


class Room(Protocol):
    clock: FakeClock

    def run(self, layout: Sequence[tuple[str, str]] = LAYOUT, approved_run: str | None = None) -> Memory:
        """A memory for the next run; the one before is over."""

    def resolve(self, link: int, pair: str, winner: str, value: Json = None) -> None: ...

    def retry(self) -> None: ...

    def attempts(self) -> dict[str, int]:
        """How often each failing pair was tried."""


class DictionaryRoom:
    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self._memory: InMemoryMemory | None = None

    def run(self, layout: Sequence[tuple[str, str]] = LAYOUT, approved_run: str | None = None) -> InMemoryMemory:
        if self._memory is None:
            self._memory = InMemoryMemory(self.clock, layout, approved_run)
        else:
            self._memory = self._memory.again(layout, approved_run)
        return self._memory

    def resolve(self, link: int, pair: str, winner: str, value: Json = None) -> None:
        assert self._memory
        self._memory.resolve(link, pair, winner, value)

    def retry(self) -> None:
        assert self._memory
        self._memory.retry()

    def attempts(self) -> dict[str, int]:
        assert self._memory
        return {failed.note.pair: failed.attempts for failed in self._memory.book.failures.values()}


class PostgresRoom:
    def __init__(self, store: Store, clock: FakeClock) -> None:
        self.store, self.clock = store, clock
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def run(self, layout: Sequence[tuple[str, str]] = LAYOUT, approved_run: str | None = None) -> Memory:
        self._stack.close()
        opened = self.store.open_run("orders", "full", layout, approved_run=approved_run)
        return self._stack.enter_context(opened)

    def resolve(self, link: int, pair: str, winner: str, value: Json = None) -> None:
        (shown,) = [one for one in self.store.conflicts("orders") if (one.link, one.pair) == (link, pair)]
        self.store.resolve(shown.id, winner, shown.version, value)  # type: ignore[arg-type]

    def retry(self) -> None:
        self.store.retry()

    def attempts(self) -> dict[str, int]:
        return {failure.pair: failure.attempts for failure in self.store.failures("orders")}


# What tests put in


def bases(amount: int = 1) -> dict[str, Base]:
    return {
        "金额": Base(Decimal(amount), Decimal(amount)),
        "状态": Base("待处理", "pending"),
        "备注": Base("😀 长文" * 9, None),
    }


def linked(number: int, **changes: object) -> Remembered:
    """Link 7 ties record f7 to row d7; its match is m7."""
    link: dict[str, object] = {"record": f"f{number}", "key": f"d{number}", "bases": bases(), "moved_at": BEGINNING}
    prints = {F: print_of(f"f{number}"), D: print_of(f"d{number}")}
    stored: dict[str, object] = {"prints": prints, "match": match(f"m{number}"), "settled": True}
    for name, value in changes.items():
        (stored if name in stored else link)[name] = value
    return Remembered(Link(id=number, **link), **stored)  # type: ignore[arg-type]


def print_of(line: str) -> bytes:
    return digest(line.encode())


def match(name: str | None) -> bytes | None:
    return None if name is None else digest(name.encode())


def version(side: Side, line: str, **values: object) -> Version:
    return Version(side, line, {"备注": "新 😀", **values}, BEGINNING + timedelta(minutes=1))  # type: ignore[dict-item]


def staged(side: Side, line: str, link: int | None = None, same: str | None = None, *, changed: bool = True) -> Staged:
    return Staged(line, print_of(line), link, match(same), version(side, line) if changed else None)


def audit(link: int | None, action: str = "update", record: str | None = "f1", key: str | None = "d1") -> Audit:
    return Audit(link, D, action, record, key, {"金额": 1}, {"金额": 2}, "changed in feishu", BEGINNING)


def conflict(link: int, pair: str = "金额", feishu: Json = 2, winner: str | None = None) -> ConflictNote:
    return ConflictNote(link, f"f{link}", f"d{link}", pair, pair, [1], feishu, 3, "manual", winner, "both", BEGINNING)


def failure(link: int | None, pair: str = "备注", value: bytes = b"long", **changes: object) -> FailureNote:
    lines: dict[str, object] = {"record": f"f{link}", "key": f"d{link}", "at": BEGINNING} | changes
    return FailureNote(
        D, link, pair=pair, field=pair, code="22001", message="too long\0", value=value, log_id=None, **lines
    )  # type: ignore[arg-type]


def remember(memory: Memory, *links: Remembered) -> None:
    memory.remember(Memo(links=links))
