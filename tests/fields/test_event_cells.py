"""Cells as events carry them, in the forms that have been seen; and nothing guessed about the others."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncer.core.mapping import Misfit
from syncer.fields.event_cells import event_cell
from syncer.ports import FieldInfo


def field(type_, **more):
    return FieldInfo("fld1", "字段", type_, "", **more)


STATUS = field(3, options=("待处理", "已发货 🚚"), option_ids=("optA", "optB"))
TAGS = field(4, options=("急", "vip"), option_ids=("opt1", "opt2"))


@pytest.mark.parametrize(
    ("of", "raw", "cell"),
    [
        (field(2), "383", 383),
        (field(2), "-0.1", -0.1),
        (field(1), '[{"type":"text","text":"你好 😀"}]', [{"type": "text", "text": "你好 😀"}]),
        (field(1), '"plain"', "plain"),
        (STATUS, '"optB"', "已发货 🚚"),
        (TAGS, '["opt2","opt1"]', ["vip", "急"]),
        (TAGS, "[]", None),
        (field(5), "1717040601000", 1717040601000),
        (field(7), "true", True),
        (field(13), '"+86 138"', "+86 138"),
        (field(15), '{"link":"https://a.b","text":"a"}', {"link": "https://a.b", "text": "a"}),
        (field(18), '["recA1","recB2"]', {"link_record_ids": ["recA1", "recB2"]}),
        (field(21), '{"link_record_ids":["recA1"]}', {"link_record_ids": ["recA1"]}),
        (field(18), '[{"record_ids":["recA1"],"text":"recB2","table_id":"tbl1"}]', {"link_record_ids": ["recA1"]}),
        (field(18), '{"link_record_ids":[]}', None),
        (field(2), "", None),
        (STATUS, "", None),
        (field(2), "null", None),
    ],
)
def test_forms_that_have_been_seen_are_understood(of, raw, cell):
    assert event_cell(of, raw) == cell


def test_people_are_known_by_what_stands_beside_their_cell():
    raw, users = '{"users":[{"userId":"7"}]}', [{"user_id": {"open_id": "ou_1", "union_id": "on_1"}, "name": "张敏"}]
    assert event_cell(field(11), raw, {"users": users}) == [{"id": "ou_1"}]
    assert event_cell(field(11), "", None) is None
    for beside in (None, {}, {"users": []}, {"users": [{"name": "张敏"}]}, {"users": [{"user_id": {"open_id": ""}}]}):
        with pytest.raises(Misfit):
            event_cell(field(11), raw, beside)


@pytest.mark.parametrize(
    ("of", "raw"),
    [
        (STATUS, '"optZ"'),
        (STATUS, '"待处理"'),
        (TAGS, '"opt1"'),
        (field(2), '"383"'),
        (field(2), "true"),
        (field(1), '[{"type":"mention"}]'),
        (field(5), "1.5"),
        (field(7), "1"),
        (field(2), "{no json"),
        (field(11), '{"users":[{"userId":"7"}]}'),
        (field(20), "1"),
        (field(18), '"客户"'),
        (field(18), '[{"text":"recB2"}]'),
    ],
)
def test_anything_else_is_left_to_a_reading(of, raw):
    with pytest.raises(Misfit):
        event_cell(of, raw)


@given(st.integers(1, 30), st.text() | st.recursive(st.none() | st.booleans() | st.text(), st.lists).map(json.dumps))
def test_whatever_an_event_says_it_is_understood_or_a_misfit(type_, raw):
    try:
        found = event_cell(field(type_, options=("a",), option_ids=("o",)), raw)
    except Misfit:
        return
    assert json.loads(json.dumps(found)) == found
