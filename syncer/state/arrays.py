"""Array literals: psycopg makes an array value by value, in Python; of a page of ids that takes longer than asking."""

from collections.abc import Iterable


def array_text(texts: Iterable[str]) -> str:
    """The literal of an array of texts, for a parameter that is cast to ``text[]``."""
    quoted = [text.replace("\\", "\\\\").replace('"', '\\"') for text in texts]
    return '{"' + '","'.join(quoted) + '"}' if quoted else "{}"
