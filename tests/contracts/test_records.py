"""What the engine relies on of a table of records: one body, over the twin and over Bitable through the simulator."""

from datetime import timedelta

import pytest

from syncer.errors import RefusedError, StaleNameError, TooLargeError, UnknownOutcomeError, VanishedError
from syncer.ports import RecordWrite
from tests.contracts.record_rooms import NAMES, SimulatorRoom, TwinRoom, token

FULL = {
    "订单号": "A-1 🧾",
    "金额": 0.30000000000000004,
    "状态": "待处理",
    "标签": ["急", "大客户"],
    "日期": 1702449755123,
    "已付": True,
}
SHOWN = {**FULL, "订单号": [{"type": "text", "text": "A-1 🧾"}]}


@pytest.fixture(params=["twin", "simulator"])
def room(request):
    room = TwinRoom() if request.param == "twin" else SimulatorRoom(request.getfixturevalue("simulator"))
    yield room
    room.close()


@pytest.fixture
def records(room):
    return room.records


def all_of(records, names=NAMES):
    return {record.id: record for page in records.read(names) for record in page.records}


def test_cells_are_shown_as_search_shows_them_and_empty_ones_are_missing(records):
    ids = records.create([FULL, {"金额": 3.0, "已付": False, "订单号": ""}, {}], token())
    cells = {name: dict(record.cells) for name, record in all_of(records).items()}
    assert cells == {ids[0]: SHOWN, ids[1]: {"金额": 3, "已付": False}, ids[2]: {}}


def test_numbers_are_float64(records):
    numbers = [2**53, -(2**53), 1e300, 0.1, 1 / 3, 5e-324, 12345678901234.25]
    ids = records.create([{"金额": number} for number in numbers], token())
    assert [all_of(records)[name].cells["金额"] for name in ids] == numbers


def test_long_text_is_kept_and_too_long_text_is_refused(records, room):
    (name,) = records.create([{"订单号": "长" * 100_000}], token())
    assert len(all_of(records)[name].cells["订单号"][0]["text"]) == 100_000
    with pytest.raises(RefusedError) as refused:
        records.create([{"订单号": "好"}, {"订单号": "长" * 100_001}], token())
    assert refused.value.code == 1254130
    assert room.count() == 1


@pytest.mark.parametrize(
    ("cells", "code"),
    [
        ({"订单号": 5}, 1254060),
        ({"金额": "5"}, 1254061),
        ({"金额": True}, 1254061),
        ({"状态": 7}, 1254062),
        ({"标签": "急"}, 1254063),
        ({"标签": ["急", 1]}, 1254063),
        ({"日期": "2026-01-01"}, 1254064),
        ({"已付": "yes"}, 1254065),
    ],
)
def test_a_cell_of_the_wrong_shape_refuses_the_whole_batch(records, room, cells, code):
    (name,) = room.add({"金额": 1})
    with pytest.raises(RefusedError) as created:
        records.create([{"订单号": "good"}, cells], token())
    with pytest.raises(RefusedError) as updated:
        records.update([RecordWrite(name, {"订单号": "good"}), RecordWrite(name, cells)])
    assert created.value.code == updated.value.code == code
    assert {one: dict(record.cells) for one, record in all_of(records).items()} == {name: {"金额": 1}}


def test_a_name_of_a_select_that_is_not_known_becomes_an_option(records):
    records.create([{"状态": "新的", "标签": ["甲", "乙"]}], token())
    options = {field.name: field.options for field in records.info().fields}
    assert options["状态"] == ("新的",)
    assert options["标签"] == ("甲", "乙")


def test_an_update_touches_the_named_cells_alone_and_none_clears(records):
    (name,) = records.create([FULL], token())
    records.update([RecordWrite(name, {"金额": 7, "标签": None, "订单号": None, "已付": False})])
    left = {"金额": 7, "状态": "待处理", "日期": 1702449755123, "已付": False}
    assert dict(all_of(records)[name].cells) == left


@pytest.mark.parametrize("verb", ["update", "delete"])
def test_one_record_that_is_gone_leaves_the_whole_batch_undone(records, room, verb):
    here, gone = room.add({"金额": 1}, {"金额": 2})
    room.drop(gone)
    batch = [here, gone] if verb == "delete" else [RecordWrite(name, {"金额": 5}) for name in (here, gone)]
    with pytest.raises(VanishedError) as vanished:
        getattr(records, verb)(batch)
    assert vanished.value.code == 1254043
    assert all_of(records)[here].cells["金额"] == 1


def test_deleted_records_are_absent_when_asked_for(records, room):
    ids = room.add(*[{"金额": number} for number in range(3)])
    records.delete(ids[:2])
    fetched = records.fetch(ids, NAMES)
    assert fetched.absent == frozenset(ids[:2])
    assert [record.id for record in fetched.records] == ids[2:]
    assert room.count() == 1


def test_batches_have_their_maxima(records, room):
    with pytest.raises(TooLargeError):
        records.create([{"金额": 1}] * 1001, token())
    with pytest.raises(TooLargeError):
        records.update([RecordWrite("recX", {"金额": 1})] * 1001)
    with pytest.raises(TooLargeError):
        records.delete(["recX"] * 501)
    assert room.count() == 0
    assert len(set(records.create([{"金额": 1}] * 1000, token()))) == 1000


def test_an_unknown_field_is_a_stale_name(records, room):
    room.rename("金额", "总额")
    with pytest.raises(StaleNameError) as stale:
        records.create([{"金额": 1}], token())
    assert stale.value.code == 1254045
    assert records.create([{"总额": 1}], token())
    assert "总额" in {field.name for field in records.info().fields}
    assert tuple(records.fields()) == records.info().fields


def test_the_same_token_and_body_write_once_and_answer_alike(records, room):
    once = token()
    first = records.create([{"金额": 1}, {"金额": 2}], once)
    assert records.create([{"金额": 1}, {"金额": 2}], once) == first
    assert room.count() == 2


def test_a_token_with_another_body_is_of_unknown_outcome_and_writes_nothing(records, room):
    once = token()
    records.create([{"金额": 1}], once)
    with pytest.raises(UnknownOutcomeError) as unknown:
        records.create([{"金额": 2}], once)
    assert unknown.value.code == 1255006
    assert room.count() == 1


def test_a_token_is_forgotten_after_its_time(records, room):
    once = token()
    records.create([{"金额": 1}], once)
    room.pass_time(601)
    records.create([{"金额": 1}], once)
    assert room.count() == 2


def test_a_refused_create_does_not_use_up_its_token(records, room):
    once = token()
    with pytest.raises(RefusedError):
        records.create([{"金额": "x"}], once)
    assert len(records.create([{"金额": 1}], once)) == 1


def test_the_revision_rises_once_a_call(records, room):
    ids = room.add(*[{"金额": number} for number in range(5)])
    before = records.revision()
    records.update([RecordWrite(name, {"金额": 100}) for name in ids])
    assert records.revision() == before + 1
    records.create([{"金额": 1}, {"金额": 2}], token())
    assert records.revision() == before + 2
    records.delete(ids)
    assert records.revision() == before + 3 == records.info().revision


def test_the_revision_rises_once_a_record_where_it_does(records, room):
    room.step("record")
    ids = room.add(*[{"金额": number} for number in range(5)])
    before = records.revision()
    records.update([RecordWrite(name, {"金额": 100}) for name in ids])
    assert records.revision() == before + 5
    records.delete(ids[:3])
    assert records.revision() == before + 8


def test_an_update_that_changes_nothing_leaves_the_revision(records, room):
    (name,) = room.add({"金额": 1})
    before = records.revision()
    records.update([RecordWrite(name, {"金额": 1, "状态": None})])
    assert records.revision() == before


@pytest.mark.parametrize("applied", [False, True])
def test_a_lost_answer_is_of_unknown_outcome(records, room, applied):
    (name,) = room.add({"金额": 1})
    room.lose("create", applied=applied)
    with pytest.raises(UnknownOutcomeError):
        records.create([{"金额": 2}], token())
    assert room.count() == 1 + applied
    room.lose("update", applied=applied)
    with pytest.raises(UnknownOutcomeError):
        records.update([RecordWrite(name, {"金额": 3})])
    assert all_of(records)[name].cells["金额"] == (3 if applied else 1)
    room.lose("delete", applied=applied)
    with pytest.raises(UnknownOutcomeError):
        records.delete([name])
    assert (name in all_of(records)) is not applied


def test_a_create_of_lost_answer_is_done_once_when_repeated_with_its_token(records, room):
    once = token()
    room.lose("create", applied=True)
    with pytest.raises(UnknownOutcomeError):
        records.create([{"金额": 2}], once)
    (name,) = records.create([{"金额": 2}], once)
    assert list(all_of(records)) == [name]


def test_a_listing_comes_in_pages_that_tell_the_total(records, room):
    room.add(*[{"金额": number} for number in range(1001)])
    began = room.now()
    pages = list(records.read(["金额"]))
    assert [len(page.records) for page in pages] == [500, 500, 1]
    assert [page.last for page in pages] == [False, False, True]
    assert {page.total for page in pages} == {1001}
    assert all(began <= page.read_at <= room.now() for page in pages)


def test_an_empty_table_is_one_empty_last_page(records):
    (page,) = records.read(NAMES)
    assert (list(page.records), page.total, page.last) == ([], 0, True)


def test_the_print_is_of_the_cells_asked_for_alone(records, room):
    (name,) = room.add({"金额": 1, "状态": "甲"})
    before = all_of(records, ["金额"])[name].print
    room.edit(name, {"状态": "乙"})
    assert all_of(records, ["金额"])[name].print == before == records.fetch([name], ["金额"]).records[0].print
    room.edit(name, {"金额": 2})
    assert all_of(records, ["金额"])[name].print != before


@pytest.mark.parametrize("name", NAMES)
def test_records_are_found_by_what_was_written(records, room, name):
    (wanted, _) = room.add(FULL, {"金额": 1})
    assert [record.id for record in records.find([{name: FULL[name]}], NAMES)] == [wanted]


def test_records_are_found_by_all_cells_of_one_condition(records, room):
    one, two, three = room.add({"订单号": "a", "金额": 1}, {"订单号": "a", "金额": 2}, {"订单号": "b"})
    both = [{"订单号": "a", "金额": 2}, {"订单号": "b", "金额": None}]
    assert {record.id for record in records.find(both, NAMES)} == {two, three}
    assert {record.id for record in records.find([{"订单号": "a"}], ["金额"])} == {one, two}
    assert records.find([{"订单号": "c"}], NAMES) == []


def test_a_person_changing_a_record_moves_its_time_and_our_reading_does_not(records, room):
    (name,) = room.add({"金额": 1})
    before = all_of(records)[name].modified_at
    room.pass_time(5)
    assert all_of(records)[name].modified_at == before
    room.edit(name, {"金额": 2})
    assert all_of(records)[name].modified_at > before


def test_calls_are_counted_by_api(records, room):
    ids = room.add(*[{"金额": number} for number in range(150)])
    records.fetch(ids, NAMES)
    all_of(records)
    records.delete(ids)
    counts = records.calls()
    assert {name: count for name, count in counts.items() if name.startswith("bitable.record")} == {
        "bitable.record.batch_get": 2,
        "bitable.record.search": 1,
        "bitable.record.batch_delete": 1,
    }


def test_the_records_changed_lately_are_told_newest_first_with_the_total(records, room):
    ids = room.add(*[{"订单号": f"A-{number}"} for number in range(5)])
    before = records.recent(None, NAMES, 1).newest
    room.pass_time(120)
    room.edit(ids[1], {"金额": 1})
    room.pass_time(120)
    room.edit(ids[3], {"金额": 3})
    newest = records.recent(None, NAMES, 1)
    assert [raw.id for raw in newest.records] == [ids[3]]
    assert timedelta(seconds=240) <= newest.newest - before < timedelta(seconds=250)
    head = records.recent(before + timedelta(seconds=60), NAMES, 100)
    assert [raw.id for raw in head.records] == [ids[3], ids[1]]
    assert (head.total, head.newest) == (5, newest.newest)
    assert head.records[0].print == records.fetch([ids[3]], NAMES).records[0].print
    assert len(records.recent(before, NAMES, 5).records) == 5
    assert records.recent(before, NAMES, 4) is None


def test_of_an_empty_table_nothing_changed_lately(records):
    head = records.recent(None, NAMES, 1)
    assert (list(head.records), head.total, head.newest) == ([], 0, None)
