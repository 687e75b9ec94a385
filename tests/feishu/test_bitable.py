"""A table of records over real HTTP: what is read, found and written."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from syncer.batching.writer import LocalWriter
from syncer.errors import (
    FeishuError,
    FeishuSetupError,
    RefusedError,
    StaleNameError,
    TooLargeError,
    VanishedError,
)
from syncer.feishu.bitable import BitableRecords
from syncer.ports import RecordWrite
from tests.feishu.stage import NAMES, WallClock

pytestmark = pytest.mark.usefixtures("dialect")

ORDER = {
    "订单号": "A-1 🧧",
    "金额": 0.30000000000000004,
    "状态": "待处理",
    "标签": ["急", "大客户"],
    "日期": 1702449755000,
    "已付": True,
    "电话": "+8613800000000",
    "网址": {"text": "官网", "link": "https://example.com/"},
}


def token():
    return str(uuid4())


def all_of(records, names=NAMES):
    return [record for page in records.read(names) for record in page.records]


def test_the_table_is_described_as_it_stands(records, place, simulator):
    info = records.info()
    assert info.name == "订单表"
    assert [field.name for field in info.fields] == NAMES
    assert info.time_zone == "Asia/Shanghai"
    assert info.whole
    assert info.fields[0].is_primary
    assert info.fields[0].id == place.fields["订单号"]
    assert {field.name: field.options for field in info.fields if field.options} == {
        "状态": ("待处理", "已发货"),
        "标签": ("急", "大客户"),
    }
    assert info.revision == simulator.control.table(*place.where)["revision"]


def test_more_fields_than_a_page_holds_are_all_listed(records, place, simulator):
    for number in range(130):
        simulator.control.create_field(*place.where, {"field_name": f"列{number}", "type": 2})
    assert len(records.info().fields) == len(NAMES) + 130


def test_the_revision_costs_one_call_and_rises_with_an_edit(records, place, simulator):
    before = records.revision()
    assert records.calls() == {"auth.token": 1, "bitable.table.list": 1}
    simulator.control.add_record(*place.where, {"订单号": "x"})
    assert records.revision() > before


def test_a_table_that_is_not_there_is_named(client, place):
    lost = BitableRecords(client, place.app_token, "tblNowhere", LocalWriter(WallClock()))
    with pytest.raises(FeishuSetupError, match="tblNowhere"):
        lost.revision()


def test_every_record_is_read_once_in_pages(records, place, simulator):
    simulator.control.add_records(*place.where, [{"订单号": f"n{n}", "金额": n} for n in range(1203)])
    began = datetime.now(UTC)
    pages = list(records.read(["订单号", "金额"]))
    assert [len(page.records) for page in pages] == [500, 500, 203]
    assert [page.last for page in pages] == [False, False, True]
    assert {page.total for page in pages} == {1203}
    assert len({record.id for page in pages for record in page.records}) == 1203
    assert all(began <= page.read_at <= datetime.now(UTC) for page in pages)
    assert sorted(record.cells["金额"] for page in pages for record in page.records) == list(range(1203))


def test_only_the_named_fields_are_read_and_empty_cells_are_missing(records, place, simulator):
    simulator.control.add_record(*place.where, {"订单号": "a", "金额": 1})
    simulator.control.add_record(*place.where, {"金额": 2, "电话": "1"})
    first, second = all_of(records, ["订单号", "金额"])
    assert first.cells == {"订单号": [{"type": "text", "text": "a"}], "金额": 1}
    assert second.cells == {"金额": 2}


def test_reading_no_fields_brings_the_ids_alone(records, place, simulator):
    ids = simulator.control.add_records(*place.where, [{"订单号": "a", "金额": 1}, {"金额": 2}])
    assert [(record.id, record.cells) for record in all_of(records, [])] == [(ids[0], {}), (ids[1], {})]


def test_an_empty_table_is_one_empty_last_page(records):
    (page,) = records.read(NAMES)
    assert (list(page.records), page.total, page.last) == ([], 0, True)


@pytest.mark.parametrize("empty_items", ["list", "null", "omitted"])
def test_an_empty_page_may_leave_out_its_list(records, simulator, empty_items):
    simulator.control.set_switches(empty_items=empty_items)
    assert all_of(records) == []


def test_the_print_changes_with_the_cells_read_and_with_nothing_else(records, place, simulator):
    record_id = simulator.control.add_record(*place.where, {"订单号": "a", "金额": 1})
    (before,) = all_of(records, ["订单号"])
    simulator.control.edit_record(*place.where, record_id, {"金额": 2})
    (other_field,) = all_of(records, ["订单号"])
    simulator.control.edit_record(*place.where, record_id, {"订单号": "b"})
    (this_field,) = all_of(records, ["订单号"])
    assert before.print == other_field.print != this_field.print
    assert len(before.print) == 16


def test_reading_and_fetching_print_a_record_alike(records, place, simulator):
    simulator.control.add_record(*place.where, ORDER)
    (read,) = all_of(records, ["标签", "订单号", "网址"])
    fetched = records.fetch([read.id], ["网址", "订单号", "标签"])
    assert fetched.records[0].print == read.print
    assert fetched.records[0].cells == read.cells


def test_the_time_of_the_last_change_is_known(records, place, simulator):
    simulator.control.add_record(*place.where, {"订单号": "a"})
    (record,) = all_of(records)
    assert abs(record.modified_at - datetime.now(UTC)) < timedelta(minutes=1)


def test_fetching_tells_what_is_absent(records, place, simulator):
    ids = simulator.control.add_records(*place.where, [{"订单号": str(n)} for n in range(150)])
    simulator.control.delete_records(*place.where, ids[:1])
    fetched = records.fetch(ids, ["订单号"])
    assert {record.id for record in fetched.records} == set(ids[1:])
    assert fetched.absent == {ids[0]}
    assert fetched.forbidden == frozenset()
    assert records.calls()["bitable.record.batch_get"] == 2


def test_records_too_large_for_one_answer_are_fetched_in_two(records, place, simulator):
    ids = simulator.control.add_records(*place.where, [{"订单号": str(n)} for n in range(9)])
    simulator.control.fault("bitable.record.batch_get", "code", code=1254030, message="TooLargeResponse")
    assert {record.id for record in records.fetch(ids, ["订单号"]).records} == set(ids)
    assert records.calls()["bitable.record.batch_get"] == 3


def test_fetching_nothing_asks_nothing(records):
    fetched = records.fetch([], NAMES)
    assert (list(fetched.records), fetched.absent) == ([], frozenset())
    assert records.calls() == {}


def test_advanced_permissions_make_a_listing_partial_and_name_what_is_forbidden(records, place, simulator):
    ids = simulator.control.add_records(*place.where, [{"订单号": "a"}, {"订单号": "b"}])
    simulator.control.set_advanced(place.app_token)
    simulator.control.grant(place.app_token, simulator.app_id, "edit")
    simulator.control.restrict(place.app_token, simulator.app_id, forbidden_records=[ids[0]])
    assert not records.info().whole
    assert records.fetch(ids, NAMES).forbidden == {ids[0]}


def test_what_is_created_is_there_in_the_order_given(records, place, simulator):
    simulator.control.add_person("张敏", open_id="ou_zhang")
    orders = [{**ORDER, "订单号": f"n{n}", "负责人": [{"id": "ou_zhang"}]} for n in range(30)]
    ids = records.create(orders, token())
    plain = simulator.control.plain(*place.where)
    assert [plain[record_id]["订单号"] for record_id in ids] == [f"n{n}" for n in range(30)]
    first = plain[ids[0]]
    assert (first["金额"], first["状态"], sorted(first["标签"])) == (0.30000000000000004, "待处理", ["大客户", "急"])
    assert (first["日期"], first["已付"], first["负责人"]) == (1702449755000, True, ["ou_zhang"])


def test_creating_again_under_the_same_token_makes_nothing_new(records, place, simulator):
    once = token()
    assert records.create([{"订单号": "a"}], once) == records.create([{"订单号": "a"}], once)
    assert simulator.control.table(*place.where)["count"] == 1


def test_an_update_leaves_other_cells_alone_and_none_really_clears(records, place, simulator):
    (record_id,) = records.create([ORDER], token())
    records.update([RecordWrite(record_id, {"金额": 7, "订单号": None, "标签": None, "日期": None, "网址": None})])
    plain = simulator.control.plain(*place.where)[record_id]
    assert plain["金额"] == 7
    assert plain["电话"] == ORDER["电话"]
    assert not {"订单号", "标签", "日期", "网址"} & plain.keys()


def test_what_is_deleted_is_gone(records, place, simulator):
    ids = records.create([{"订单号": "a"}, {"订单号": "b"}], token())
    records.delete(ids[:1])
    assert list(simulator.control.plain(*place.where)) == [ids[1]]


def test_empty_batches_send_nothing(records):
    assert records.create([], token()) == []
    records.update([])
    records.delete([])
    assert records.calls() == {}


def test_a_batch_beyond_the_limit_is_refused_before_it_is_sent(records):
    with pytest.raises(TooLargeError, match="1000"):
        records.create([{"订单号": "a"}] * 1001, token())
    with pytest.raises(TooLargeError, match="500"):
        records.delete(["rec"] * 501)
    assert records.calls() == {}


def test_one_bad_cell_refuses_the_batch_and_nothing_is_written(records, place, simulator):
    with pytest.raises(RefusedError) as caught:
        records.create([{"订单号": "good"}, {"订单号": "bad", "日期": "tomorrow"}], token())
    assert caught.value.code == 1254064
    assert caught.value.log_id
    assert caught.value.log_id in str(caught.value)
    assert "DatetimeFieldConvFail" in str(caught.value)
    assert simulator.control.table(*place.where)["count"] == 0


@pytest.mark.parametrize("cell", [float("nan"), float("inf")])
def test_a_number_json_does_not_know_is_refused_instead_of_clearing_the_cell(records, cell):
    with pytest.raises(RefusedError, match="金额"):
        records.update([RecordWrite("rec1", {"金额": cell})])


def test_half_an_emoji_is_refused_before_it_is_sent(records):
    with pytest.raises(RefusedError, match="JSON"):
        records.create([{"订单号": "\ud83d"}], token())
    assert "bitable.record.batch_create" not in records.calls()


def test_a_record_that_is_gone_is_told_apart(records, place, simulator):
    (record_id,) = records.create([{"订单号": "a"}], token())
    simulator.control.delete_records(*place.where, [record_id])
    for write in (
        lambda: records.update([RecordWrite(record_id, {"金额": 1})]),
        lambda: records.delete([record_id]),
    ):
        with pytest.raises(VanishedError):
            write()


def test_a_renamed_field_is_told_apart_in_reading_and_writing(records, place, simulator):
    (record_id,) = records.create([{"订单号": "a"}], token())
    simulator.control.rename_field(*place.where, "金额", "总额")
    with pytest.raises(StaleNameError):
        records.update([RecordWrite(record_id, {"金额": 1})])
    with pytest.raises(StaleNameError):
        all_of(records, ["金额"])
    with pytest.raises(StaleNameError, match="金额"):
        records.find([{"金额": 1}], ["订单号"])


def test_a_page_that_is_too_large_is_asked_for_in_smaller_ones(records, place, simulator):
    simulator.control.add_records(*place.where, [{"订单号": str(n)} for n in range(600)])
    simulator.control.fault("bitable.record.search", "code", code=1254030, message="TooLargeResponse", times=2)
    pages = list(records.read(["订单号"]))
    assert [len(page.records) for page in pages] == [125] * 4 + [100]


@pytest.mark.parametrize("kind", ["ignore_page_token", "repeat_page"])
def test_a_listing_that_goes_round_is_stopped(records, place, simulator, kind):
    simulator.control.add_records(*place.where, [{"订单号": str(n)} for n in range(1600)])
    simulator.control.fault("bitable.record.search", kind, nth=2, times=100)
    with pytest.raises(FeishuError, match="same page again"):
        all_of(records)
    assert simulator.control.counts()["bitable.record.search"] < 8


def test_stopping_early_ends_the_reading_ahead(records, place, simulator):
    simulator.control.add_records(*place.where, [{"订单号": str(n)} for n in range(5000)])
    pages = records.read(["订单号"])
    assert len(next(pages).records) == 500
    pages.close()
    asked = simulator.control.counts()["bitable.record.search"]
    assert asked <= 4
    assert simulator.control.counts()["bitable.record.search"] == asked


def test_an_error_comes_where_its_page_would_have_come(records, place, simulator):
    simulator.control.add_records(*place.where, [{"订单号": str(n)} for n in range(1600)])
    simulator.control.fault("bitable.record.search", "code", code=91403, nth=3)
    pages = records.read(["订单号"])
    assert len(next(pages).records) == len(next(pages).records) == 500
    with pytest.raises(FeishuSetupError, match="91403"):
        next(pages)


def test_calls_are_counted_by_name(records, place, simulator):
    records.create([{"订单号": "a"}], token())
    list(records.read(["订单号"]))
    assert records.calls() == {"auth.token": 1, "bitable.record.batch_create": 1, "bitable.record.search": 1}
