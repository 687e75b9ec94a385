"""Laws of the cursors: nothing is skipped that might have changed, and every cursor comes back as it was stored."""

from datetime import UTC, datetime, timedelta

from hypothesis import assume, given
from hypothesis import strategies as st

from syncer.core.cursors import (
    COMPUTED,
    MOVED_UNTOLD,
    OVERLAP,
    TOLD_TRUST,
    Asked,
    FeishuCursor,
    Way,
    is_still,
    scans,
    unaccounted,
    way,
)

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
REVISIONS = st.integers(1, 6)
MOMENTS = st.integers(-2000, 0).map(lambda seconds: NOW + timedelta(seconds=seconds))

CURSORS = st.builds(
    FeishuCursor,
    revision=st.none() | REVISIONS,
    told=st.none() | REVISIONS,
    watermark=st.none() | MOMENTS,
    lines=st.none() | st.integers(0, 9),
    fields=st.sampled_from(["", "a", "b"]),
    at=st.none() | MOMENTS,
    checked_at=st.none() | MOMENTS,
    why=st.sampled_from(["", "因为"]),
    computed_at=st.none() | MOMENTS,
)
ASKED = st.builds(
    Asked,
    now=st.just(NOW),
    revision=st.none() | REVISIONS,
    fields=st.sampled_from(["a", "b"]),
    types=st.lists(st.sampled_from([1, 2, 18, 20])),
    full=st.booleans(),
    polls=st.booleans(),
    renamed=st.booleans(),
    computed=st.sampled_from([timedelta(seconds=1), timedelta(minutes=10)]),
    overdue=st.booleans(),
)


@given(CURSORS)
def test_a_cursor_comes_back_as_it_was_stored(cursor):
    assert FeishuCursor.from_json(cursor.to_json()) == cursor


@given(CURSORS, ASKED)
def test_a_full_run_reads_everything_and_only_what_reads_everything_says_why(cursor, asked):
    found, why = way(cursor, asked)
    assert bool(why) == (found is Way.WHOLE)
    if asked.full:
        assert found is Way.WHOLE


@given(CURSORS, ASKED)
def test_a_poll_skips_the_table_only_where_every_step_of_its_revision_is_accounted_for(cursor, asked):
    found, _ = way(cursor, asked)
    if found is Way.STILL:
        assert asked.revision == cursor.revision is not None
    if found is Way.TOLD:
        assert asked.revision == cursor.told is not None
        assert NOW - cursor.checked_at < TOLD_TRUST
        assert cursor.fields == asked.fields
        assert not asked.renamed
    if not asked.polls and not asked.full:
        assert found is Way.NAMED


@given(CURSORS, ASKED)
def test_the_head_is_believed_only_with_a_watermark_and_of_fields_that_leave_a_trace(cursor, asked):
    if way(cursor, asked)[0] is Way.HEAD:
        assert cursor.watermark is not None
        assert cursor.since == cursor.watermark - OVERLAP
        assert not MOVED_UNTOLD & set(asked.types)
        assert cursor.fields == asked.fields


@given(CURSORS, ASKED)
def test_computed_fields_are_read_where_there_are_some_by_polls_that_are_due_and_when_asked_for(cursor, asked):
    told = scans(cursor, asked)
    if not COMPUTED & set(asked.types):
        assert not told
    elif asked.overdue:
        assert told
    elif not asked.polls:
        assert not told
    else:
        assert told == (cursor.computed_at is None or NOW - cursor.computed_at >= asked.computed)


@given(ASKED)
def test_a_table_never_read_before_is_read_whole_by_the_first_poll(asked):
    assume(asked.polls)
    assert way(FeishuCursor(), asked)[0] is Way.WHOLE


@given(CURSORS, st.sets(REVISIONS), st.sets(REVISIONS))
def test_events_advance_a_cursor_over_an_unbroken_row_of_revisions_alone(cursor, first, second):
    moved = cursor.follow(first)
    if cursor.told is None:
        assert moved == cursor
        return
    assert moved.told >= cursor.told
    assert set(range(cursor.told + 1, moved.told + 1)) <= first
    assert moved.told + 1 not in first
    assert moved.revision == cursor.revision
    assert moved.follow(second).told <= cursor.follow(first | second).told


@given(CURSORS, ASKED, st.none() | REVISIONS)
def test_a_doubtful_reading_leaves_nothing_to_be_skipped(cursor, asked, revision):
    read = cursor.read_whole(lines=3, fields=asked.fields, watermark=None, at=NOW, why="full")
    assert not is_still(read.known(None), asked)
    assert way(read.known(None), asked)[0] in (Way.WHOLE, Way.NAMED)
    assert is_still(read.known(revision), asked) == (
        revision is not None and revision == asked.revision and not asked.full
    )


@given(*[st.integers(0, 50)] * 4)
def test_records_add_up_when_nothing_came_or_went_untold(linked, new, gone, untold):
    assume(gone + untold <= linked)
    total = linked + new - gone - untold
    assert unaccounted(total, linked, new, gone) == untold
