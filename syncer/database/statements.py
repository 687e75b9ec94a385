"""The SQL of one table, composed once: every name quoted, every value a parameter.

Values travel as one ``text[]`` per column and are cast to the column's base type *without* its length, because an
explicit cast to ``varchar(3)`` cuts silently while the assignment that follows refuses. ``s`` is what was sent, with
``n`` its position; ``t`` is the table.

Which returned row belongs to which operation: UPDATE and DELETE return ``s.n``. INSERT can return nothing of its
source, so servers from 17 on use MERGE, which can; older ones insert row by row. The order in which
INSERT ... SELECT returns is promised nowhere and is not relied on.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from psycopg import sql
from psycopg.sql import SQL, Composable, Composed, Identifier, Literal

from syncer.core.mapping import ColumnFill
from syncer.core.where import Where
from syncer.database.derived import Derived, Joined, Several
from syncer.database.names import parse_name, quote
from syncer.database.parameters import text_of
from syncer.database.schema import Table
from syncer.database.scoped import condition_of

_UNORDERED = {"json", "xml", "point", "line", "lseg", "box", "path", "polygon", "circle"}
_COMMA = SQL(", ")
_AND = SQL(" AND ")


class Statements:
    """What is said to the server about one table."""

    def __init__(
        self,
        table: Table,
        key: Sequence[str],
        columns: Sequence[str],
        modified: str | None,
        derived: Mapping[str, Derived] = MappingProxyType({}),
    ) -> None:
        self.table, self.key, self.derived = table, tuple(key), derived
        self.name = Identifier(*table.name)
        self.read = [*key, *columns, *([modified] if modified else [])]

    def copy(self, where: Where | None = None) -> Composed:
        """All rows, or at least those inside a scope."""
        inside = SQL("TRUE") if where is None else condition_of(where.clause, self.table.columns)
        return SQL("COPY (SELECT {} FROM {} AS t WHERE {}) TO STDOUT").format(self._listed(), self.name, inside)

    def select(self, match: Sequence[str]) -> Composed:
        """Rows whose columns equal one of the sent tuples."""
        return SQL("SELECT {} FROM {} AS t WHERE EXISTS (SELECT FROM {} WHERE {})").format(
            self._listed(), self.name, self._sent(match), self._equal(match)
        )

    def present(self, match: Sequence[str], source: Composed | None = None) -> Composed:
        """The positions of the sent tuples, or of those of a ``source``, that some row holds."""
        return SQL("SELECT s.n FROM {} WHERE EXISTS (SELECT FROM {} AS t WHERE {})").format(
            source or self._sent(match), self.name, self._equal(match)
        )

    def whole(self, columns: Sequence[str], written: Sequence[Composable]) -> Composed:
        """The rows with the sent keys: their version, what was ``written`` of them, and all columns as text."""
        held = [SQL("t.{}::text").format(Identifier(name)) for name in columns]
        return SQL("SELECT s.n, {} FROM {} AS t JOIN {} ON {}").format(
            _COMMA.join([SQL("t.xmin::text"), *written, *held]),
            self.name,
            self._sent(self.key),
            self._equal(self.key),
        )

    def of_one(self, asked: Composable) -> Composed:
        """Something about the rows with the sent keys; parameters of its own follow the keys."""
        return SQL("SELECT {} FROM {} AS t JOIN {} ON {}").format(
            asked, self.name, self._sent(self.key), self._equal(self.key)
        )

    def versions(self) -> Composed:
        """The versions of the rows with the sent keys."""
        return SQL("SELECT s.n, t.xmin::text FROM {} AS t JOIN {} ON {}").format(
            self.name, self._sent(self.key), self._equal(self.key)
        )

    def lock(self, *, delete: bool) -> Composed:
        """The rows with the sent keys, held until the transaction ends."""
        return SQL("SELECT s.n, {} FROM {} AS t JOIN {} ON {} ORDER BY s.n FOR {} OF t").format(
            self._listed(),
            self.name,
            self._sent(self.key),
            self._equal(self.key),
            SQL("UPDATE" if delete else "NO KEY UPDATE"),
        )

    def delete(self) -> Composed:
        """Delete the rows with the sent keys."""
        return SQL("DELETE FROM {} AS t USING {} WHERE {} RETURNING s.n").format(
            self.name, self._sent(self.key), self._equal(self.key)
        )

    def update(self, columns: Sequence[str], fills: Mapping[str, ColumnFill]) -> Composed:
        """Update the rows with the sent keys; ``columns`` are sent after the key."""
        return SQL("UPDATE {} AS t SET {} FROM {} WHERE {} RETURNING s.n, {}").format(
            self.name,
            _COMMA.join(map(_assigned, *self._targets(self.key, columns, fills))),
            self._sent([*self.key, *columns]),
            self._equal(self.key),
            self._listed(),
        )

    def merge(
        self, columns: Sequence[str], fills: Mapping[str, ColumnFill], source: Composed | None = None
    ) -> Composed:
        """Insert the sent rows, or those of a ``source``, told apart by ``n``."""
        names, values = self._targets([], columns, fills)
        target = SQL("({}) VALUES ({})").format(_COMMA.join(map(Identifier, names)), _COMMA.join(values))
        rows = target if columns or fills else SQL("DEFAULT VALUES")
        return SQL("MERGE INTO {} AS t USING {} ON false WHEN NOT MATCHED THEN INSERT {} RETURNING s.n, {}").format(
            self.name, source or self._sent(columns), rows, self._listed()
        )

    def insert(self, columns: Sequence[str], fills: Mapping[str, ColumnFill]) -> Composed:
        """Insert one sent row."""
        names, values = self._targets([], columns, fills)
        source = SQL("({}) SELECT {} FROM {}").format(
            _COMMA.join(map(Identifier, names)), _COMMA.join(values), self._sent(columns)
        )
        nothing = SQL("SELECT FROM {}").format(self._sent([]))
        return SQL("INSERT INTO {} AS t {} RETURNING 0, {}").format(
            self.name, source if columns or fills else nothing, self._listed()
        )

    def is_joined(self, name: str) -> bool:
        """Whether a column stands for the rows of a join table."""
        return isinstance(self.derived.get(name), Joined)

    def joins(self, name: str) -> tuple[Composed, ...]:
        """Statements that bring the rows of a join table in line with what is sent: a key and its array."""
        joined = self.derived[name]
        assert isinstance(joined, Joined)
        sent = self._sent([*self.key, name])
        return joined.leave(sent), joined.enter(sent)

    def unjoin(self) -> list[Composed]:
        """Statements that take the rows of all join tables away for the sent keys."""
        joined = [one for one in self.derived.values() if isinstance(one, Joined)]
        return [one.forget(self._sent(self.key)) for one in joined]

    def _listed(self) -> Composed:
        return _COMMA.join(map(self._shown, self.read))

    def _shown(self, name: str) -> Composed:
        """A column as it is read: of bytes, which may be many, only their digest."""
        is_bytes = self.table.column(name).info.type == "bytea"
        return SQL("pg_catalog.sha256({})" if is_bytes else "{}").format(self._held(name))

    def _held(self, name: str) -> Composed:
        derived = self.derived.get(name)
        return SQL("t.{}").format(Identifier(name)) if derived is None else derived.read()

    def _targets(
        self, before: Sequence[str], columns: Sequence[str], fills: Mapping[str, ColumnFill]
    ) -> tuple[list[str], list[Composed]]:
        """The columns to write and what each gets; ``columns`` are sent after those ``before``."""
        found: dict[str, Composed] = {}
        for name, sent in zip(columns, _sent_values(before, columns), strict=True):
            derived = self.derived.get(name)
            found.update(derived.parts(sent) if isinstance(derived, Several) else {name: sent})
        filled = zip(fills, self._fills(fills), strict=True)
        found.update((name, fill) for name, fill in filled if name not in found)
        return list(found), list(found.values())

    def _sent(self, columns: Sequence[str]) -> Composed:
        """The parameters as rows: ``$1`` the positions, then one array per column."""
        names = [f"v{place}" for place, _ in enumerate(columns)]
        casts = [
            SQL("CAST(r.{} AS {}) AS {}").format(
                Identifier(name), sql.SQL(self.table.column(column).bare), Identifier(name)
            )
            for name, column in zip(names, columns, strict=True)
        ]
        return SQL("(SELECT {} FROM unnest({}) AS r({})) AS s").format(
            _COMMA.join([SQL("r.n"), *casts]),
            _COMMA.join([SQL("$1::int4[]"), *[SQL(f"${place}::text[]") for place, _ in enumerate(names, 2)]]),
            _COMMA.join([Identifier("n"), *map(Identifier, names)]),
        )

    def _equal(self, columns: Sequence[str]) -> Composed:
        """The columns of ``t`` equal the first ones sent; types without an equality are compared as text."""
        return _AND.join(
            [
                SQL("CAST({} AS text) = CAST(s.{} AS text)" if self._unordered(column) else "{} = s.{}").format(
                    self._held(column), Identifier(f"v{place}")
                )
                for place, column in enumerate(columns)
            ]
        )

    def _unordered(self, column: str) -> bool:
        return self.table.column(column).info.type in _UNORDERED

    def _fills(self, fills: Mapping[str, ColumnFill]) -> list[Composed]:
        return [self._fill(column, fill) for column, fill in fills.items()]

    def _fill(self, name: str, fill: ColumnFill) -> Composed:
        column = self.table.column(name)
        if fill.kind == "now":
            return Composed([SQL("now()")])
        if fill.kind == "sequence":
            return SQL("nextval({}::regclass)").format(Literal(quote(parse_name(str(fill.argument)))))
        return SQL("CAST({}::text AS {})").format(Literal(text_of(fill.argument, column)), sql.SQL(column.bare))


def _sent_values(before: Sequence[str], columns: Sequence[str]) -> list[Composed]:
    return [SQL("s.{}").format(Identifier(f"v{len(before) + place}")) for place, _ in enumerate(columns)]


def _assigned(column: str, value: Composed) -> Composed:
    return SQL("{} = {}").format(Identifier(column), value)
