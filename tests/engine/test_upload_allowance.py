"""Uploads beyond what Feishu allows a day: what waits, what goes on, what is told, and when it is over."""

import time

import pytest

from syncer.batching.quota import Quota, Window
from syncer.feishu import client
from tests.engine.stage import written
from tests.engine.test_files import COLUMNS, FIELDS, Filed

UPLOADS = "drive.media.upload_all"


@pytest.fixture
def filed(stage, tmp_path):
    return Filed(stage, tmp_path / "附件")


def tomorrow(stage):
    """The day is over, as far as all workers count."""
    redis = stage.syncer.redis
    for key in redis.scan_iter("syncer:pacer:*upload*"):
        redis.delete(key)


def test_files_beyond_the_days_allowance_wait_and_the_rest_of_their_lines_goes_on(filed):
    pair, control = filed.pair, filed.stage.control
    pair.sql("INSERT INTO {t} (no, files) VALUES ('old', %s)", [filed.put("old.txt", b"old")])
    pair.sync()
    number = control.fault(UPLOADS, "rate_limit", reset=6 * 3600, times=1000)
    pair.sql("INSERT INTO {t} (no) VALUES ('later')")
    pair.sync()
    pair.sql("UPDATE {t} SET files = %s, no = 'moved' WHERE no = 'old'", [filed.put("new.txt", b"new")])
    pair.sql("INSERT INTO {t} (no, files) SELECT 'n' || n, ARRAY['n' || n || '.txt'] FROM generate_series(1, 20) n")
    for n in range(1, 21):
        filed.put(f"n{n}.txt", b"%d" % n)
    began = time.monotonic()
    report = pair.sync()
    assert time.monotonic() - began < 20  # nobody waits for the next day
    assert (report.failures, report.pending) == (0, 21)
    (sentence,) = report.drift
    assert sentence.startswith("21 files wait: Feishu takes no more files for now (it allows 10,000 uploads a day)")
    by = pair.by("编号")
    assert {"moved", "n1", "n20"} <= set(by)
    assert [name for name, _ in filed.contents(by["moved"])] == ["old.txt"]
    calls = filed.uploads()["upload_all"]
    assert calls <= 1 + 4  # one for each that was under way
    again = pair.sync()
    assert (filed.uploads()["upload_all"], again.pending, written(again)) == (calls, 21, {})
    assert [failure.message for failure in pair.failures()] == []
    control.clear_faults(number)
    tomorrow(filed.stage)
    assert pair.sync().pending == 0
    assert filed.contents(by["moved"]) == [("new.txt", b"new")]
    assert filed.contents(by["n20"]) == [("n20.txt", b"20")]
    filed.is_quiet(2)


def test_a_new_line_that_cannot_be_without_its_files_is_held_for_them(stage, tmp_path):
    folder = tmp_path / "附件"
    pairs = (
        f"[{{field: 编号, column: no}}, {{field: 附件, column: files, files: {{folder: {folder}}}, required: true}}]"
    )
    filed = Filed(stage, folder)
    filed.pair = stage.pair(FIELDS, COLUMNS, f"match: [no]\nfields: {pairs}", name="needy")
    number = stage.control.fault(UPLOADS, "code", code=1061045, times=1000)  # Feishu does not say until when
    filed.pair.sql("INSERT INTO {t} (no, files) VALUES ('A', %s)", [filed.put("a.txt", b"a")])
    report = filed.pair.sync()
    assert (report.failures, report.held, report.pending) == (0, 1, 1)
    assert (filed.pair.by("编号"), len(report.drift)) == ({}, 1)
    stage.control.clear_faults(number)
    tomorrow(stage)
    assert filed.pair.sync().held == 0
    assert filed.contents(filed.pair.by("编号")["A"]) == [("a.txt", b"a")]


def test_our_own_count_holds_back_before_feishu_has_to(stage, tmp_path, monkeypatch):
    few = Quota((Window(2, 86_400),), documented=False)
    monkeypatch.setattr(client, "QUOTAS", {**client.QUOTAS, UPLOADS: few})
    filed = Filed(stage, tmp_path / "附件")
    for n in range(5):
        filed.put(f"{n}.txt", b"%d" % n)
    filed.pair.sql("INSERT INTO {t} (no, files) SELECT n, ARRAY[n || '.txt'] FROM generate_series(0, 4) n")
    report = filed.pair.sync()
    assert (filed.uploads(), report.failures, report.pending) == ({"upload_all": 2}, 0, 3)
    assert len(filed.pair.by("编号")) == 5
    stage.restart()  # the count is Redis's
    assert (filed.pair.sync().pending, filed.uploads()) == (3, {"upload_all": 2})
    for left in (1, 0):
        tomorrow(stage)
        assert filed.pair.sync().pending == left
    filed.is_quiet(2)
