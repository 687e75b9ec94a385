"""Writes that are too large: sent smaller until they pass, and smaller from the start the next time."""

import pytest

from tests.engine.tables import ORDER_FIELDS, equal, insert, orders

TOO_LARGE = [
    {"code": 1254002, "message": "changeset size exceed the limit, len: 4711"},
    {"code": 1254030, "message": "TooLargeResponse"},
    {"code": 1254104, "message": "RecordAddOnceExceedLimit"},
]


def rows(pair, start, count):
    insert(pair, *((f"B{number:05}", number, "新 🧾") for number in range(start, start + count)))


def writes(stage):
    """How many creates and updates were taken and refused since the last clear."""
    calls = [call for call in stage.control.calls() if call["api"].endswith(("batch_create", "batch_update"))]
    stage.control.clear_calls()
    return sum(call["code"] == 0 for call in calls), sum(call["code"] != 0 for call in calls)


def learned(stage):
    return list(stage.syncer.shared.sizes.small_tables().values())


@pytest.mark.parametrize("refusal", TOO_LARGE, ids=lambda refusal: str(refusal["code"]))
def test_a_batch_that_is_too_large_is_sent_in_parts_and_its_size_is_remembered(stage, refusal):
    pair = orders(stage)
    stage.control.fault("bitable.record.batch_*", "oversize", records=60, **refusal)
    rows(pair, 0, 400)
    assert pair.sync().status == "done"
    assert writes(stage) == (8, 3)  # 400, 200 and 100 are refused, then eight of 50
    assert learned(stage) == [50]
    stage.restart()
    rows(pair, 1000, 400)
    assert pair.sync().status == "done"
    assert writes(stage) == (8, 0)
    pair.sql("UPDATE {t} SET note = 'again' WHERE order_no < 'B00100'")
    assert pair.sync().status == "done"
    assert writes(stage) == (2, 0)
    assert len(equal(pair)) == 800


def test_a_limit_of_bytes_is_found_too(stage):
    pair = orders(stage)
    stage.control.set_switches(max_changeset_bytes=10_000)
    rows(pair, 0, 300)
    assert pair.sync().status == "done"
    assert len(equal(pair)) == 300
    accepted, refused = writes(stage)
    assert accepted <= 8
    assert refused <= 4


def test_a_batch_that_feishu_fails_without_a_word_is_looked_for_and_then_sent_in_parts(stage):
    pair = orders(stage)
    stage.control.fault("bitable.record.batch_*", "oversize", records=60, code=1254002, message="Fail")
    rows(pair, 0, 100)
    assert pair.sync().status == "done"
    assert len(equal(pair)) == 100
    assert pair.open_intents() == 0
    assert learned(stage) == [50]
    assert writes(stage)[0] == 2
    pair.sql("UPDATE {t} SET note = 'again'")
    assert pair.sync().status == "done"
    assert writes(stage) == (2, 0)
    assert len(equal(pair)) == 100


def test_a_line_too_large_by_itself_fails_alone(stage):
    pair = orders(stage)
    stage.control.set_switches(max_changeset_bytes=3000)
    rows(pair, 0, 20)
    insert(pair, ("B-large", 1, "长" * 2000))
    report = pair.sync()
    assert report.status == "failed_lines"
    (failure,) = pair.failures()
    assert failure.code == "1254002"
    assert len(pair.plain()) == 20


def test_a_gateway_that_takes_no_such_body_is_sent_smaller_ones(stage):
    pair = orders(stage)
    stage.control.fault("bitable.record.batch_create", "html", status=413)
    rows(pair, 0, 100)
    assert pair.sync().status == "done"
    assert writes(stage) == (2, 1)
    assert learned(stage) == [50]
    assert len(equal(pair)) == 100


def test_small_creates_overlap_too_each_is_remembered_while_the_next_one_is_on_its_way(stage):
    fields = ORDER_FIELDS.replace("column: note", "column: note, default: {feishu: 无}")
    pair = orders(stage, mapping=fields)  # lines that take a default are created one by one, not by the slice
    stage.control.fault("bitable.record.batch_*", "oversize", records=60, **TOO_LARGE[0])
    rows(pair, 0, 100)
    assert pair.sync().status == "done"
    assert learned(stage) == [50]
    remembered = []

    def count(when, step):
        if (when, step) == ("before", "records.create"):
            remembered.append(stage.state("SELECT count(*) FROM syncer_state.link")[0][0] - 100)

    insert(pair, *((f"C{number:05}", number, None) for number in range(300)))
    with stage.tapped(count):
        assert pair.sync().status == "done"
    assert all(50 * (sent - 1) <= held <= 50 * sent for sent, held in enumerate(remembered)), remembered
    assert any(held < 50 * sent for sent, held in enumerate(remembered)), remembered
    assert len(remembered) == 6
    assert sum(cells["备注"] == "无" for cells in pair.plain().values()) == 300


def test_the_setting_stays_the_ceiling(stage):
    pair = orders(stage)
    rows(pair, 0, 100)
    assert pair.sync(batch=30).status == "done"
    assert writes(stage) == (4, 0)
    assert len(equal(pair)) == 100
