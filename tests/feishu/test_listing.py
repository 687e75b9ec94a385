"""Listed records, made a page at a time: each is the same as it would be alone."""

import orjson
from hypothesis import given
from hypothesis import strategies as st

from syncer.core.values import digest
from syncer.feishu.listed import read_listing
from syncer.feishu.listing import made_records, raw_records

awkward = st.sampled_from([",\n,", "\n", "null", '"', "\\", "订单 🙂", "],[", ""])
texts = st.lists(awkward | st.text(max_size=5), max_size=4).map("".join)
cells = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)


lists = st.lists(st.none() | st.dictionaries(texts, cells, max_size=4), max_size=6)


def listed(items):
    return read_listing(orjson.dumps({"code": 0, "data": {"items": items}}))["data"]["items"]


@given(lists)
def test_texts_and_prints_are_those_of_every_record_alone_and_empty_cells_are_missing(given_cells):
    items = [{"record_id": f"rec{place}", "fields": each} for place, each in enumerate(given_cells)]
    held = [{name: cell for name, cell in (each or {}).items() if cell is not None} for each in given_cells]
    for found in (made_records(items), raw_records(listed(items))):
        assert [record.id for record in found] == [item["record_id"] for item in items]
        assert [record.cells for record in found] == held
        assert [record.print for record in found] == [digest(record.text) for record in found]
    assert [record.text for record in made_records(items)] == [
        orjson.dumps(each, option=orjson.OPT_SORT_KEYS) for each in held
    ]


@given(lists)
def test_a_cell_keeps_the_text_that_was_sent_and_only_the_order_of_the_fields_is_settled(given_cells):
    items = [{"record_id": "rec", "fields": each} for each in given_cells]
    held = [
        dict(sorted((name, cell) for name, cell in (each or {}).items() if cell is not None)) for each in given_cells
    ]
    assert [record.text for record in raw_records(listed(items))] == [orjson.dumps(each) for each in held]


@given(lists, st.sampled_from([{"record_id": None}, {"fields": []}, {"fields": {"x": 1}, "record_id": 7}, "odd", None]))
def test_an_answer_with_an_item_of_another_form_is_read_like_any_other_body(given_cells, odd):
    items = [{"record_id": f"rec{place}", "fields": each} for place, each in enumerate(given_cells)]
    found = listed([*items, odd])
    assert len(found) == len(items) + 1
    assert [each.cells for each in raw_records(found[:-1])] == [each.cells for each in raw_records(listed(items))]


@given(st.binary(max_size=60))
def test_any_body_can_be_read_as_a_listing(content):
    assert isinstance(read_listing(content), dict)


def test_half_an_emoji_in_a_cell_becomes_a_question_mark():
    (item,) = read_listing(rb'{"code":0,"data":{"items":[{"record_id":"a","fields":{"x":"\ud83d 100%"}}]}}')["data"][
        "items"
    ]
    (record,) = raw_records([item])
    assert record.cells == {"x": "? 100%"}


def test_only_the_named_cells_are_kept_and_the_order_of_keys_means_nothing():
    first, second = raw_records(
        listed(
            [
                {"record_id": "a", "fields": {"x": 1, "y": [2], "z": 3}, "last_modified_time": 1_700_000_000_000},
                {"record_id": "b", "fields": {"y": [2], "x": 1}},
            ]
        ),
        ["y", "x", "w"],
    )
    assert first.text == second.text == b'{"x":1,"y":[2]}'
    assert first.modified_at.isoformat() == "2023-11-14T22:13:20+00:00"
    assert second.modified_at is None
