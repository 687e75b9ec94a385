"""Characters that one of the two sides cannot hold."""

from syncer.core.mapping import Misfit
from syncer.fields.forms import alien


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
