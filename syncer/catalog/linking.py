"""Mappings that link to each other: which ones a mapping names, and in what order they are best run. Pure."""

from collections.abc import Collection, Mapping, Sequence

from syncer.core.mapping import SyncMapping
from syncer.core.values import Json


def links_of(mapping: SyncMapping) -> frozenset[str]:
    """The mappings whose lines a mapping's link fields name; itself, where lines name others of their own table."""
    return frozenset(pair.manner.link for pair in mapping.pairs if pair.manner.link is not None)


def links_in(stored: Json) -> frozenset[str]:
    """The same of a mapping as it was applied, in its stored form."""
    document = stored.get("document") if isinstance(stored, Mapping) else None
    fields = document.get("fields") if isinstance(document, Mapping) else None
    links = [pair.get("link") for pair in (fields if isinstance(fields, list) else ()) if isinstance(pair, Mapping)]
    return frozenset(link for link in links if isinstance(link, str))


def in_order(names: Sequence[str], links: Mapping[str, Collection[str]]) -> list[str]:
    """The same names, each after those it links to as far as that goes; else as they came."""
    ordered: dict[str, None] = {}
    begun: set[str] = set()

    def take(name: str) -> None:
        if name in begun or name not in wanted:
            return
        begun.add(name)
        for other in sorted(links.get(name, ())):
            take(other)
        ordered[name] = None

    wanted = set(names)
    for name in names:
        take(name)
    return list(ordered)
