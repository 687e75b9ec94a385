"""Storing and comparing mappings: what is kept comes back, what says the same is the same, what differs is said."""

import copy
import io
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from syncer.catalog.build import build_mapping
from syncer.catalog.document import Document
from syncer.catalog.reading import read_text
from syncer.catalog.revisions import canonical, difference, digest, from_json, to_json
from tests.catalog.samples import RIGHT

words = st.text(
    st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp", "Zs"], exclude_characters="$\ufeff\ufffe\uffff"),
    min_size=1,
    max_size=12,
)
names = st.from_regex(r"[a-z0-9][a-z0-9_-]{0,20}", fullmatch=True)
scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | words
spans = st.builds("{}{}".format, st.integers(1, 999), st.sampled_from("smhd"))
winners = st.sampled_from(["latest", "feishu", "database", "manual", "fill_empty"])
fills = st.one_of(
    st.fixed_dictionaries({"sequence": words}),
    st.fixed_dictionaries({"value": scalars}),
    st.just({"now": True}),
)


def deletions(target: str) -> st.SearchStrategy:
    mark = st.fixed_dictionaries({target: words, "value": scalars})
    return st.sampled_from(["delete", "ignore"]) | st.fixed_dictionaries({"mark": mark})


pairs = st.fixed_dictionaries(
    {"field": words, "column": words},
    optional={
        "required": st.booleans(),
        "conflict": winners,
        "merge": st.sampled_from(["set", "counter"]),
        "values": st.dictionaries(words, words, min_size=1, max_size=4),
        "default": st.dictionaries(st.sampled_from(["feishu", "database"]), scalars),
    },
)
databases = st.fixed_dictionaries(
    {"connection": st.just("erp"), "table": words},
    optional={
        "key": st.lists(words, min_size=1, unique=True),
        "watermark": words,
        "notify": st.sampled_from(["on", "off", True, False]),
        "on_insert": st.dictionaries(words, fills, max_size=3),
    },
)
files = st.fixed_dictionaries(
    {
        "version": st.just(1),
        "name": names,
        "feishu": st.fixed_dictionaries({"bitable": st.fixed_dictionaries({"app_token": words, "table_id": words})}),
        "database": databases,
        "fields": st.lists(
            pairs, min_size=1, max_size=5, unique_by=(lambda pair: pair["column"], lambda pair: pair["field"])
        ),
    },
    optional={
        "description": st.text(
            st.characters(exclude_categories=["Cc", "Cs"], exclude_characters="$\ufeff\ufffe\uffff")
        ),
        "match": st.lists(words, min_size=1, max_size=3, unique=True),
        "timezone": st.sampled_from(["Asia/Shanghai", "UTC", "Europe/Berlin"]),
        "conflicts": st.fixed_dictionaries({}, optional={"default": winners, "tolerance": spans}),
        "deletes": st.fixed_dictionaries(
            {}, optional={"from_feishu": deletions("column"), "from_database": deletions("field")}
        ),
        "schedule": st.fixed_dictionaries({}, optional={"every": spans}),
    },
)


@given(files)
def test_a_stored_mapping_comes_back_the_same(data):
    document = Document.model_validate(data)
    again = from_json(to_json(document))
    assert again == document
    assert build_mapping(again) == build_mapping(document)
    assert digest(again) == digest(document)
    assert difference(document, again) == []


@given(files)
def test_a_mapping_written_as_yaml_is_read_as_what_was_written(data):
    text, yaml = io.StringIO(), YAML(typ="safe", pure=True)
    yaml.default_flow_style = False
    yaml.dump(data, text)
    sheet = read_text(text.getvalue(), Path("m.yaml"), {})
    assert sheet.faults == ()
    assert Document.model_validate(sheet.data) == Document.model_validate(data)


@given(files, st.randoms(use_true_random=False))
def test_order_without_meaning_is_no_difference(data, random):
    shuffled = copy.deepcopy(data)
    random.shuffle(shuffled["fields"])
    random.shuffle(shuffled.get("match", []))
    shuffled = dict(reversed(shuffled.items()))
    old, new = Document.model_validate(data), Document.model_validate(shuffled)
    assert digest(old) == digest(new)
    assert difference(old, new) == []
    assert build_mapping(old).match == build_mapping(new).match


@given(files, files)
def test_mappings_differ_in_words_exactly_when_they_differ(one, two):
    old, new = Document.model_validate(one), Document.model_validate(two)
    assert (difference(old, new) == []) == (canonical(old) == canonical(new)) == (digest(old) == digest(new))


def right(**more) -> Document:
    return Document.model_validate({**YAML(typ="safe", pure=True).load(RIGHT), **more})


def test_writing_a_default_out_changes_nothing():
    assert digest(right(pairing="ask", conflicts={"tie": "manual"})) == digest(right())


def test_what_changed_is_told_in_words():
    new = YAML(typ="safe", pure=True).load(RIGHT)
    new["fields"][1]["conflict"] = "latest"
    new["fields"][2]["values"]["已取消"] = "cancelled"
    new["fields"][0] = {"field": "编号", "column": "order_no", "required": True}
    del new["fields"][5]
    new["fields"].append({"field": "备注 📝", "column": "note"})
    new |= {"schedule": {"every": "5m"}, "timezone": "UTC", "match": ["order_no", "note"]}
    new["deletes"] = {"from_database": {"mark": {"field": "状态", "value": "已删除"}}}
    new["database"]["on_insert"] = {"by": {"value": None}}
    assert difference(right(), Document.model_validate(new)) == [
        'database.on_insert: by (left out) -> {"value": null}',
        'match ["order_no"] -> ["note", "order_no"]',
        "timezone Asia/Shanghai -> UTC",
        "fields.编号: field 订单号 -> 编号",
        "fields.金额 💰: conflict database -> latest",
        "fields.状态.values: 已取消 (left out) -> cancelled",
        "fields.合计: removed (column total)",
        "fields.备注 📝: added (column note)",
        'deletes: from_database delete -> {"mark": {"field": "状态", "value": "已删除"}}',
        "schedule: every 30s -> 5m",
    ]


def test_the_order_of_a_key_is_a_difference():
    old, new = (right(database={"connection": "erp", "table": "t", "key": key}) for key in (["a", "b"], ["b", "a"]))
    assert difference(old, new) == ['database: key ["a", "b"] -> ["b", "a"]']
    assert digest(old) != digest(new)
