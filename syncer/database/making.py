"""Makes tables of a mapped database. Only what a person has seen and agreed to comes here."""

from collections.abc import Sequence

from sqlalchemy import Engine

from syncer.database.connections import session
from syncer.database.names import parse_name, quote


def quoted_table(name: str) -> str:
    """A table's name, as mapping files write it, as SQL. Raises ``SchemaError``."""
    return quote(parse_name(name))


def carry_out(engine: Engine, statements: Sequence[str]) -> None:
    """Run statements that belong together: all of them, or none. Raises the errors of the database's door."""
    with session(engine) as connection, connection.transaction():
        for statement in statements:
            connection.execute(statement.encode())
