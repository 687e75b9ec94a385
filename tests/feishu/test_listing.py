"""Listed records, made a page at a time: each is the same as it would be alone."""

import orjson
from hypothesis import given
from hypothesis import strategies as st

from syncer.core.values import digest
from syncer.feishu.listing import raw_records

awkward = st.sampled_from([",\n,", "\n", "null", '"', "\\", "订单 🙂", "],[", ""])
texts = st.lists(awkward | st.text(max_size=5), max_size=4).map("".join)
cells = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)


@given(st.lists(st.none() | st.dictionaries(texts, cells, max_size=4), max_size=6))
def test_texts_and_prints_are_those_of_every_record_alone_and_empty_cells_are_missing(given_cells):
    items = [{"record_id": f"rec{place}", "fields": each} for place, each in enumerate(given_cells)]
    found = raw_records(items)
    held = [{name: cell for name, cell in (each or {}).items() if cell is not None} for each in given_cells]
    assert [record.id for record in found] == [item["record_id"] for item in items]
    assert [record.cells for record in found] == held
    assert [record.text for record in found] == [orjson.dumps(each, option=orjson.OPT_SORT_KEYS) for each in held]
    assert [record.print for record in found] == [digest(record.text) for record in found]


def test_only_the_named_cells_are_kept_and_the_order_of_keys_means_nothing():
    first, second = raw_records(
        [
            {"record_id": "a", "fields": {"x": 1, "y": [2], "z": 3}, "last_modified_time": 1_700_000_000_000},
            {"record_id": "b", "fields": {"y": [2], "x": 1}},
        ],
        ["y", "x", "w"],
    )
    assert first.text == second.text == b'{"x":1,"y":[2]}'
    assert first.modified_at.isoformat() == "2023-11-14T22:13:20+00:00"
    assert second.modified_at is None
