"""Characters that one of the two sides cannot hold."""

from collections.abc import Iterable, Sequence
from typing import Any

from syncer.core.mapping import Misfit
from syncer.core.series import kinds
from syncer.fields.forms import alien

_TEXTS = {str, type(None)}
_AT_ONCE = 1_000_000  # characters that are looked at together


def surely_sound(series: Sequence[object]) -> bool:
    """Whether a series holds nothing but texts that both sides can hold, and nothing; very long ones are not judged."""
    if not kinds(series) <= _TEXTS:
        return False
    texts = [text for text in series if isinstance(text, str)]
    if sum(map(len, texts)) > _AT_ONCE:
        return False
    try:
        sound("".join(texts))
    except Misfit:
        return False
    return True


def longest(series: Iterable[Any]) -> int:
    """The greatest length in a series; nothing has none."""
    return max(map(len, filter(None, series)), default=0)


def sound(text: object) -> str:
    """The text itself if it is one and both sides can hold every character. Raises ``Misfit``.

    PostgreSQL's text knows no NUL, and no encoding of a database knows half of a surrogate pair.
    """
    if not isinstance(text, str):
        raise alien(text, "a text")
    if "\0" in text:
        raise Misfit("the text contains a NUL character, which a database cannot hold; remove it")
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError as error:
            half = f"U+{ord(text[error.start]):04X} at place {error.start + 1}"
            raise Misfit(f"the text contains half a character ({half}); remove it") from None
    return text
