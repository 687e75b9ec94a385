import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncer.database.names import parse_name, quote
from syncer.errors import SchemaError


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("orders", ("orders",)),
        ("sales.orders", ("sales", "orders")),
        ("Sales.Orders", ("Sales", "Orders")),
        ('"My.Schema"."T"', ("My.Schema", "T")),
        ('销售."订单 ""甲"""', ("销售", '订单 "甲"')),
    ],
)
def test_a_name_stands_for_itself_and_quotes_protect_dots(text, parts):
    assert parse_name(text) == parts


@pytest.mark.parametrize("text", ["", ".", "a.", ".a", "a.b.c", '"a', '"a"b', 'a"b"', '""'])
def test_what_is_no_name_is_refused_with_the_right_form(text):
    with pytest.raises(SchemaError, match=r"schema\.table"):
        parse_name(text)


@given(st.lists(st.text(min_size=1), min_size=1, max_size=2))
def test_a_quoted_name_is_read_back(parts):
    names = tuple(part.replace("\0", "x") for part in parts)
    assert parse_name(quote(names)) == names
