"""One way to a table of rows, over the twin and over the real door with PostgreSQL behind it."""

from itertools import count

import psycopg
from psycopg import sql

from syncer.database.connections import make_engine
from syncer.database.rows import PostgresRows
from syncer.ports import ColumnInfo, RowTableInfo
from syncer.testing import FakeClock, InMemoryRows, SqlTable

COLUMNS = ("order_no", "amount", "pieces", "weight", "note", "tags", "paid", "day", "at", "wall", "code")
CREATE = """
CREATE TABLE orders (
    id bigserial PRIMARY KEY, order_no varchar(20) NOT NULL UNIQUE, amount numeric(12, 2) CHECK (amount >= 0),
    pieces int4, weight float8, note text DEFAULT 'new', tags text[], paid bool, day date, at timestamptz,
    wall timestamp, code char(4)
);
CREATE FUNCTION tidy() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.note = 'swallowed' THEN RETURN NULL; END IF;
    NEW.note := btrim(NEW.note); RETURN NEW;
END $$;
CREATE TRIGGER tidy BEFORE INSERT OR UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION tidy();
"""


def tidy(_old, new):
    if new["note"] == "swallowed":
        return None
    new["note"] = new["note"] and new["note"].strip(" ")
    return new


class TwinRoom:
    """The twin, with the same table as PostgreSQL is given."""

    def __init__(self) -> None:
        numbers = count(1)
        info = RowTableInfo(
            "orders",
            (
                ColumnInfo("id", "int8", nullable=False, has_default=True),
                ColumnInfo("order_no", "varchar", nullable=False, length=20),
                ColumnInfo("amount", "numeric", precision=12, scale=2),
                ColumnInfo("pieces", "int4"),
                ColumnInfo("weight", "float8"),
                ColumnInfo("note", "text", has_default=True),
                ColumnInfo("tags", "text[]"),
                ColumnInfo("paid", "bool"),
                ColumnInfo("day", "date"),
                ColumnInfo("at", "timestamptz"),
                ColumnInfo("wall", "timestamp"),
                ColumnInfo("code", "bpchar", length=4),
            ),
            ("id",),
            (("id",), ("order_no",)),
        )
        fills = {"id": lambda: next(numbers), "note": lambda: "new"}
        self.table = SqlTable(info, ("id",), fills, {"amount": lambda held: held >= 0}, tidy)
        self.rows = InMemoryRows(self.table, COLUMNS, FakeClock())

    def add(self, **values):
        return self.table.add(values)

    def edit(self, key, **values):
        return self.table.edit(key, values)

    def drop(self, key):
        self.table.drop(key)

    def close(self):
        pass


class PostgresRoom:
    """``PostgresRows`` on a database of its own."""

    def __init__(self, url: str) -> None:
        self.engine = make_engine(url)
        self.connection = psycopg.connect(url.replace("+psycopg", ""), autocommit=True)
        self.connection.execute(CREATE)
        self.rows = PostgresRows(
            self.engine, "orders", key=("id",), columns=COLUMNS, clock=FakeClock(), mapping="orders"
        )
        self.rows.prepare()

    def add(self, **values):
        names = sql.SQL(", ").join(map(sql.Identifier, values))
        places = sql.SQL(", ").join([sql.Placeholder()] * len(values))
        statement = sql.SQL("INSERT INTO orders ({}) VALUES ({}) RETURNING id").format(names, places)
        return self._key(self.connection.execute(statement, list(values.values())))

    def edit(self, key, **values):
        ((name, value),) = values.items()
        statement = sql.SQL("UPDATE orders SET {} = %s WHERE id = %s RETURNING id").format(sql.Identifier(name))
        return self._key(self.connection.execute(statement, [value, int(key.strip("[]"))]))

    def drop(self, key):
        self.connection.execute("DELETE FROM orders WHERE id = %s", [int(key.strip("[]"))])

    @staticmethod
    def _key(cursor):
        return f"[{cursor.fetchone()[0]}]"

    def close(self):
        self.connection.close()
        self.engine.dispose()
