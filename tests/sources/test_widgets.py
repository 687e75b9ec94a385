"""Every widget of a form, in the shapes that Feishu describes, as the fields and cells that a mapping sees."""

import json

import pytest

from syncer.core.mapping import Manner
from syncer.feishu.approval_parts import instance_fields, lines_of, part_fields
from syncer.feishu.widgets import form_fields, parsed, row_fields, rows_of, unfolded
from syncer.fields.people import known_as
from syncer.fields.told import MEMBERS

NOON = 1569888000000
"""2019-10-01T08:00:00+08:00."""

WIDGETS = [
    ("input", "你好 🧾", {"": "你好 🧾"}),
    ("textarea", "a\nb", {"": "a\nb"}),
    ("serialNumber", "2019-0001", {"": "2019-0001"}),
    ("address", "China/Beijing/海淀", {"": "China/Beijing/海淀"}),
    ("number", 4, {"": 4}),
    ("number", "4", {"": 4}),
    ("amount", 1234.56, {"": 1234.56}),
    ("amount", "-0.5", {"": -0.5}),
    ("formula", 0, {"": 0}),
    ("date", "2019-10-01T08:00:00+08:00", {"": NOON}),
    ("date", "2019-10-01T08:00:00", {"": NOON}),
    (
        "dateInterval",
        {"start": "2019-10-01T08:00:00+08:00", "end": "2019-10-02T08:00:00+08:00", "interval": 1.5},
        {".start": NOON, ".end": NOON + 86_400_000, ".interval": 1.5},
    ),
    ("radio", "年假", {"": "年假"}),
    ("radioV2", "病假", {"": "病假"}),
    ("checkbox", ["红", "绿"], {"": ["红", "绿"]}),
    ("checkboxV2", [], {"": []}),
    ("department", [{"open_id": "od-1"}, {"open_id": "od-2"}], {"": ["od-1", "od-2"]}),
    ("connect", ["81D3-1", "81D3-2"], {"": ["81D3-1", "81D3-2"]}),
    ("telephone", {"country_code": "+86", "national_number": "13800000000"}, {"": "+86 13800000000"}),
    (
        "document",
        {"token": "dox1", "type": "docx", "title": "计划", "url": "u"},
        {"": {"token": "dox1", "type": "docx", "title": "计划", "url": "u"}},
    ),
    ("mutableGroup", [{"a": 1}], {"": [{"a": 1}]}),
    ("somethingNew", {"x": [1]}, {"": {"x": [1]}}),
    *(
        (
            group,
            {
                "start": "2019-10-01T08:00:00+08:00",
                "end": "",
                "interval": "2",
                "unit": "DAY",
                "reason": "家",
                "name": "年",
            },
            {
                "": {
                    "start": "2019-10-01T08:00:00+08:00",
                    "end": "",
                    "interval": "2",
                    "unit": "DAY",
                    "reason": "家",
                    "name": "年",
                },
                ".start": NOON,
                ".end": None,
                ".interval": 2,
                ".unit": "DAY",
                ".reason": "家",
                ".name": "年",
            },
        )
        for group in ("leaveGroup", "leaveGroupV2", "workGroup", "tripGroup", "outGroup", "shiftGroup", "remedyGroup")
    ),
]


def cells(widget):
    """What the fields of a form with this one widget take from an instance, by what follows the widget's name."""
    body = unfolded({"form": json.dumps([widget])})
    return {each.info.name.removeprefix("form.这"): each.take(body) for each in form_fields([widget])}


@pytest.mark.parametrize(("kind", "value", "expected"), WIDGETS)
def test_each_widget_gives_its_fields(kind, value, expected):
    assert cells({"id": "w1", "name": "这", "type": kind, "value": value}) == expected


@pytest.mark.parametrize("kind", sorted({kind for kind, _, _ in WIDGETS}))
@pytest.mark.parametrize("value", [None, ""])
def test_a_widget_that_was_left_empty_says_nothing(kind, value):
    assert set(cells({"id": "w1", "name": "这", "type": kind, "value": value}).values()) == {None}


def test_a_widget_that_is_missing_says_nothing():
    widget = {"id": "w1", "name": "这", "type": "dateInterval"}
    assert {each.take(unfolded({"form": "[]"})) for each in form_fields([widget])} == {None}


def test_a_form_that_nobody_can_read_has_no_widgets():
    assert parsed("{not json") == parsed('{"a": 1}') == parsed(None) == []


def test_people_come_as_open_ids_beside_their_user_ids():
    assert cells({"id": "w1", "name": "这", "type": "contact", "value": ["u1"], "open_ids": ["ou_1", "ou_2"]}) == {
        "": ["ou_1", "ou_2"],
        ".user_ids": ["u1"],
    }


def test_files_come_as_names_beside_their_addresses():
    urls = ["https://a/1\\u0026x", "https://a/2"]
    widget = {"id": "w1", "name": "这", "value": urls, "ext": r"'合同, v2.pdf','it\'s.png'"}
    for kind in ("attachment", "attachmentV2", "image", "imageV2"):
        found = cells({**widget, "type": kind})
        assert found[""] == ["合同, v2.pdf", r"it\'s.png"], kind
        assert found[".urls"] == urls


def test_a_note_to_the_reader_is_no_field():
    assert cells({"id": "w1", "name": "这", "type": "text", "value": "请填写"}) == {}


def test_widgets_of_one_name_are_called_by_their_ids():
    form = [{"id": "w1", "name": "金额", "type": "amount"}, {"id": "w2", "name": "金额", "type": "amount"}]
    assert [each.info.name for each in form_fields(form)] == ["form.w1", "form.w2"]
    assert [each.info.id for each in form_fields(form)] == ["form.w1", "form.w2"]


def test_a_renamed_widget_stays_the_same_field():
    old, new = ({"id": "w1", "name": name, "type": "date"} for name in ("日期", "开始日期"))
    ((was,), (is_now,)) = list(form_fields([old])), list(form_fields([new]))
    assert was.info.id == is_now.info.id
    assert was.info.name != is_now.info.name


DETAIL = {
    "id": "w5",
    "name": "明细",
    "type": "fieldList",
    "children": [{"id": "c1", "name": "项目", "type": "input"}, {"id": "c2", "name": "价", "type": "amount"}],
}
ROWS = [
    [
        {"id": "c1", "name": "项目", "type": "input", "value": "车票"},
        {"id": "c2", "name": "价", "type": "amount", "value": 9.5},
    ],
    [{"id": "c1", "name": "项目", "type": "input", "value": "🏨"}],
]


def test_a_detail_table_is_json_or_a_table_of_its_own():
    filled = {**DETAIL, "value": ROWS}
    body = {"form": json.dumps([filled]), "instance_code": "I1"}
    whole = next(each for each in instance_fields([DETAIL]) if each.info.name == "form.明细")
    assert whole.take(unfolded(body)) == [{"项目": "车票", "价": 9.5}, {"项目": "🏨"}]
    assert len(rows_of(filled)) == 2
    fields = {each.info.name: each for each in part_fields("form.明细", [DETAIL])}
    assert set(fields) == {"line", "instance_code", "position", *(each.info.name for each in row_fields(DETAIL))}
    lines = dict(lines_of("form.明细", "I1", unfolded(body)))
    assert list(lines) == ["I1/0", "I1/1"]
    assert [[fields[name].take(line) for name in ("项目", "价", "position")] for line in lines.values()] == [
        ["车票", 9.5, 0],
        ["🏨", None, 1],
    ]


@pytest.mark.parametrize(
    ("part", "body", "expected"),
    [
        (
            "timeline",
            [
                {"type": "START", "create_time": "1569888000000", "open_id": "ou_1", "ext": "{}"},
                {"type": "CC", "create_time": "1569888000001", "cc_user_list": [{"open_id": "ou_2"}]},
            ],
            {
                "I1/0": {"type": "START", "create_time": NOON, "open_id": "ou_1", "cc_user_list": None},
                "I1/1": {"type": "CC", "create_time": NOON + 1, "open_id": None, "cc_user_list": [{"open_id": "ou_2"}]},
            },
        ),
        (
            "comment_list",
            [{"id": "7", "open_id": "ou_1", "comment": "好 👍", "create_time": "0", "files": [{"title": "a.png"}]}],
            {"I1/7": {"id": "7", "comment": "好 👍", "create_time": None, "files": ["a.png"]}},
        ),
        (
            "task_list",
            [{"id": "9", "open_id": "", "status": "DONE", "end_time": "1569888000000", "type": "AUTO_PASS"}],
            {"I1/9": {"id": "9", "open_id": None, "status": "DONE", "start_time": None, "end_time": NOON}},
        ),
    ],
)
def test_parts_of_an_instance_are_lines_of_their_own(part, body, expected):
    fields = {each.info.name: each for each in part_fields(part, [])}
    lines = dict(lines_of(part, "I1", {part: body}))
    found = {line: {name: fields[name].take(lines[line]) for name in wanted} for line, wanted in expected.items()}
    assert list(lines) == list(expected)
    assert found == expected


class Two:
    """A directory of two people."""

    def said(self, open_id, what):
        assert what == "email"
        return {"ou_1": "li@example.com", "ou_2": "韩@example.com"}[open_id]

    def found(self, text, what):
        raise AssertionError((text, what))

    def meet(self, open_ids, texts, what):
        """Nothing to look up."""


def test_people_of_a_form_stand_by_what_a_directory_calls_them_in_every_shape():
    contact = {"id": "w1", "name": "这", "type": "contact"}
    assert next(form_fields([contact])).info.type == MEMBERS
    bridge = known_as(Manner(person="email"), Two())
    assert bridge.over("ou_1,ou_2") == "li@example.com,韩@example.com"
    assert bridge.over('["ou_1"]') == '["li@example.com"]'
    assert bridge.over(frozenset({"ou_2"})) == frozenset({"韩@example.com"})
    assert bridge.over("") is None
