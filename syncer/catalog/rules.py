"""What must hold between the keys of one file. Works on the data as read, so that shape and sense are told together.

Every rule passes over what is not of the right shape: that is a fault already.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from syncer.catalog.conditions import misshapen
from syncer.catalog.faults import Key, did_you_mean
from syncer.core.records import Side

Finding: TypeAlias = "tuple[Key, str]"
_WAYS = ("both", "to_database", "to_feishu")
_CHILD = re.compile(r"[a-z0-9][a-z0-9_-]{0,30}")


@dataclass(frozen=True, slots=True)
class Draft:
    """A file's data, read tolerantly."""

    data: Mapping[str, Any]

    def part(self, *key: str) -> Mapping[str, Any]:
        """What stands at a key, empty if it holds no keys."""
        found: Any = self.data
        for name in key:
            found = found.get(name) if isinstance(found, dict) else None
        return found if isinstance(found, dict) else {}

    def words(self, *key: str) -> list[tuple[int, str]]:
        """The texts of a list, with their places."""
        listed = self.part(*key[:-1]).get(key[-1])
        return (
            [(at, item) for at, item in enumerate(listed) if isinstance(item, str)] if isinstance(listed, list) else []
        )

    def pairs(self) -> list[tuple[int, Mapping[str, Any]]]:
        """The entries of ``fields`` that hold keys, with their places."""
        listed = self.data.get("fields")
        return (
            [(at, item) for at, item in enumerate(listed) if isinstance(item, dict)] if isinstance(listed, list) else []
        )

    @property
    def is_only_read(self) -> bool:
        """Whether the source is one that takes no writes."""
        return bool({"approval", "contacts"} & self.part("feishu").keys())

    @property
    def way(self) -> str:
        """The mapping's direction."""
        given = self.data.get("direction", "to_database" if self.is_only_read else "both")
        return given if given in _WAYS else "both"


def broken_rules(data: Any) -> Iterator[Finding]:
    """Every rule a file's data breaks, with the key at which it shows."""
    if isinstance(data, dict):
        draft = Draft(data)
        for rule in RULES:
            yield from rule(draft)


def _no_empty_keys(draft: Draft) -> Iterator[Finding]:
    yield from _empty(draft.data, ())


def _empty(data: Any, key: Key) -> Iterator[Finding]:
    if data is None and key[-1] != "value" and "default" not in key[:-1]:
        yield key, "has no value; write one or leave the key out"
    items = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for part, value in items:
        yield from _empty(value, (*key, part))


def _each_once(draft: Draft) -> Iterator[Finding]:
    for what in ("field", "column"):
        first: dict[str, int] = {}
        for at, pair in draft.pairs():
            name = pair.get(what)
            if isinstance(name, str) and first.setdefault(name, at) != at:
                yield ("fields", at, what), f"{what} {name} stands in an earlier pair too; keep one of them"


def _lists_without_repeats(draft: Draft) -> Iterator[Finding]:
    for key in (("match",), ("database", "key")):
        words = draft.words(*key)
        for place, (at, word) in enumerate(words):
            if word in [earlier for _, earlier in words[:place]]:
                yield (*key, at), f"names {word} twice; name it once"


def _match_is_mapped(draft: Draft) -> Iterator[Finding]:
    columns = [pair.get("column") for _, pair in draft.pairs() if not {"columns", "through"} & pair.keys()]
    known = [column for column in columns if isinstance(column, str)]
    if len(known) == len(columns) > 0:
        for at, word in draft.words("match"):
            if word not in known:
                yield (
                    ("match", at),
                    f"{word} is no column of fields; match names mapped columns{did_you_mean(word, known)}",
                )


def _sources_are_only_read(draft: Draft) -> Iterator[Finding]:
    if draft.is_only_read and draft.way != "to_database":
        yield ("direction",), "approvals and contacts are only read; write to_database, or leave it out"
    if draft.data.get("children") and "approval" not in draft.part("feishu"):
        yield ("children",), "are of approvals alone; leave them out"
    for name in draft.part("children"):
        if not _CHILD.fullmatch(name):
            yield ("children", name), "is no name of a child; use a-z, 0-9, _ and -"


def _pairs_go_the_mappings_way(draft: Draft) -> Iterator[Finding]:
    for at, pair in draft.pairs():
        own = pair.get("direction")
        if own in _WAYS and draft.way not in ("both", own):
            yield (
                ("fields", at, "direction"),
                f"{own} goes beyond the mapping's direction {draft.way}; leave it out, or change that one",
            )


def _merges_need_both_ways(draft: Draft) -> Iterator[Finding]:
    for at, pair in draft.pairs():
        way = pair.get("direction", draft.way)
        if pair.get("merge") in ("set", "counter") and way in _WAYS and way != "both":
            yield (
                ("fields", at, "merge"),
                f"{pair['merge']} adds up edits of both sides, but the pair goes {way}; leave it out",
            )


def _counters_count_alike(draft: Draft) -> Iterator[Finding]:
    for at, pair in draft.pairs():
        if pair.get("merge") == "counter" and pair.get("scale") is not None:
            yield (
                ("fields", at, "merge"),
                "counter adds up numbers that count alike on both sides, not under scale; leave it out",
            )


def _values_are_one_to_one(draft: Draft) -> Iterator[Finding]:
    for at, pair in draft.pairs():
        values = pair.get("values")
        first: dict[str, str] = {}
        for label, value in values.items() if isinstance(values, dict) else ():
            if isinstance(value, str) and first.setdefault(value, label) != label:
                yield (
                    ("fields", at, "values", label),
                    f"{value} is what {first[value]} becomes already; every value needs one of its own",
                )


def _watermark_is_named(draft: Draft) -> Iterator[Finding]:
    database = draft.part("database")
    if database.get("capture") == "watermark" and "watermark" not in database:
        yield ("database", "capture"), "watermark needs the column; add watermark: updated_at"


def _stamps_are_not_mapped(draft: Draft) -> Iterator[Finding]:
    written = {
        pair.get("column"): pair.get("field")
        for _, pair in draft.pairs()
        if pair.get("direction", draft.way) != "to_feishu"
    }
    for column in draft.part("database", "on_update"):
        if column in written:
            yield (
                ("database", "on_update", column),
                f"is written by the field {written[column]} too; make that pair to_feishu, or leave this out",
            )


def _made_of_links_alone(draft: Draft) -> Iterator[Finding]:
    for at, pair in draft.pairs():
        for what in ("columns", "through"):
            if what in pair and "link" not in pair:
                yield ("fields", at, what), "is for link fields; add link: <the other mapping>, or name one column"
        if {"columns", "through"} <= pair.keys():
            yield ("fields", at, "through"), "stands in place of columns; keep one of the two"
        if "through" in pair and draft.part("database").get("capture") == "watermark":
            yield ("fields", at, "through"), "a watermark tells nothing of a join table; write capture: trigger or scan"


def _conditions_are_sound(draft: Draft) -> Iterator[Finding]:
    for side in Side:
        part = draft.part(side.value)
        if part.get("where") is not None:
            yield from misshapen(part["where"], side, (side.value, "where"))
        elif part.get("on_leave") in ("sever", "delete"):
            yield (side.value, "on_leave"), "is about lines that leave where:, which is not there; leave this out"


RULES: tuple[Callable[[Draft], Iterator[Finding]], ...] = (
    _made_of_links_alone,
    _no_empty_keys,
    _each_once,
    _lists_without_repeats,
    _match_is_mapped,
    _sources_are_only_read,
    _pairs_go_the_mappings_way,
    _merges_need_both_ways,
    _counters_count_alike,
    _values_are_one_to_one,
    _watermark_is_named,
    _stamps_are_not_mapped,
    _conditions_are_sound,
)
