"""Array literals are read by the server as the texts they were made of."""

import psycopg
import pytest

from syncer.state.arrays import array_text, joined, number_array


@pytest.mark.parametrize(
    "texts", [[], [""], ["NULL"], ["a", "b"], ['["k, {1}"]', "\\", '"', '\\"'], ["订单 🙂", " ", "\t\n", "{}"]], ids=str
)
def test_a_server_reads_the_texts_that_were_written(postgres_url, texts):
    with psycopg.connect(postgres_url.replace("+psycopg", "")) as connection:
        found = connection.execute("SELECT CAST(%s AS text[])", [array_text(texts)]).fetchone()
    assert found == (texts,)


def test_a_text_that_no_server_takes_is_refused():
    with pytest.raises(ValueError, match="NUL"):
        array_text(["a", "b\0c"])


@pytest.mark.parametrize("parts", [[b"a"], [b"", None, b"bc"], [None], [None, b"\0x", b""]], ids=str)
def test_parts_are_cut_out_of_the_whole_as_they_were(postgres_url, parts):
    whole, starts, lengths = joined(parts)
    with psycopg.connect(postgres_url.replace("+psycopg", "")) as connection:
        found = connection.execute(
            "SELECT substr(%s, first, length)"
            " FROM ROWS FROM (unnest(%s::int[]), unnest(%s::int[])) AS cut (first, length)",
            [whole, starts, lengths],
        ).fetchall()
    assert [part for (part,) in found] == parts
    assert number_array([1, None, -2]) == "{1,NULL,-2}"
