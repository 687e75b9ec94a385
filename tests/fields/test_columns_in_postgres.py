"""What a column is predicted to hold is what PostgreSQL returns: bound, stored and read back in both wire formats."""

from datetime import UTC, datetime
from decimal import Decimal

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from psycopg.types import TypeInfo
from psycopg.types.string import TextLoader

from syncer.core.mapping import Misfit
from syncer.database.lines import KEPT_AS_TEXT
from tests.fields.pairs import BERLIN, CASES, Case, fits, named, pair
from tests.fields.values import ENUM, is_span, json_texts, spans


@pytest.fixture(scope="module")
def connection(postgres_url):
    url = postgres_url.replace("+psycopg", "")
    with psycopg.connect(url, autocommit=True, prepare_threshold=None) as connection:  # the table changes all the time
        connection.execute("DROP TYPE IF EXISTS mood")
        connection.execute(f"CREATE TYPE mood AS ENUM ({', '.join(repr(label) for label in ENUM)})")
        connection.execute("SET TIME ZONE 'America/New_York'")
        for kept in KEPT_AS_TEXT:
            connection.adapters.register_loader(kept, TextLoader)
        TypeInfo.fetch(connection, "mood").register(connection)
        yield connection


def stored(connection, sql, parameters):
    """The parameters as the server returns them, in text and in binary."""
    connection.execute("DROP TABLE IF EXISTS held")
    connection.execute(f"CREATE TEMP TABLE held (place int, held {sql})")
    with connection.cursor() as cursor:
        sent = "%s::text[]::mood[]" if sql.startswith("mood[]") else "%s"  # as the door does: cast from text
        cursor.executemany(f"INSERT INTO held VALUES (%s, {sent})", list(enumerate(parameters)))
    shown = "held::text" if sql.startswith((*KEPT_AS_TEXT, "time ", "time(")) or sql == "time" else "held"
    answers = []
    for binary in (False, True):
        with connection.cursor(binary=binary) as cursor:
            rows = cursor.execute(f"SELECT {shown} FROM held ORDER BY place").fetchall()
            answers.append([held for (held,) in rows])
    return answers


@pytest.mark.parametrize("case", CASES, ids=named)
@settings(max_examples=8)
@given(data=st.data())
def test_what_arrives_from_feishu_is_held_as_predicted(case: Case, data, connection):
    carry = case.translator
    cells = data.draw(st.lists(case.cells, min_size=5, max_size=40))
    predicted = fits(carry.to_database, *fits(carry.from_cell, *cells))
    for held in stored(connection, case.sql, [carry.column(value) for value in predicted]):
        assert [carry.from_column(item) for item in held] == predicted


@pytest.mark.parametrize("case", CASES, ids=named)
@settings(max_examples=4)
@given(data=st.data())
def test_what_the_column_holds_reads_alike_in_text_and_in_binary(case: Case, data, connection):
    carry = case.translator
    parameters = data.draw(st.lists(case.held, min_size=5, max_size=40))
    text, binary = (fits(carry.from_column, *held) for held in stored(connection, case.sql, parameters))
    assert text == binary
    assert text == fits(carry.from_column, *parameters)


REFUSED = [
    ("varchar(3)", pair(1, "varchar", length=3), "甲乙丙丁", "甲乙丙丁"),
    ("char(3)", pair(1, "bpchar", length=3), "abcd", "abcd"),
    ("varchar(3)[]", pair(4, "varchar[]", length=3), frozenset(["abcd"]), ["abcd"]),
    ("text NOT NULL", pair(3, "mood", enum=ENUM, nullable=False), None, None),
    ("mood", pair(3, "mood", enum=ENUM), "sad", "sad"),
    ("uuid", pair(1, "uuid"), "no uuid", "no uuid"),
    ("int2", pair(2, "int2"), Decimal(32768), 32768),
    ("int4", pair(2, "int4"), Decimal(-(2**31) - 1), -(2**31) - 1),
    ("int8", pair(1, "int8"), str(2**63), 2**63),
    ("numeric(4,2)", pair(2, "numeric", precision=4, scale=2), Decimal("99.995"), Decimal("99.995")),
    ("numeric(2,4)", pair(2, "numeric", precision=2, scale=4), Decimal("0.01"), Decimal("0.01")),
    ("float4", pair(1, "numeric"), "one", 1e39),
    ("text", pair(1, "text"), "a\0b", "a\0b"),
    ("text", pair(1, "text"), "a\ud83d", "a\ud83d"),
]


@pytest.mark.parametrize(("sql", "carry", "value", "parameter"), REFUSED)
def test_what_is_called_a_misfit_the_server_refuses_too(sql, carry, value, parameter, connection):
    with pytest.raises(Misfit):
        carry.to_database(value)
    with pytest.raises((psycopg.Error, UnicodeEncodeError)):
        stored(connection, sql, [parameter])


def test_a_long_text_and_every_plane_of_unicode_come_back(connection):
    carry = pair(1, "text")
    long = "订单🙂\n" * 25_000
    for held in stored(connection, "text", [carry.column(carry.to_database(long))]):
        assert carry.from_column(held[0]) == long


def test_float4_is_named_by_as_few_digits_as_tell_it_apart_in_either_format(connection):
    carry = pair(2, "float4")
    numbers = [0.1, 16777216.0, 3.4028234663852886e38, 1.1754943508222875e-38]
    names = [Decimal("0.1"), Decimal(16777216), Decimal("3.4028235E+38"), Decimal("1.1754944E-38")]
    for held in stored(connection, "float4", numbers):
        assert [carry.from_column(item) for item in held] == names


def test_a_half_is_rounded_to_even_though_the_server_would_round_it_up(connection):
    carry = pair(2, "numeric", precision=10, scale=2)
    halves = [Decimal("0.125"), Decimal("0.135"), Decimal("-0.125")]
    assert [carry.to_database(value) for value in halves] == [Decimal("0.12"), Decimal("0.14"), Decimal("-0.12")]
    (as_text, _) = stored(connection, "numeric(10,2)", halves)
    assert as_text == [Decimal("0.13"), Decimal("0.14"), Decimal("-0.13")]


def test_nan_and_infinity_are_unreadable(connection):
    for sql, carry in [
        ("numeric", pair(2, "numeric")),
        ("float8", pair(2, "float8")),
        ("float4", pair(2, "float4")),
    ]:
        for held in stored(connection, sql, [float("nan"), float("inf"), float("-inf")]):
            for item in held:
                with pytest.raises(Misfit, match="no field can hold"):
                    carry.from_column(item)


def test_an_hour_that_comes_twice_is_held_as_its_first(connection):
    carry = pair(5, "timestamp", timezone=BERLIN)
    first, second = datetime(2024, 10, 27, 0, 30, tzinfo=UTC), datetime(2024, 10, 27, 1, 30, tzinfo=UTC)
    assert carry.column(first) == carry.column(second) == datetime(2024, 10, 27, 2, 30)
    assert carry.to_database(second) == first
    for held in stored(connection, "timestamp", [carry.column(second)]):
        assert carry.from_column(held[0]) == first


@settings(max_examples=8)
@given(sent=st.lists(spans.filter(is_span), min_size=20, max_size=60))
def test_a_span_is_spelled_as_the_server_spells_it_and_means_what_it_reads(sent, connection):
    carry = pair(1, "interval")
    predicted = [carry.to_database(span) for span in sent]
    (said, _) = stored(connection, "interval", predicted)
    assert said == predicted
    in_short = [span for span in sent if "2147483647:" not in span and "0000005" not in span]  # beyond its own reading
    (meant, _) = stored(connection, "interval", in_short)
    assert [carry.to_database(span) for span in in_short] == meant


@settings(max_examples=8)
@given(documents=st.lists(json_texts.filter(lambda text: "1e-400" not in text), min_size=10, max_size=40))
def test_jsonb_calls_a_document_equal_to_its_one_spelling(documents, connection):
    carry = pair(1, "jsonb")
    pairs = [(document, carry.to_database(document)) for document in documents]
    for document, spelling in pairs:
        (same,) = connection.execute("SELECT %s::jsonb = coalesce(%s, 'null')::jsonb", (document, spelling)).fetchone()
        assert same
