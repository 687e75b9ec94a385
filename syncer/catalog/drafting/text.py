"""The text of a first mapping file: what was guessed, what was left out and why, ready to be read and mended. Pure."""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from syncer.catalog.drafting.guess import Guess, Guessed, LeftOut, Why, sayable
from syncer.core.mapping import Direction

_PLAIN = re.compile(r"[^\W\d][\w.-]*( [\w.-]+)*")
_WORDS = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n"})
_NAME = re.compile(r"[^a-z0-9_-]+")
_LONGEST_NAME = 63


@dataclass(frozen=True, slots=True)
class Draft:
    """Where a mapping leads, beside what was guessed. ``table`` is as a mapping file names it."""

    name: str
    app: str
    app_token: str
    table_id: str
    table_name: str
    connection: str
    table: str
    only_to_feishu: str = ""
    """Why rows cannot be written, if they cannot."""


def draft_name(table: str) -> str:
    """A mapping's name for a table: its own, in what names may hold."""
    plain = _NAME.sub("_", table.rpartition(".")[2].strip('"').casefold()).strip("_-")
    return plain[:_LONGEST_NAME] or "mapping"


def write_draft(draft: Draft, guess: Guess) -> str:
    """The file. Pairs that types alone suggest are marked, so that nobody takes them for known."""
    return "\n".join([*_head(draft, guess), *_match(guess), *_fields(guess), *_left(guess)]) + "\n"


def _head(draft: Draft, guess: Guess) -> Iterator[str]:
    yield "# A first mapping, guessed from both tables. Read it, mend it, then: syncer check, syncer plan."
    yield from ("version: 1", f"name: {scalar(draft.name)}")
    yield f"description: {scalar(f'{draft.table_name} in Bitable and {draft.table} in {draft.connection}')}"
    yield "feishu:"
    if draft.app != "default":
        yield f"  app: {scalar(draft.app)}"
    yield f"  bitable: {{app_token: {scalar(draft.app_token)}, table_id: {scalar(draft.table_id)}}}"
    yield from ("database:", f"  connection: {scalar(draft.connection)}", f"  table: {scalar(draft.table)}")
    if guess.key:
        yield f"  key: [{', '.join(map(scalar, guess.key))}]"
    if draft.only_to_feishu:
        yield f"direction: to_feishu  # {_comment(draft.only_to_feishu)}"


def _match(guess: Guess) -> Iterator[str]:
    if guess.match:
        yield f"match: [{', '.join(map(scalar, guess.match))}]  # what tells which record belongs to which row"
    else:
        yield "# match: [...]  # nothing unique is on both sides: name what tells which lines belong together"


def _fields(guess: Guess) -> Iterator[str]:
    yield "fields:"
    for pair in guess.pairs:
        told = f"  # guessed by {pair.why.value}: is it right?" if pair.why is Why.TYPE else ""
        yield f"  - {{{', '.join(_pair(pair, guess))}}}{told}"


def _pair(pair: Guessed, guess: Guess) -> Iterator[str]:
    yield f"field: {scalar(pair.field.name if sayable(pair.field.name) else pair.field.id)}"
    yield f"column: {scalar(pair.column.name)}"
    if pair.link:
        yield f"link: {scalar(pair.link)}"
    if pair.direction is not Direction.BOTH:
        yield f"direction: {pair.direction.value}"
    if pair.required or (pair.column.name in guess.match and not _fills_itself(pair)):
        yield "required: true"


def _fills_itself(pair: Guessed) -> bool:
    return pair.column.has_default or pair.column.generated or pair.direction is not Direction.BOTH


def _left(guess: Guess) -> Iterator[str]:
    yield from _listed("Fields left out", guess.fields_left)
    yield from _listed("Columns left out", guess.columns_left)


def _listed(heading: str, left: Sequence[LeftOut]) -> Iterator[str]:
    if left:
        yield f"# {heading}:"
    yield from (f"#   {_comment(one.name)}: {_comment(one.reason)}" for one in left)


def scalar(text: str) -> str:
    """A text as YAML takes it inside braces: plain where it can be, else in quotes."""
    plain = _PLAIN.fullmatch(text) and text.casefold() not in _WORDS
    return text if plain else '"' + "".join(map(_quoted, text)) + '"'


def _quoted(sign: str) -> str:
    if sign in '"\\':
        return f"\\{sign}"
    return sign if _printable(sign) else f"\\U{ord(sign):08x}"


def _printable(sign: str) -> bool:
    return unicodedata.category(sign)[0] not in "CZ" or sign == " "


def _comment(text: str) -> str:
    return " ".join("".join(sign if _printable(sign) else " " for sign in text).split())
