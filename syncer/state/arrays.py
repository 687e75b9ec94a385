"""Array literals: psycopg makes an array value by value, in Python; of a page of ids that takes longer than asking."""

from collections.abc import Iterable

_BETWEEN = "\0"  # what no text of PostgreSQL's holds


def array_text(texts: Iterable[str]) -> str:
    """The literal of an array of texts, for a parameter that is cast to ``text[]``. Raises ``ValueError`` for a NUL."""
    listed = list(texts)
    if not listed:
        return "{}"
    whole = _BETWEEN.join(listed)
    if whole.count(_BETWEEN) >= len(listed):
        raise ValueError("a text with a NUL character has no place in PostgreSQL")
    quoted = whole.replace("\\", "\\\\").replace('"', '\\"').replace(_BETWEEN, '","')
    return f'{{"{quoted}"}}'
