"""Kinds of pairs a mapping may be made of: the field, the column, and what people type into either of them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from syncer.core.mapping import AS_IT_IS, Manner, Merge
from syncer.core.records import Side
from syncer.ports import ColumnInfo

F, D = Side.FEISHU, Side.DATABASE
START = datetime(2026, 1, 1, tzinfo=UTC)
LABELS = {"待处理": "pending", "已发货": "shipped", "已取消 🚫": "cancelled"}
TAGS = ["急", "老客户", "🎁", "vip", "退货"]

Typed = Callable[[Random, int], Any]
"""What somebody types: from a source of chance and a number that never comes twice."""


@dataclass(frozen=True)
class Kind:
    """A field type over a column type. ``feishu`` makes cells in the written shape, ``database`` column values."""

    name: str
    type: int
    column: Mapping[str, Any]
    feishu: Typed
    database: Typed
    merges: tuple[Merge, ...] = (Merge.REGISTER,)
    values: Mapping[str, str] | None = None
    manner: Manner = AS_IT_IS
    """What is done to values on their way."""
    defaults: Mapping[Side, Any] = field(default_factory=dict)
    check: Callable[[Any], bool] | None = None
    exact: bool = False
    """Whether both sides hold the very same, so that lines can be paired by it."""
    tidy: Callable[[Any], Any] | None = None
    """What a trigger makes of the column's value."""
    fills: Any = None
    """The column's own default."""

    def columns(self, name: str) -> ColumnInfo:
        return ColumnInfo(name, **self.column)


def _words(rng: Random, n: int) -> str:
    return rng.choice([f"w{n}", f"长 {n}", f"🧾{n} ", f"{n}"])


def _tags(rng: Random, n: int) -> list[str]:
    return [*rng.sample(TAGS, rng.randrange(0, 4)), f"t{n}"]


def _people(rng: Random, n: int) -> list[str]:
    return [*rng.sample(["ou_a", "ou_b"], rng.randrange(0, 3)), f"ou_{n}"]


def _moment(rng: Random, n: int) -> datetime:
    return START + timedelta(minutes=n, microseconds=rng.choice([0, 0, 500, 1000]))


def _ms(rng: Random, n: int) -> int:
    return int(START.timestamp() * 1000) + n * 60_000


KINDS = [
    Kind("text", 1, {"type": "text"}, _words, _words, exact=True),
    Kind("tidied text", 1, {"type": "text"}, _words, _words, tidy=lambda text: text and text.strip(" ").upper()),
    Kind("checked text", 1, {"type": "text"}, _words, _words, check=lambda text: "7" not in text),
    Kind("filled text", 1, {"type": "text"}, _words, _words, fills="由库填"),
    Kind("text by default", 1, {"type": "text"}, _words, _words, defaults={F: "缺省", D: "default"}),
    Kind(
        "short text",
        1,
        {"type": "varchar", "length": 6},
        lambda rng, n: rng.choice([f"s{n}", f"too long {n}", f"b{n}   "]),
        lambda rng, n: f"d{n}",
    ),
    Kind("not null", 1, {"type": "text", "nullable": False}, _words, _words),
    Kind(
        "money",
        2,
        {"type": "numeric", "precision": 12, "scale": 2},
        lambda rng, n: rng.choice([n, n + 0.1, n + 0.005]),
        lambda rng, n: Decimal(n) + Decimal("0.25"),
    ),
    Kind(
        "stock",
        2,
        {"type": "int8"},
        lambda rng, n: n,
        lambda rng, n: n,
        merges=(Merge.REGISTER, Merge.COUNTER),
    ),
    Kind("weight", 2, {"type": "float8"}, lambda rng, n: n / 7, lambda rng, n: n / 3),
    Kind(
        "small",
        2,
        {"type": "int4", "nullable": False},
        lambda rng, n: rng.choice([n, n, 3e9]),
        lambda rng, n: n,
        defaults={D: 0},
    ),
    Kind("state", 3, {"type": "text"}, lambda rng, n: f"o{n}", lambda rng, n: f"o{n}", exact=True),
    Kind(
        "labels",
        3,
        {"type": "varchar", "length": 20},
        lambda rng, n: rng.choice([*LABELS, *LABELS, f"新{n}"]),
        lambda rng, n: rng.choice([*LABELS.values(), *LABELS.values(), f"new{n}"]),
        values=LABELS,
    ),
    Kind("tags", 4, {"type": "text[]"}, _tags, _tags, merges=(Merge.REGISTER, Merge.SET)),
    Kind(
        "people",
        11,
        {"type": "text[]"},
        lambda rng, n: [{"id": id_} for id_ in _people(rng, n)],
        _people,
        merges=(Merge.REGISTER, Merge.SET),
    ),
    Kind("day", 5, {"type": "date"}, _ms, lambda rng, n: (START + timedelta(days=n)).date()),
    Kind("moment", 5, {"type": "timestamptz"}, _ms, _moment),
    Kind("wall clock", 5, {"type": "timestamp"}, _ms, lambda rng, n: _moment(rng, n).replace(tzinfo=None)),
    Kind("box", 7, {"type": "bool"}, lambda rng, n: rng.random() < 0.5, lambda rng, n: rng.choice([True, False])),
    Kind("digits", 1, {"type": "int8"}, lambda rng, n: rng.choice([str(n), str(n), f"nr {n}"]), lambda rng, n: n),
    Kind("cents", 2, {"type": "int8"}, lambda rng, n: n / 100, lambda rng, n: n, manner=Manner(scale="100")),
    Kind("trimmed", 1, {"type": "text"}, _words, _words, manner=Manner(trim=True)),
    Kind(
        "cased",
        1,
        {"type": "varchar", "length": 20},
        lambda rng, n: rng.choice([f"Ab{n}", f"AB{n} ", f"straße {n}"]),
        lambda rng, n: rng.choice([f"ab{n}", f"aB{n}"]),
        manner=Manner(case_feishu="upper", case_database="lower"),
    ),
    Kind(
        "other labels",
        3,
        {"type": "text"},
        lambda rng, n: rng.choice([*LABELS, f"新{n}"]),
        lambda rng, n: rng.choice([*LABELS.values(), f"new{n}", "other"]),
        values=LABELS,
        manner=Manner(otherwise=((F, "其他"), (D, "other"))),
    ),
    Kind(
        "day in words",
        5,
        {"type": "text"},
        _ms,
        lambda rng, n: f"{START + timedelta(days=n):%Y-%m-%d}" if rng.random() < 0.8 else f"soon {n}",
        manner=Manner(format="%Y-%m-%d", parse=("%d.%m.%Y",)),
    ),
    Kind(
        "split",
        4,
        {"type": "text"},
        _tags,
        lambda rng, n: ", ".join(_tags(rng, n)),
        manner=Manner(split=","),
    ),
    Kind(
        "joined",
        1,
        {"type": "text[]"},
        lambda rng, n: "、".join(_tags(rng, n)),
        _tags,
        manner=Manner(join="、"),
    ),
]
