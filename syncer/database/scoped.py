"""The scope of a mapping as SQL, so that rows which may not enter are not even sent.

Every row is compared again by ``core.where``. So a condition that SQL would not decide in the very same way (floats,
times below a millisecond, JSON, arrays) is left out here, and what is asked for is never too little.
"""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal

from psycopg.sql import SQL, Composable, Identifier, Literal

from syncer.core.values import Value
from syncer.core.where import Clause, Condition
from syncer.database.schema import Column

_ALL = SQL("TRUE")
_TEXTS, _NUMBERS = frozenset({"text", "varchar"}), frozenset({"int2", "int4", "int8", "numeric"})
_SIGNS = {"gt": SQL(">"), "gte": SQL(">="), "lt": SQL("<"), "lte": SQL("<=")}
_STEP = timedelta(milliseconds=1)
"""Times are compared here to the millisecond, there to the microsecond."""


def condition_of(clause: Clause, columns: Mapping[str, Column]) -> Composable:
    """What holds of every row of ``t`` for which a clause holds, if not of these alone."""
    if isinstance(clause, Condition):
        column = columns.get(clause.name)
        return _ALL if column is None else _condition(clause, column)
    if not clause.parts:
        return _ALL if clause.every else SQL("FALSE")
    parts = [condition_of(part, columns) for part in clause.parts]
    return SQL("({})").format((SQL(" AND ") if clause.every else SQL(" OR ")).join(parts))


def _condition(condition: Condition, column: Column) -> Composable:
    name, kind = SQL("t.{}").format(Identifier(column.info.name)), column.info.type
    if kind in _TEXTS:
        found = _of_text(condition, SQL('({} COLLATE "C")').format(name))
    elif kind in _NUMBERS:
        found = _of_ordered(condition, name, SQL("{}::numeric"))
    elif kind == "date":
        found = _of_ordered(condition, name, SQL("{}::date"))
    elif kind == "bool" and condition.test == "in":
        found = _is_in(SQL("coalesce({}, false)").format(name), condition.values, SQL("{}::boolean"))
    elif kind == "timestamptz" and not condition.negated:
        found = _of_time(condition, name)
    else:
        found = None
    if found is None:
        return _ALL
    return SQL("({}) IS {}TRUE").format(found, SQL("NOT ") if condition.negated else SQL(""))


def _of_text(condition: Condition, name: Composable) -> Composable | None:
    if condition.test == "in":
        return _is_in(name, condition.values, SQL("{}::text"))
    if condition.test == "empty":
        return SQL("{name} IS NULL OR {name} = ''").format(name=name)
    if condition.test == "contains":
        parts = [SQL("position({}::text in {}) > 0").format(Literal(value), name) for value in condition.values]
        return SQL(" OR ").join(parts)
    return None


def _of_ordered(condition: Condition, name: Composable, cast: SQL) -> Composable | None:
    if condition.test == "in":
        return _is_in(name, condition.values, cast)
    if condition.test == "empty":
        return SQL("{} IS NULL").format(name)
    sign = _SIGNS.get(condition.test)
    return None if sign is None else SQL("{} {} {}").format(name, sign, cast.format(_literal(condition.values[0])))


def _of_time(condition: Condition, name: Composable) -> Composable | None:
    """Wider by a millisecond; moments at the very edge of the calendar are not asked for."""
    if condition.test == "empty":
        return SQL("{} IS NULL").format(name)
    if condition.test == "in":
        return SQL(" OR ").join([_around(name, value) for value in condition.values])
    sign, value = _SIGNS.get(condition.test), condition.values[0]
    if sign is None or not isinstance(value, datetime):
        return None
    wider = _moved(value, -_STEP if condition.test in ("gt", "gte") else _STEP)
    return None if wider is None else SQL("{} {} {}::timestamptz").format(name, sign, Literal(wider.isoformat()))


def _around(name: Composable, value: Value) -> Composable:
    ends = [_moved(value, step) for step in (-_STEP, _STEP)] if isinstance(value, datetime) else [None]
    if None in ends:
        return _ALL
    low, high = [SQL("{}::timestamptz").format(Literal(end.isoformat())) for end in ends if end is not None]
    return SQL("({} BETWEEN {} AND {})").format(name, low, high)


def _moved(value: datetime, step: timedelta) -> datetime | None:
    try:
        return value + step
    except OverflowError:
        return None


def _is_in(name: Composable, values: tuple[Value, ...], cast: SQL) -> Composable:
    listed = SQL(", ").join([cast.format(_literal(value)) for value in values])
    return SQL("{} IN ({})").format(name, listed)


def _literal(value: Value) -> Literal:
    if isinstance(value, Decimal):
        return Literal(format(value, "f") if abs(value.adjusted()) < 1000 else str(value))
    return Literal(value.isoformat() if isinstance(value, date) else value)
