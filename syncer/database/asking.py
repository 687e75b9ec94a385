"""Sending texts with a statement and taking its rows undecoded; the one place that touches psycopg's raw answers."""

from collections.abc import Sequence

import psycopg
from psycopg import RawCursor
from psycopg.sql import Composed

from syncer.database.parameters import array_text
from syncer.database.staging import Texts

Raw = list[bytes | None]


def ask(connection: psycopg.Connection, query: Composed, texts: Sequence[Texts]) -> list[Raw]:
    """The rows a statement returns for all texts sent at once, one array per column."""
    if not texts:
        return []
    cursor = RawCursor(connection)
    cursor.execute(query, _arrays(texts))
    return rows_of(cursor)


def tell(connection: psycopg.Connection, query: Composed, texts: Sequence[Texts]) -> None:
    """Say a statement that returns no rows, for all texts at once."""
    if texts:
        RawCursor(connection).execute(query, _arrays(texts))


def look_up(connection: psycopg.Connection, query: Composed, texts: Sequence[Texts]) -> list[Raw]:
    """The same where what is sent is looked for: what a column cannot hold is in no row, and spoils no other's."""
    try:
        return ask(connection, query, texts)
    except psycopg.DataError:
        if len(texts) == 1:
            return []
    middle = len(texts) // 2
    return look_up(connection, query, texts[:middle]) + look_up(connection, query, texts[middle:])


def ask_one_by_one(connection: psycopg.Connection, query: Composed, texts: Sequence[Texts]) -> list[Raw]:
    """The same, each line a statement of its own; the first column becomes the line's position."""
    return [[b"%d" % place, *row[1:]] for place, line in enumerate(texts) for row in ask(connection, query, [line])]


def _arrays(texts: Sequence[Texts]) -> list[str]:
    positions = ",".join(map(str, range(len(texts))))
    return [f"{{{positions}}}", *map(array_text, zip(*texts, strict=True))]


def rows_of(cursor: psycopg.Cursor[tuple[object, ...]]) -> list[Raw]:
    """What a cursor was answered, undecoded."""
    result = cursor.pgresult
    assert result is not None
    places = range(result.nfields)
    return [[result.get_value(row, place) for place in places] for row in range(result.ntuples)]
