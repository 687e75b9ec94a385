"""What a memory promises, kept by the twin and by PostgreSQL alike."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from syncer.core.plan import Removed
from syncer.core.records import Base, Owed
from syncer.errors import FaultError, FencedError
from syncer.ports import Intent, IntentState, Memo, Seen
from syncer.testing.world import BEGINNING
from tests.state.rooms import (
    LAYOUT,
    D,
    F,
    Room,
    audit,
    bases,
    conflict,
    failure,
    linked,
    match,
    print_of,
    remember,
)


def test_new_link_ids_never_repeat(room: Room) -> None:
    memory = room.run()
    first, second = memory.new_links(3), memory.new_links(2)
    assert len({*first, *second, *room.run().new_links(1)}) == 6


def test_a_link_is_remembered_as_it_was_told(room: Room) -> None:
    owing = Base(frozenset({"红", "蓝"}), (), Owed(D, frozenset({"红"}), BEGINNING))
    edges = {"金额": Base(Decimal("1E+300"), Decimal("0.000001")), "状态": owing, "备注": Base("\0 长", "")}
    told = [
        linked(1, bases=edges, predicted=frozenset({D}), settled=False),
        linked(2, severed=F, record=None, prints={F: None, D: b"p" * 16}, match=None),
        linked(3, bases={"备注": Base(("a", "b"), ("a", "b"))}, moved_at=None, predicted=frozenset({F, D})),
        linked(4, bases={"备注": Base(None, None)}),
    ]
    memory = room.run()
    remember(memory, *told)
    assert list(memory.links([4, 1, 99, 2, 3])) == [told[3], told[0], told[1], told[2]]
    assert list(room.run().links([1])) == [told[0]]


def test_a_line_is_known_by_its_link_and_print(room: Room) -> None:
    memory = room.run()
    remember(memory, linked(1), linked(2, severed=D), linked(3, prints={F: None, D: None}))
    assert memory.seen(F, ["f1", "f2", "f3", "f9"]) == {
        "f1": Seen(1, print_of("f1")),
        "f2": Seen(2, print_of("f2")),
        "f3": Seen(3, None),
    }
    assert memory.seen(D, ["d1", "f1"]) == {"d1": Seen(1, print_of("d1"))}


def test_lines_may_change_places_in_one_memo(room: Room) -> None:
    memory = room.run()
    remember(memory, linked(1), linked(2))
    remember(memory, linked(1, record="f2"), linked(2, record="f1"))
    assert {line: seen.link for line, seen in memory.seen(F, ["f1", "f2"]).items()} == {"f1": 2, "f2": 1}


def test_a_line_belongs_to_one_link_and_a_memo_that_says_otherwise_leaves_nothing(room: Room) -> None:
    memory = room.run()
    remember(memory, linked(1))
    with pytest.raises(FaultError):
        memory.remember(Memo(links=[linked(2), linked(3, key="d1")], audits=[audit(2, "delete")]))
    assert not memory.links([2, 3])
    assert memory.deletions_of_last_hour().total == 0


def test_a_forgotten_link_takes_its_conflicts_and_failures_along(room: Room) -> None:
    memory = room.run()
    memory.remember(Memo(links=[linked(1)], conflicts=[conflict(1)], failures=[failure(1)]))
    memory.remember(Memo(forgotten=[1]))
    assert not memory.links([1])
    assert not memory.open_conflicts([1])
    assert not memory.failed_values([1])
    remember(memory, linked(2, record="f1", key="d1"))


def test_lines_without_a_print_are_restless_on_the_sides_that_live(room: Room) -> None:
    memory = room.run()
    remember(memory, linked(1), linked(2, prints={D: b"p"}), linked(3, prints={}), linked(4, prints={}, severed=F))
    assert sorted(memory.restless(F, 10)) == ["f2", "f3"]
    assert sorted(memory.restless(D, 10)) == ["d3", "d4"]
    assert len(memory.restless(D, 1)) == 1
    remember(memory, linked(3))
    assert list(memory.restless(F, 10)) == ["f2"]


def test_links_are_found_by_what_they_match(room: Room) -> None:
    memory = room.run()
    remember(memory, linked(1, match=match("a")), linked(2, match=match("b")), linked(3, match=match("a"), severed=F))
    remember(memory, linked(4, match=None))
    assert sorted(memory.holders([match("a") or b"", match("c") or b""])) == [1, 3]
    assert not memory.holders([])


def test_failures_without_a_link_name_their_loose_lines(room: Room) -> None:
    memory = room.run()
    notes = [failure(None, record="f7", key=None), failure(None, "金额", record="f7", key=None)]
    memory.remember(Memo(links=[linked(1)], failures=[*notes, failure(None, record=None, key="d8"), failure(1)]))
    assert list(memory.loose(F, 10)) == ["f7"]
    assert list(memory.loose(D, 10)) == ["d8"]
    assert not memory.loose(D, 0)


def test_a_changed_layout_makes_every_line_looked_at_and_confirms_only_what_means_the_same(room: Room) -> None:
    remember(room.run(), linked(1), linked(2))
    changed = (("备注", "text:1"), ("状态", "select:2"), ("新", "text:1"), ("金额", "number:1"))
    memory = room.run(changed)
    (one,) = memory.links([1])
    assert one.link.bases == {name: base for name, base in bases().items() if name != "状态"}
    assert set(one.prints.values()) == {None}
    assert not one.settled
    assert memory.seen(F, ["f1"]) == {"f1": Seen(1, None)}
    assert sorted(memory.restless(D, 10)) == ["d1", "d2"]


def test_under_a_changed_layout_a_line_once_looked_at_is_settled_again(room: Room) -> None:
    remember(room.run(), linked(1), linked(2))
    memory = room.run((*LAYOUT, ("新", "text:1")))
    whole = linked(1, bases={**bases(), "新": Base("x", "x")})
    remember(memory, whole)
    assert list(memory.links([1])) == [whole]
    assert list(memory.restless(F, 10)) == ["f2"]


def test_the_order_of_a_layout_means_nothing(room: Room) -> None:
    remember(room.run(), linked(1))
    memory = room.run(tuple(reversed(LAYOUT)))
    assert list(memory.links([1])) == [linked(1)]
    assert not memory.restless(F, 10)


def test_an_overtaken_run_writes_nothing_more(room: Room) -> None:
    memory = room.run()
    newer = room.run()
    assert newer.fence > memory.fence
    for write in (
        lambda: memory.remember(Memo(links=[linked(1)])),
        lambda: memory.advance(F, {"page": 1}),
        lambda: memory.intend([Intent("i", F, "create", b"{}")]),
        lambda: memory.guard_stopped("deletes", {}, [], []),
    ):
        with pytest.raises(FencedError):
            write()
    assert not newer.links([1])
    assert not newer.open_intents()
    assert newer.cursor(F) == {}


def test_cursors_stand_where_they_were_left(room: Room) -> None:
    memory = room.run()
    assert memory.cursor(F) == {}
    memory.advance(F, {"revision": 7, "页": ["a", None, 1.5]})
    memory.advance(D, {"xmin": "12"})
    memory.advance(F, {"revision": 8})
    assert room.run().cursor(F) == {"revision": 8}
    assert room.run().cursor(D) == {"xmin": "12"}


def test_intents_are_open_in_their_order_until_their_outcome_is_stored(room: Room) -> None:
    memory = room.run()
    first, second, third = (Intent(name, F, "create", b"{}", f"token {name}", BEGINNING) for name in "bac")
    memory.intend([first, second])
    memory.intend([third])
    assert list(room.run().open_intents()) == [first, second, third]
    memory = room.run()
    memory.remember(Memo(intents={"b": IntentState.DONE, "c": IntentState.VOID}))
    assert list(memory.open_intents()) == [second]


def test_the_last_batch_of_a_run_that_died_may_not_be_forgotten_yet(room: Room) -> None:
    memory = room.run()
    memory.intend([Intent(name, D, "write", b"{}") for name in "abc"])
    memory.intend([Intent("f", F, "update", b"{}")])
    memory.remember(Memo(intents=dict.fromkeys("abf", IntentState.DONE)))
    assert list(room.run().unforgotten()) == ["b"]


def test_deletions_and_marks_count_for_an_hour(room: Room) -> None:
    memory = room.run()
    marked = replace(audit(4, "mark"), side=F)
    memory.remember(Memo(audits=[audit(1, "delete"), audit(2, "delete"), audit(3, "update"), marked]))
    assert room.run().deletions_of_last_hour() == Removed({D: 2}, {F: 1})
    room.clock.move(timedelta(hours=1).total_seconds())
    assert room.run().deletions_of_last_hour().total == 0


# Conflicts


def test_a_conflict_told_again_is_the_same_one(room: Room) -> None:
    memory = room.run()
    memory.remember(Memo(links=[linked(1)], conflicts=[conflict(1)]))
    memory.remember(Memo(conflicts=[replace(conflict(1), at=BEGINNING + timedelta(hours=1))]))
    assert memory.open_conflicts([1, 2]) == {(1, "金额"): conflict(1)}
    assert memory.standing().open_conflicts == 1


def test_a_conflict_of_which_a_side_moved_is_updated(room: Room) -> None:
    memory = room.run()
    memory.remember(Memo(conflicts=[conflict(1)]))
    memory.remember(Memo(conflicts=[conflict(1, feishu={"t": 5})]))
    assert memory.open_conflicts([1]) == {(1, "金额"): conflict(1, feishu={"t": 5})}


def test_equality_closes_a_conflict_and_a_winner_settles_it(room: Room) -> None:
    memory = room.run()
    memory.remember(Memo(conflicts=[conflict(1), conflict(2), conflict(1, pair="备注"), conflict(3, winner="feishu")]))
    memory.remember(Memo(closed_conflicts=[(1, "备注"), (8, "金额")], conflicts=[conflict(2, winner="database")]))
    assert set(memory.open_conflicts([1, 2, 3])) == {(1, "金额")}


def test_a_persons_choice_reaches_the_next_run_which_looks_at_the_line(room: Room) -> None:
    memory = room.run()
    memory.remember(Memo(links=[linked(1)], conflicts=[conflict(1)]))
    room.resolve(1, "金额", "merged", value={"n": "2.5"})
    memory = room.run()
    assert list(memory.restless(F, 9)) == ["f1"]
    note = memory.open_conflicts([1])[1, "金额"]
    assert (note.winner, note.value) == ("merged", {"n": "2.5"})


def test_a_choice_falls_when_a_side_moves_before_it_is_carried_out(room: Room) -> None:
    room.run().remember(Memo(links=[linked(1)], conflicts=[conflict(1)]))
    room.resolve(1, "金额", "feishu")
    memory = room.run()
    memory.remember(Memo(conflicts=[conflict(1)]))
    assert memory.open_conflicts([1])[1, "金额"].winner == "feishu"
    memory.remember(Memo(conflicts=[conflict(1, feishu=99)]))
    assert memory.open_conflicts([1])[1, "金额"].winner is None


# Failures


def test_a_failure_is_one_and_counts_its_attempts(room: Room) -> None:
    memory = room.run()
    memory.remember(Memo(failures=[failure(1), failure(1, pair="")]))
    memory.remember(Memo(failures=[failure(1, value=b"longer")]))
    assert memory.failed_values([1, 2]) == {(1, "备注"): b"longer", (1, ""): b"long"}
    assert room.attempts() == {"备注": 2, "": 1}


def test_failures_of_unlinked_lines_are_known_by_line(room: Room) -> None:
    memory = room.run()
    new = [failure(None, record="f8", key=None), failure(None, pair="", record=None, key="d8")]
    memory.remember(Memo(failures=new))
    assert memory.failed_lines(F, ["f8", "d8"]) == {"f8": {"备注": b"long"}}
    assert memory.failed_lines(D, ["f8", "d8"]) == {"d8": {"": b"long"}}
    assert memory.failed_values([8]) == {}


@pytest.mark.parametrize("name", [(1, None, None), (None, "f1", None), (None, None, "d1"), (None, "f1", "d9")])
def test_what_is_mended_is_no_failure_any_more(room: Room, name: tuple[int | None, str | None, str | None]) -> None:
    memory = room.run()
    memory.remember(Memo(failures=[failure(1), failure(1, pair=""), failure(1, pair="状态"), failure(2)]))
    memory.remember(Memo(mended=[(*name, "备注"), (*name, "金额"), (*name, "")]))
    assert set(memory.failed_values([1, 2])) == {(1, "状态"), (2, "备注")}


def test_what_fails_anew_while_it_is_mended_stays(room: Room) -> None:
    memory = room.run()
    memory.remember(Memo(failures=[failure(1)]))
    memory.remember(Memo(mended=[(1, None, None, "备注")], failures=[failure(1, value=b"other")]))
    assert memory.failed_values([1]) == {(1, "备注"): b"other"}


def test_a_retry_has_the_value_tried_and_the_line_looked_at(room: Room) -> None:
    memory = room.run()
    memory.remember(Memo(links=[linked(1), linked(2)], failures=[failure(1), failure(None, record="f8", key=None)]))
    room.retry()
    memory = room.run()
    assert sorted(memory.restless(F, 9)) == ["f1", "f8"]
    assert list(memory.restless(D, 9)) == ["d1"]
    assert memory.failed_values([1]) == {(1, "备注"): b""}
    assert memory.failed_lines(F, ["f8"]) == {"f8": {"备注": b""}}
    memory.remember(Memo(failures=[failure(None, record="f8", key=None)]))
    assert list(memory.restless(F, 9)) == ["f1"]


def test_failures_of_unlinked_lines_that_a_run_did_not_meet_are_swept(room: Room) -> None:
    alone = {"key": None, "pair": ""}
    met, noted, away = (failure(None, record=name, **alone) for name in ("f1", "f2", "f3"))
    row = failure(None, record=None, key="d9", pair="")
    room.run().remember(Memo(failures=[met, noted, away, row, failure(4)]))
    memory = room.run()
    memory.failed_lines(F, ["f1"])
    memory.remember(Memo(failures=[noted]))
    memory.sweep_failures(frozenset({F}))
    assert memory.standing().open_failures == 4
    assert set(memory.failed_lines(F, ["f1", "f2", "f3"])) == {"f1", "f2"}
    assert room.run().failed_values([4])


def test_the_lines_of_a_side_are_counted_those_left_of_a_pair_too(room: Room) -> None:
    memory = room.run()
    alone = linked(3, severed=F, record=None, prints={F: None, D: b"p" * 16}, match=None)
    remember(memory, linked(1), linked(2, severed=D), alone)
    assert (memory.count(F), memory.count(D)) == (2, 2)


def test_a_standing_counts_links_and_what_waits(room: Room) -> None:
    memory = room.run()
    memory.remember(
        Memo(links=[linked(1), linked(2, severed=D), linked(3)], conflicts=[conflict(1)], failures=[failure(1)])
    )
    standing = memory.standing()
    assert (standing.linked, standing.severed) == (2, 1)
    assert (standing.open_conflicts, standing.open_failures) == (1, 1)


# Approval


def test_what_a_guard_stopped_is_what_its_approval_covers(room: Room) -> None:
    memory = room.run()
    assert memory.approval() == {}
    memory.guard_stopped("deletes", {"lines": 3}, [{"record": "f1"}], ["f1", "f2", "f1"])
    memory.guard_stopped("clears", {"lines": 0}, [], [])
    stopped = memory.run
    memory = room.run()
    memory.guard_stopped("deletes", {"lines": 3}, [], ["f2", "f1"])
    assert memory.approval() == {}
    assert room.run(approved_run=stopped).approval() == {"deletes": frozenset({"f1", "f2"}), "clears": frozenset()}
    assert room.run(approved_run=memory.run).approval() == {"deletes": frozenset({"f1", "f2"})}


def test_match_digests_are_kept(room: Room) -> None:
    memory = room.run()
    remember(memory, linked(1, match=match("订单 1")))
    assert [one.match for one in memory.links([1])] == [match("订单 1")]
