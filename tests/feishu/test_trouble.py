"""Every way a call can go wrong: what is repeated, what is not, and what is said."""

from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest

from syncer.batching.batches import Bad, bisect
from syncer.errors import (
    FeishuSetupError,
    RefusedError,
    StaleNameError,
    TooLargeError,
    UnknownOutcomeError,
    UnreachableError,
)
from syncer.feishu.bitable import BitableRecords
from syncer.ports import RecordWrite
from tests.feishu.stage import NAMES, client_of, hasty

pytestmark = pytest.mark.usefixtures("dialect")


def token():
    return str(uuid4())


def all_of(records):
    return [record for page in records.read(NAMES) for record in page.records]


@pytest.fixture
def quick(simulator, place, records, client):
    """The same table, by a client that gives up after half a second of silence."""
    hurried = client_of(simulator, timeout=0.4)
    yield BitableRecords(hurried, *place.where, records._writer)
    hurried.close()


HARMLESS = [
    ("rate_limit", {"reset": 0.05}),
    ("code", {"code": 99991400, "status": 400}),
    ("too_many", {}),
    ("conflict", {}),
    ("not_ready", {}),
]


@pytest.mark.parametrize(("kind", "params"), HARMLESS)
def test_a_write_that_surely_was_not_done_is_repeated(records, place, simulator, waits, kind, params):
    simulator.control.fault("bitable.record.batch_create", kind, times=3, **params)
    records.create([{"订单号": "a"}], token())
    assert simulator.control.table(*place.where)["count"] == 1
    assert records.calls()["bitable.record.batch_create"] == 4
    assert [api for api, _, _ in waits] == ["bitable.record.batch_create"] * 3


UNCERTAIN = [
    ("timed_out", {}),
    ("resubmitted", {}),
    ("fail", {}),
    ("reset", {}),
    ("html", {"status": 502}),
    ("html", {"status": 504}),
    ("code", {"code": 1254200}),
    ("code", {"code": 1255001}),
    ("code", {"code": 1255006}),
    ("code", {"code": 7777777}),
]


@pytest.mark.parametrize("applied", [False, True])
@pytest.mark.parametrize(("kind", "params"), UNCERTAIN)
def test_a_write_that_may_have_been_done_is_never_repeated(records, place, simulator, kind, params, applied):
    simulator.control.fault("bitable.record.batch_create", kind, applied=applied, **params)
    with pytest.raises(UnknownOutcomeError):
        records.create([{"订单号": "a"}], token())
    assert simulator.control.table(*place.where)["count"] == applied
    assert simulator.control.counts()["bitable.record.batch_create"] == 1


@pytest.mark.parametrize("applied", [False, True])
def test_a_write_that_is_never_answered_has_an_unknown_outcome(quick, place, simulator, applied):
    simulator.control.fault("bitable.record.batch_update", "hang", applied=applied)
    (record_id,) = simulator.control.add_records(*place.where, [{"金额": 1}])
    with pytest.raises(UnknownOutcomeError, match="no answer within"):
        quick.update([RecordWrite(record_id, {"金额": 2})])
    assert simulator.control.plain(*place.where)[record_id]["金额"] == 1 + applied


@pytest.mark.parametrize("torn", [False, True])
def test_half_an_answer_to_a_write_is_an_unknown_outcome(records, simulator, torn):
    simulator.control.fault("bitable.record.batch_create", "truncated_json", torn=torn)
    with pytest.raises(UnknownOutcomeError):
        records.create([{"订单号": "a"}], token())


def test_an_answer_for_other_records_than_asked_for_proves_nothing(records, place, simulator):
    (one,) = simulator.control.add_records(*place.where, [{"金额": 1}])
    simulator.control.fault("bitable.record.batch_update", "code", code=0)
    with pytest.raises(UnknownOutcomeError, match="in their order"):
        records.update([RecordWrite(one, {"金额": 2})])


TRANSIENT = [
    *HARMLESS,
    ("timed_out", {}),
    ("fail", {}),
    ("reset", {}),
    ("html", {"status": 502}),
    ("html", {"status": 504}),
    ("truncated_json", {"torn": False}),
    ("truncated_json", {"torn": True}),
    ("code", {"code": 1254200}),
    ("code", {"code": 1255002}),
    ("resubmitted", {}),
]


@pytest.mark.parametrize(("kind", "params"), TRANSIENT)
def test_a_read_is_repeated_until_it_succeeds(records, place, simulator, kind, params):
    simulator.control.add_records(*place.where, [{"订单号": str(n)} for n in range(3)])
    simulator.control.fault("bitable.record.search", kind, times=3, **params)
    assert len(all_of(records)) == 3
    assert records.calls()["bitable.record.search"] == 4


def test_a_read_that_hangs_is_given_up_and_repeated(quick, place, simulator):
    simulator.control.add_record(*place.where, {"订单号": "a"})
    simulator.control.fault("bitable.record.search", "hang")
    assert len(all_of(quick)) == 1


def test_a_slow_body_is_waited_for(records, place, simulator):
    simulator.control.add_record(*place.where, {"订单号": "a"})
    simulator.control.fault("bitable.record.search", "slow_body", seconds=0.3)
    assert len(all_of(records)) == 1
    assert records.calls()["bitable.record.search"] == 1


ENDLESS = [("rate_limit", "99991400"), ("conflict", "1254291"), ("html", "HTTP 502"), ("reset", "broke off")]


@pytest.mark.parametrize(("kind", "word"), ENDLESS)
def test_patience_ends_with_the_last_reason(records, simulator, kind, word):
    params = {"reset": 0.01} if kind == "rate_limit" else {}
    simulator.control.fault("bitable.record.search", kind, times=100, **params)
    with pytest.raises(UnreachableError, match=word):
        all_of(records)
    assert records.calls()["bitable.record.search"] == 6


def test_a_write_refused_to_the_end_says_that_nothing_was_written(records, place, simulator):
    simulator.control.fault("bitable.record.batch_create", "conflict", times=100)
    with pytest.raises(UnreachableError, match="1254291"):
        records.create([{"订单号": "a"}], token())
    assert simulator.control.table(*place.where)["count"] == 0


def test_feishus_own_wait_is_kept(records, simulator, waits):
    simulator.control.fault("bitable.record.search", "rate_limit", reset=1)
    all_of(records)
    ((api, seconds, reason),) = waits
    assert api == "bitable.record.search"
    assert 1 <= seconds < 1.5
    assert "99991400" in reason


def test_a_quota_of_feishus_is_kept_without_being_told(simulator, place, records, waits):
    paced = client_of(simulator, waits, scale=1)
    table = BitableRecords(paced, *place.where, records._writer)
    for _ in range(45):
        table.revision()
    paced.close()
    assert waits == []


def test_a_changeset_that_is_too_large_can_be_told_from_a_bad_one(records, simulator):
    simulator.control.fault("bitable.record.batch_create", "oversize", records=2)
    with pytest.raises(TooLargeError):
        records.create([{"订单号": "a"}] * 3, token())


def test_a_poisoned_line_is_refused(records, simulator):
    simulator.control.fault("bitable.record.batch_create", "poison", field="订单号", value="x", code=1254060)
    with pytest.raises(RefusedError, match="TextFieldConvFail"):
        records.create([{"订单号": "a"}, {"订单号": "x"}], token())


def test_among_a_hundred_lines_one_bad_one_is_found_and_the_others_are_written(records, place, simulator):
    simulator.control.fault("bitable.record.batch_create", "poison", field="订单号", value="n42", code=1254060)
    lines = [{"订单号": f"n{n}"} for n in range(100)]
    results = list(bisect(lines, lambda batch: records.create(batch, token())))
    assert [result.item for result in results if isinstance(result, Bad)] == [{"订单号": "n42"}]
    assert simulator.control.table(*place.where)["count"] == 99
    assert records.calls()["bitable.record.batch_create"] <= 16


def test_a_storm_of_limits_is_outlasted_by_all_threads(simulator, place, records):
    for _ in range(30):
        simulator.control.fault("bitable.record.search", "rate_limit", probability=0.3, times=1, reset=0.05)
    patient = client_of(simulator, patience=hasty(20))
    table = BitableRecords(patient, *place.where, records._writer)
    simulator.control.add_record(*place.where, {"订单号": "a"})
    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(lambda _: len(all_of(table)), range(18))) == [1] * 18
    patient.close()


SETUP = [1254302, 1254304, 91403, 91402, 1254040, 1254041, 99991401, 99991403, 1254103, 99991673]


@pytest.mark.parametrize("code", SETUP)
def test_what_only_a_person_can_mend_stops_at_once(records, simulator, code):
    simulator.control.fault("bitable.record.*", "code", code=code, times=9)
    with pytest.raises(FeishuSetupError, match=str(code)) as caught:
        records.create([{"订单号": "a"}], token())
    assert caught.value.exit_status == 2
    assert caught.value.log_id
    assert records.calls()["bitable.record.batch_create"] == 1


def test_a_missing_scope_is_named(records, simulator):
    simulator.control.set_scopes(simulator.app_id, ["bitable:app:readonly"])
    with pytest.raises(FeishuSetupError, match="bitable:app"):
        records.create([{"订单号": "a"}], token())


@pytest.mark.parametrize("code", [1254045, 1254024, 1254044])
def test_a_stale_name_is_its_own_error(records, simulator, code):
    simulator.control.fault("bitable.record.search", "code", code=code)
    with pytest.raises(StaleNameError):
        all_of(records)


def test_the_message_says_where_without_giving_the_base_away(records, place, simulator):
    simulator.control.fault("bitable.record.search", "code", code=91403)
    with pytest.raises(FeishuSetupError) as caught:
        all_of(records)
    assert place.table_id in str(caught.value)
    assert place.app_token not in str(caught.value)
    assert f"{place.app_token[:4]}…" in str(caught.value)
    assert "document app" in str(caught.value)


def test_writers_of_one_table_do_not_collide(simulator, place, records):
    simulator.control.set_latency("bitable.record.batch_create", 0.03)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda n: records.create([{"订单号": str(n)}], token()), range(8)))
    assert simulator.control.table(*place.where)["count"] == 8
    assert records.calls()["bitable.record.batch_create"] == 8
