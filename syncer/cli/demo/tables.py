"""A table of the demo on both its sides: how it is made, looked at and edited, the way people and an ERP would."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from psycopg import Connection, sql
from psycopg.rows import dict_row

from syncer.cli.demo.compare import Column, Difference, differences
from syncer.simulator.control import Control

Cells = Mapping[str, Any]
Erp = Connection[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Shape:
    """What a table is made of: Bitable's fields, PostgreSQL's statements, and which column equals which field."""

    title: str
    fields: Sequence[Mapping[str, Any]]
    ddl: str
    schema: str
    table: str
    key: str
    columns: Sequence[Column]

    @property
    def key_field(self) -> str:
        """The Bitable field of the key."""
        return next(column.field for column in self.columns if column.column == self.key)


class Pair:
    """One table of the demo, living in the simulator and in PostgreSQL."""

    def __init__(self, shape: Shape, control: Control, app_token: str, erp: Erp) -> None:
        self.shape, self._control, self._app_token, self._erp = shape, control, app_token, erp
        self.table_id = control.create_table(app_token, shape.title, shape.fields).table_id
        erp.execute(shape.ddl.encode())
        self._name = sql.Identifier(shape.schema, shape.table)

    # Bitable, as its users see it.

    def add_records(self, records: Sequence[Cells]) -> None:
        """People add records."""
        self._control.add_records(self._app_token, self.table_id, records)

    def edit_records(self, cells: Mapping[str, Cells]) -> None:
        """People edit records, named by their key."""
        ids = self._ids()
        self._control.edit_records(self._app_token, self.table_id, {ids[key]: change for key, change in cells.items()})

    def delete_records(self, keys: Sequence[str]) -> None:
        """People delete records, named by their key."""
        ids = self._ids()
        self._control.delete_records(self._app_token, self.table_id, [ids[key] for key in keys])

    def number_record(self, cells: Cells) -> None:
        """People fill in a record that has no key yet."""
        ids = self._ids()
        self._control.edit_record(self._app_token, self.table_id, ids[""], cells)

    def record_id(self, key: str) -> str:
        """The record of a key."""
        return self._ids()[key]

    def cells(self, key: str) -> dict[str, Any]:
        """A record's cells; empty ones are left out."""
        return dict(self._records()[self.record_id(key)])

    def _records(self) -> dict[str, dict[str, Any]]:
        return self._control.plain(self._app_token, self.table_id)

    def _ids(self) -> dict[str, str]:
        return {str(cells.get(self.shape.key_field, "")): record for record, cells in self._records().items()}

    # PostgreSQL, as the ERP sees it.

    def insert_rows(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """The ERP inserts rows."""
        names = list(rows[0])
        statement = sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(
            self._name,
            sql.SQL(", ").join(map(sql.Identifier, names)),
            sql.SQL(", ").join([sql.Placeholder()] * len(names)),
        )
        with self._erp.cursor() as cursor:
            cursor.executemany(statement, [[row[name] for name in names] for row in rows])

    def update_row(self, key: str, **values: Any) -> None:
        """The ERP updates a row."""
        parts = [sql.SQL("{} = {}").format(sql.Identifier(name), sql.Placeholder()) for name in values]
        statement = sql.SQL("UPDATE {} SET {} WHERE {} = %s").format(
            self._name, sql.SQL(", ").join(parts), sql.Identifier(self.shape.key)
        )
        self._erp.execute(statement, [*values.values(), key])

    def raise_amounts(self, keys: Sequence[str]) -> None:
        """The ERP adds one to the amount of many rows at once."""
        statement = sql.SQL("UPDATE {} SET amount = coalesce(amount, 0) + 1 WHERE {} = ANY(%s)").format(
            self._name, sql.Identifier(self.shape.key)
        )
        self._erp.execute(statement, [list(keys)])

    def delete_rows(self, keys: Sequence[str]) -> None:
        """The ERP deletes rows."""
        statement = sql.SQL("DELETE FROM {} WHERE {} = ANY(%s)").format(self._name, sql.Identifier(self.shape.key))
        self._erp.execute(statement, [list(keys)])

    def row(self, key: str) -> dict[str, Any]:
        """A row of a key."""
        return next(row for row in self._rows() if row[self.shape.key] == key)

    def _rows(self) -> list[dict[str, Any]]:
        return self._erp.execute(sql.SQL("SELECT * FROM {}").format(self._name)).fetchall()

    # Both.

    def lines(self) -> tuple[list[dict[str, object]], list[dict[str, object]]]:
        """Every record and every row, as values that can be compared; keyed by column."""
        columns = self.shape.columns
        records = [
            {one.column: one.of_cell(cells.get(one.field)) for one in columns} for cells in self._records().values()
        ]
        rows = [{one.column: one.of_column(row[one.column]) for one in columns} for row in self._rows()]
        return records, rows

    def differences(self) -> list[Difference]:
        """Everything that is not equal between the two sides."""
        return differences(*self.lines(), self.shape.key)


def connect(url: str) -> Erp:
    """A connection of the ERP's own."""
    return Connection.connect(url.replace("+psycopg", ""), autocommit=True, row_factory=dict_row)
