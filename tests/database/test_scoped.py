"""The scope as SQL: it decides as we do, and where it cannot it never asks for too little."""

from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import sql

from syncer.core.values import number
from syncer.core.where import Condition, Group, Where
from syncer.fields.registry import column_form

WORDS = ["", " ", "a", "A", "a ", "ä", "a\u0308", "草稿", "草稿 ", "🧾", "%", "_", "\\", "'", "é", "\t", "O'Neil \\n"]
TEXTS = st.sampled_from(WORDS) | st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=4)
NUMBERS = st.sampled_from([0, 1, -1, 2, 10, 2**31 - 1, -(2**31)]).map(Decimal)
FLOATS = st.sampled_from(
    [0.0, -0.0, 0.1, 0.1 + 0.2, 0.3, 1e308, -1e308, 5e-324, 2.0**53, 1.0, float("nan"), float("inf")]
)
DAYS = st.sampled_from([date(1, 1, 1), date(2026, 1, 1), date(2024, 2, 29), date(9999, 12, 31)])
TIMES = st.sampled_from(
    [
        datetime(2026, 1, 1, tzinfo=UTC),
        datetime(2026, 1, 1, 0, 0, 0, 500, tzinfo=UTC),
        datetime(2025, 12, 31, 23, 59, 59, 999_500, tzinfo=UTC),
        datetime(2026, 1, 1, 0, 0, 0, 1000, tzinfo=UTC),
        datetime(1, 1, 2, tzinfo=UTC),
        datetime(9999, 12, 30, tzinfo=UTC),
    ]
)
COLUMNS = {
    "words": ("text", TEXTS),
    "short": ("varchar(40)", TEXTS),
    "padded": ("char(8)", TEXTS.filter(lambda text: len(text) <= 8)),
    "whole": ("int4", NUMBERS),
    "price": ("numeric", NUMBERS | st.sampled_from([Decimal("1.5"), Decimal("0.10"), Decimal("1e-7"), Decimal("NaN")])),
    "weight": ("float8", FLOATS),
    "flag": ("bool", st.booleans()),
    "day": ("date", DAYS),
    "at": ("timestamptz", TIMES),
}
EXACT = {"words", "short", "whole", "flag", "day"}
"""Of these, what SQL finds is just what holds; of ``price`` too but for NaN, which nothing can be said of."""
ROWS = st.fixed_dictionaries({name: st.none() | values for name, (_, values) in COLUMNS.items()})


def conditions(name):
    kind, values = COLUMNS[name]
    wanted = {
        "price": NUMBERS | st.sampled_from([Decimal("1.5"), Decimal("0.1")]),
        "weight": FLOATS.filter(lambda x: abs(x) < 1e300).map(number),
    }
    value = wanted.get(
        name, values.filter(lambda one: one != "") if kind.startswith(("text", "varchar", "char")) else values
    )
    if kind.startswith("char"):
        value = value.map(str.rstrip).filter(bool)
    tests = (
        ["in", "empty"] if kind.startswith(("text", "varchar", "char")) else ["in", "gt", "gte", "lt", "lte", "empty"]
    )
    tests = ["in"] if kind == "bool" else [*tests, "contains"] if kind.startswith(("text", "varchar")) else tests
    return st.builds(
        lambda test, values, negated: Condition(name, test, () if test == "empty" else tuple(values), negated),
        st.sampled_from(tests),
        st.lists(value, min_size=1, max_size=3),
        st.booleans(),
    )


CLAUSES = st.recursive(
    st.sampled_from(sorted(COLUMNS)).flatmap(conditions),
    lambda inner: st.builds(
        lambda every, parts: Group(every, tuple(parts)), st.booleans(), st.lists(inner, max_size=3)
    ),
    max_leaves=4,
)


@pytest.fixture
def things(look, table):
    listed = ", ".join(f"{name} {kind}" for name, (kind, _) in COLUMNS.items())
    look.execute(f"CREATE TABLE things (id serial PRIMARY KEY, {listed})")
    return table("things", "id", " ".join(COLUMNS))


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(ROWS, min_size=1, max_size=8), clause=CLAUSES)
def test_what_sql_finds_holds_all_that_is_inside_and_of_exact_types_nothing_else(things, look, rows, clause):
    fill(look, rows)
    forms = {column.name: column_form(column, ZoneInfo("UTC")) for column in things.info().columns}
    where = Where(clause, {name: form.read for name, form in forms.items()})
    everything = [raw for page in things.read() for raw in page.rows]
    found = {raw.key for page in things.read(where) for raw in page.rows}
    inside = {raw.key for raw in everything if where.holds(dict(zip(COLUMNS, raw.columns, strict=True)).__getitem__)}
    assert inside <= found
    if {condition.name for condition in leaves(clause)} <= EXACT:
        assert inside == found


def leaves(clause):
    return [clause] if isinstance(clause, Condition) else [leaf for part in clause.parts for leaf in leaves(part)]


def fill(look: psycopg.Connection, rows):
    look.execute("TRUNCATE things")
    statement = sql.SQL("INSERT INTO things ({}) VALUES ({})").format(
        sql.SQL(", ").join(map(sql.Identifier, COLUMNS)), sql.SQL(", ").join([sql.Placeholder()] * len(COLUMNS))
    )
    with look.cursor() as cursor:
        cursor.executemany(statement, [[row[name] for name in COLUMNS] for row in rows])


@pytest.mark.parametrize("name", ["words", "short"])
def test_parts_of_texts_are_found_letter_by_letter(things, look, name):
    look.execute(f"INSERT INTO things ({name}) VALUES ('草稿 🧾'), ('A%b'), ('a_'), (''), (NULL), ('ä')")
    forms = {column.name: column_form(column, ZoneInfo("UTC")) for column in things.info().columns}
    for part, found in [("稿 🧾", {"草稿 🧾"}), ("%", {"A%b"}), ("a", {"a_"}), ("ä", {"ä"})]:
        where = Where(Condition(name, "contains", (part,)), {name: forms[name].read})
        read = {raw.columns[list(COLUMNS).index(name)] for page in things.read(where) for raw in page.rows}
        assert read == found


def test_rows_outside_are_not_even_sent(things, look):
    some = "SELECT CASE n % 10 WHEN 0 THEN 'CN' ELSE 'US' END, n FROM generate_series(1, 100) n"
    look.execute(f"INSERT INTO things (words, whole) {some}")
    clause = Group(every=True, parts=(Condition("words", "in", ("CN", "HK")), Condition("whole", "gt", (Decimal(50),))))
    forms = {column.name: column_form(column, ZoneInfo("UTC")) for column in things.info().columns}
    read = [
        raw
        for page in things.read(Where(clause, {name: form.read for name, form in forms.items()}))
        for raw in page.rows
    ]
    assert sorted(raw.columns[3] for raw in read) == [60, 70, 80, 90, 100]
