"""Array literals: psycopg makes an array value by value, in Python; of a page of ids that takes longer than asking."""

from collections.abc import Iterable, Sequence
from itertools import accumulate

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


def number_array(numbers: Iterable[int | None]) -> str:
    """The literal of an array of whole numbers."""
    return f"{{{','.join(['NULL' if number is None else str(number) for number in numbers])}}}"


def joined(parts: Sequence[bytes | None]) -> tuple[bytes, str, str]:
    """All parts in one, with the arrays of where each begins (the first at 1) and how long it is, for ``substr``."""
    lengths = [None if part is None else len(part) for part in parts]
    starts = accumulate([length or 0 for length in lengths[:-1]], initial=1)
    return b"".join([part for part in parts if part]), number_array(starts), number_array(lengths)
