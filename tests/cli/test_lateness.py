"""`syncer check` says what `latest` can and cannot know."""


def test_check_says_which_times_there_are_before_and_after_events_come(room):
    before = room.ok("check").out
    assert "latest decides" in before
    assert "the log tells when each column was changed" in before
    assert "no events of the base" in before
    assert "without a Modified time field" in before
    room.ok("apply")
    after = room.ok("check").out
    assert "events tell when each field was changed, for 8 hours" in after
    assert "closer than 2 s, or unknown: `tie: manual`" in after


def test_a_watermark_is_called_an_estimate_and_a_scan_no_time_at_all(room):
    room.rewrite(("key: [id]", "key: [id]\n  capture: scan"))
    assert "capture scan names no columns; there is no time" in room.ok("check").out


def test_where_nobody_asks_who_was_later_nothing_is_said(room):
    room.rewrite(("match: [order_no]", "match: [order_no]\nconflicts: {default: feishu}"))
    assert "latest" not in room.ok("check").out
