"""The calls on records: limits, all or nothing, order, revisions, stale reads."""

import pytest


def plain(control, place):
    return control.plain(place.app_token, place.table_id)


def test_ids_look_like_feishus(orders, place):
    record = orders.create({}).data["record"]["record_id"]
    assert len(place.app_token) == 27
    assert place.table_id.startswith("tbl")
    assert place.fields["金额"].startswith("fld")
    assert place.view_id.startswith("vew")
    assert record.startswith("rec")
    assert len(record) == 14


def test_a_batch_answers_in_the_order_of_the_request(orders, control, place):
    made = orders.batch_create([{"订单号": str(n)} for n in range(1000)]).data["records"]
    assert [each["fields"]["订单号"] for each in made] == [str(n) for n in range(1000)]
    backwards = [each["record_id"] for each in reversed(made)]
    updated = orders.batch_update({record_id: {"金额": 1} for record_id in backwards}).data["records"]
    assert [each["record_id"] for each in updated] == backwards
    deleted = orders.batch_delete(*backwards[:500]).data["records"]
    assert deleted == [{"deleted": True, "record_id": record_id} for record_id in backwards[:500]]
    assert list(plain(control, place)) == list(reversed(backwards[500:]))


@pytest.mark.parametrize("switched", [1254104, 99992402])
def test_more_than_the_maximum_is_refused(orders, control, switched):
    control.set_switches(oversize_batch_code=switched)
    assert orders.batch_create([{}] * 1001).code == switched
    assert orders.batch_update({f"rec{n}": {} for n in range(1001)}).code == switched
    assert orders.batch_delete(*["recX"] * 501).code == switched
    assert orders.get(*[f"rec{n}" for n in range(101)]).code == 99992402
    assert orders.get().code == 99992402
    assert orders.batch_create([]).code == 1254001


def test_a_batch_is_done_whole_or_not_at_all(orders, control, place):
    first, second = (orders.create({"订单号": n}).data["record"]["record_id"] for n in "12")
    before = plain(control, place)
    assert orders.batch_create([{"订单号": "3"}, {"金额": "x"}]).code == 1254061
    assert orders.batch_update({first: {"订单号": "x"}, "recUnknown0000": {}}).code == 1254043
    assert orders.batch_update({first: {"订单号": "x"}, second: {"电话": "x"}}).code == 1254072
    assert orders.batch_delete(first, "recUnknown0000").code == 1254043
    assert plain(control, place) == before


def test_an_update_touches_only_the_cells_it_names(orders, control, place):
    record = orders.create({"订单号": "1", "金额": 5, "标签": ["甲"]}).data["record"]["record_id"]
    orders.update(record, {"金额": 6})
    orders.batch_update({record: {"订单号": "2"}})
    cells = plain(control, place)[record]
    assert (cells["订单号"], cells["金额"], cells["标签"]) == ("2", 6, ["甲"])


def test_single_calls_answer_one_record(orders):
    record = orders.create({"订单号": "1"}).data["record"]["record_id"]
    assert orders.call("DELETE", f"/records/{record}").data == {"deleted": True, "record_id": record}
    assert orders.call("DELETE", f"/records/{record}").code == 1254043
    assert orders.call("PUT", "/records/nonsense", {"fields": {}}).code == 1254006


def test_batch_get_tells_absent_ids_and_keeps_the_order_asked_for(orders):
    a, b = (orders.create({"订单号": n}).data["record"]["record_id"] for n in "ab")
    data = orders.get(b, "recUnknown0000", a).data
    assert [each["record_id"] for each in data["records"]] == [b, a]
    assert data["absent_record_ids"] == ["recUnknown0000"]
    assert data["forbidden_record_ids"] == []
    assert orders.get(a, with_shared_url=True).data["records"][0]["shared_url"].endswith(a)


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/bitable/v1/apps/not-a-token/tables/tblX/records/search", 1254003),
        (f"/bitable/v1/apps/{'A' * 27}/tables/tblX/records/search", 1254040),
        ("/bitable/v1/apps/{app}/tables/nonsense/records/search", 1254004),
        ("/bitable/v1/apps/{app}/tables/tblUnknown/records/search", 1254041),
    ],
)
def test_places_that_do_not_exist_are_told_apart(api, place, path, code):
    assert api.call("POST", path.format(app=place.app_token), {}).code == code


def revisions(api, place):
    (table,) = api.call("GET", f"/bitable/v1/apps/{place.app_token}/tables").data["items"]
    app = api.call("GET", f"/bitable/v1/apps/{place.app_token}").data["app"]
    return table["revision"], app["revision"]


def test_every_write_that_changes_something_raises_the_tables_revision(api, orders, control, place):
    start, app = revisions(api, place)
    record = orders.create({"订单号": "1"}).data["record"]["record_id"]
    orders.update(record, {"订单号": "2"})
    orders.batch_create([{}, {}])
    orders.batch_delete(record)
    assert revisions(api, place) == (start + 4, app)
    control.add_record(place.app_token, place.table_id, {})
    assert revisions(api, place)[0] == start + 5


def test_what_raises_revisions_is_switchable(api, orders, control, place):
    record = orders.create({"订单号": "1"}).data["record"]["record_id"]
    start, app = revisions(api, place)
    orders.update(record, {"订单号": "1"})
    assert revisions(api, place)[0] == start
    control.set_switches(no_op_bumps_revision=True)
    orders.update(record, {"订单号": "1"})
    assert revisions(api, place)[0] == start + 1
    control.set_switches(cell_edits_bump_revision=False)
    orders.update(record, {"订单号": "2"})
    assert revisions(api, place) == (start + 1, app)
    control.set_switches(revision_step="record", cell_edits_bump_app_revision=True)
    orders.batch_create([{}, {}, {}])
    assert revisions(api, place) == (start + 4, app + 1)


def test_a_write_without_consistency_check_is_seen_late_when_switched(orders, control):
    control.set_clock(scale=0)
    control.set_switches(stale_read_seconds=3.0)
    kept, gone = (orders.create({"订单号": n}).data["record"]["record_id"] for n in "kg")
    orders.update(kept, {"订单号": "new"}, ignore_consistency_check="true")
    orders.batch_delete(gone, ignore_consistency_check="true")
    orders.create({"订单号": "late"}, ignore_consistency_check="true")

    def titles():
        return sorted(item["fields"]["订单号"][0]["text"] for item in orders.search().data["items"])

    assert titles() == ["g", "k"]
    assert orders.read(kept)["订单号"][0]["text"] == "k"
    control.advance_clock(3.1)
    assert titles() == ["late", "new"]


def test_a_write_with_consistency_check_is_seen_at_once(orders, control):
    control.set_switches(stale_read_seconds=60.0)
    record = orders.create({"订单号": "1"}, ignore_consistency_check="false").data["record"]["record_id"]
    assert orders.get(record).data["absent_record_ids"] == []


def test_a_new_record_may_not_be_found_for_a_while(orders, control):
    control.set_clock(scale=0)
    control.set_switches(absent_after_create_seconds=2.0, automatic_time_step_ms=1)
    record = orders.create({}).data["record"]["record_id"]
    assert orders.get(record).data["absent_record_ids"] == [record]
    assert orders.update(record, {"订单号": "1"}).code == 1254043
    control.advance_clock(2.1)
    assert orders.get(record).data["absent_record_ids"] == []
    assert orders.update(record, {"订单号": "1"}).code == 0


def test_tables_synced_from_elsewhere_refuse_writes_and_can_be_read(orders, control, place):
    record = orders.create({"订单号": "1"}).data["record"]["record_id"]
    control.set_synced(place.app_token, place.table_id)
    assert orders.create({}).code == 1254302
    assert orders.update(record, {}).code == 1254302
    assert orders.batch_delete(record).code == 1254302
    assert orders.search().data["total"] == 1


def test_limits_of_size_are_switchable(orders, control):
    control.set_switches(max_records=2, max_changeset_bytes=300)
    assert orders.batch_create([{}, {}]).code == 0
    assert orders.create({}).code == 1254103
    refused = orders.batch_create([{"订单号": "x" * 400}])
    assert (refused.code, refused.json["msg"][:29]) == (1254002, "changeset size exceed the lim")
