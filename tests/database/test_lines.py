"""What COPY sends, taken apart and put together again."""

from datetime import UTC, date, datetime

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from syncer.core.records import key_text
from syncer.database.lines import Decoder, Layout, ValueType, make_line, split_line
from syncer.fields.keys import key_value
from tests.database.looking import all_rows

INT8, TEXT, DATE, TIMESTAMP = ValueType(20), ValueType(25), ValueType(1082), ValueType(1114)

awkward = st.sampled_from(
    ["\t", "\n", "\r", "\\", "\\N", "\\.", "\v", "\b", "\f", "", "订单", "🧾", "a,b", '{"x"}', "NULL"]
)
texts = st.lists(awkward | st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))).map("".join)


@given(st.lists(st.none() | texts.map(str.encode), min_size=1))
def test_a_line_gives_back_the_values_it_was_made_of(values):
    line = make_line(values)
    assert split_line(line) == values
    assert b"\n" not in line


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])  # the table is made anew
@given(st.data())
def test_copy_select_and_psycopg_show_the_same_row(look, table, data):
    columns = st.tuples(
        texts,
        st.none() | texts,
        st.none() | st.lists(texts, max_size=3),
        st.none() | st.floats(),
        st.none() | st.binary(max_size=20),
        st.none() | st.datetimes(timezones=st.just(UTC)),
        st.none() | st.dates(),
        st.none() | st.decimals(allow_nan=False, allow_infinity=False, places=9),
    )
    lines = data.draw(st.lists(columns, min_size=1, max_size=40))
    look.execute("SET TimeZone = 'UTC'; DROP TABLE IF EXISTS held")
    look.execute("""
        CREATE TABLE held (
            id int PRIMARY KEY, a text, b text, c text[], d float8, e bytea, f timestamptz, g date, h numeric
        )""")
    look.cursor().executemany(
        "INSERT INTO held VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)",
        [(place, *line) for place, line in enumerate(lines)],
    )
    rows = table("held", "id", "a b c d e f g h")

    read = all_rows(rows)
    fetched = {row.key: row for row in rows.fetch(list(read)).rows}
    shown = "id, a, b, c, d, sha256(e), f, g, h"  # of bytes the digest is read
    expected = {f"[{held[0]}]": held[1:] for held in look.execute(f"SELECT {shown} FROM held").fetchall()}

    assert {key: repr(row.columns) for key, row in read.items()} == {key: repr(held) for key, held in expected.items()}
    assert {key: row.print for key, row in fetched.items()} == {key: row.print for key, row in read.items()}
    assert {key: repr(row.columns) for key, row in fetched.items()} == {
        key: repr(held) for key, held in expected.items()
    }


def test_a_value_python_cannot_hold_stays_its_text_and_spoils_no_other():
    decoder = Decoder([DATE, TIMESTAMP, INT8, DATE])
    assert decoder.load([b"infinity", b"12345-01-01 00:00:00", b"7", b"2026-02-28"]) == (
        "infinity",
        "12345-01-01 00:00:00",
        7,
        date(2026, 2, 28),
    )


def test_the_modified_column_is_no_part_of_the_fingerprint():
    layout = Layout([INT8], [TEXT], TIMESTAMP)
    early, late = layout.row(b"1\tsame\t2026-01-01 00:00:00"), layout.row(b"1\tsame\t2026-01-02 00:00:00")
    assert early.print == late.print
    assert early.print != layout.row(b"1\tother\t2026-01-01 00:00:00").print
    assert late.modified_at == datetime(2026, 1, 2, tzinfo=UTC)
    assert late.columns == ("same",)


def test_arrays_of_types_psycopg_does_not_know_are_lists(look, table):
    look.execute("CREATE TYPE mood AS ENUM ('好', 'so, so', 'bad')")
    look.execute("CREATE TABLE people (id int PRIMARY KEY, mood mood, moods mood[])")
    look.execute("INSERT INTO people VALUES (1, '好', '{好,\"so, so\",NULL}')")
    (row,) = all_rows(table("people", "id", "mood moods")).values()
    assert row.columns == ("好", ["好", "so, so", None])


def test_a_numeric_key_is_the_same_key_in_any_scale(look, table):
    look.execute("CREATE TABLE sums (n numeric PRIMARY KEY, a text)")
    look.execute("INSERT INTO sums VALUES (1.50, 'x'), (2000, 'y'), (0.000001, 'z')")
    rows = table("sums", "n", "a")
    keys = list(all_rows(rows))
    assert {row.key: row.columns for row in rows.fetch(keys).rows} == {
        keys[0]: ("x",),
        keys[1]: ("y",),
        keys[2]: ("z",),
    }


@given(st.integers(-(2**63), 2**63 - 1) | st.integers(-(10**16), 10**16))
def test_a_key_of_one_whole_number_is_told_without_decoding_it(number):
    assert Layout([INT8], [TEXT], None).row(b"%d\tx" % number).key == key_text((key_value(number),))


@given(texts)
def test_a_key_of_one_text_is_told_without_decoding_it(text):
    line = make_line([text.encode(), b"x"])
    assert Layout([TEXT], [TEXT], None).row(line).key == key_text((text,))
