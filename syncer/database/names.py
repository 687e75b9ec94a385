"""Names of tables and sequences as mapping files write them: ``sales.orders``, ``"My.Schema"."T"``.

A name stands for itself: it is never folded to lower case, so that ``Orders`` is the table ``Orders``. Quotes are only
needed around a part that holds a dot or a quote (doubled inside).
"""

import re

from psycopg import sql

from syncer.errors import SchemaError

_PART = re.compile(r'"((?:[^"]|"")+)"|([^".]+)')


def parse_name(text: str) -> tuple[str, ...]:
    """The parts of a name, schema first if it has one. Raises ``SchemaError``."""
    parts, at = [], 0
    while found := _PART.match(text, at):
        parts.append(found[1].replace('""', '"') if found[1] else found[2].strip())
        at = found.end() + 1
        if text[found.end() : at] != ".":
            break
    if at != len(text) + 1 or len(parts) > 2 or not all(parts):
        raise SchemaError([f'{text!r} is no name of a table: write table, schema.table or "Schema"."Table"'])
    return tuple(parts)


def quote(parts: tuple[str, ...]) -> str:
    """The name as SQL, each part quoted."""
    return sql.Identifier(*parts).as_string()
