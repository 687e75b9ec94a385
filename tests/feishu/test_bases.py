"""Addresses of bases."""

import pytest

from syncer.errors import FeishuSetupError, MendError
from syncer.feishu.bases import BaseAddress, read_address, resolve_base


@pytest.mark.parametrize(
    ("text", "token", "table", "wiki"),
    [
        ("AW3Qbtr2cakCnesXzXVbbsrIcVT", "AW3Qbtr2cakCnesXzXVbbsrIcVT", None, False),
        ("https://acme.feishu.cn/base/AW3Q?table=tbl1&view=vew2", "AW3Q", "tbl1", False),
        ("https://acme.feishu.cn/wiki/N0de9?table=tbl1", "N0de9", "tbl1", True),
        (" https://acme.larksuite.com/base/AW3Q/ ", "AW3Q", None, False),
        ("http://127.0.0.1:8000/base/AW3Q#share", "AW3Q", None, False),
    ],
)
def test_an_address_is_taken_apart(text, token, table, wiki):
    found = read_address(text)
    assert (found.token, found.table_id, found.wiki) == (token, table, wiki)


@pytest.mark.parametrize("text", ["https://acme.feishu.cn/docx/AW3Q", "https://acme.feishu.cn/base/", "a b", "", "x/y"])
def test_what_is_no_address_is_named(text):
    with pytest.raises(MendError):
        read_address(text)


@pytest.mark.usefixtures("dialect")
def test_all_ways_to_a_base_lead_to_its_true_token(client, place, simulator):
    node = simulator.control.add_wiki_node(place.app_token)
    for text in (
        place.app_token,
        f"https://x.feishu.cn/base/{place.app_token}",
        f"https://x.feishu.cn/wiki/{node}",
        node,
    ):
        assert resolve_base(client, text) == BaseAddress(place.app_token)


def test_a_bare_node_is_found_even_where_records_do_not_take_it(client, place, simulator):
    simulator.control.set_switches(wiki_token_on_records=False)
    node = simulator.control.add_wiki_node(place.app_token)
    assert resolve_base(client, node) == BaseAddress(place.app_token)


def test_a_table_in_the_address_is_kept(client, place):
    found = resolve_base(client, f"https://x.feishu.cn/base/{place.app_token}?table={place.table_id}&view=vewX")
    assert found == BaseAddress(place.app_token, place.table_id)


def test_a_base_that_is_not_there_says_what_to_check(client):
    with pytest.raises(FeishuSetupError, match="app_token"):
        resolve_base(client, "bascnNotThereAtAll")
