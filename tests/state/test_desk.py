"""The desk: revisions, status, conflicts, failures, histories, approvals."""

from dataclasses import replace
from datetime import timedelta

import pytest

from syncer.errors import MendError, NotAppliedError
from syncer.ports import Memo
from syncer.state.mappings import State
from syncer.state.store import Store
from syncer.testing import FakeClock
from syncer.testing.world import BEGINNING
from tests.state.rooms import LAYOUT, D, audit, conflict, failure, linked


@pytest.fixture
def told(store: Store, clock: FakeClock) -> Store:
    """A store after one run that left two links, two conflicts and two failures."""
    links = [linked(1), linked(2, severed=D)]
    with store.open_run("orders", "full", LAYOUT) as memory:
        memory.remember(
            Memo(
                links=links,
                audits=[audit(1, "create"), audit(1, "update", key=None), audit(2, "delete", "f2", "d2")],
                conflicts=[conflict(1), conflict(2, winner="feishu")],
                failures=[failure(1), failure(None, pair="", record="f9", key=None)],
            )
        )
        store.finish_run(memory.run, "failed_lines", {"linked": 1})
    clock.move(90)
    return store


# Mappings


def test_applying_the_same_document_again_changes_nothing(store: Store) -> None:
    assert store.apply("orders", {"名称": "订单"}, "digest 2", "match: + order_no") == 2
    assert store.apply("orders", {"名称": "订单"}, "digest 2", "nothing") == 2
    assert [(one.revision, one.digest, one.differences) for one in store.revisions("orders")] == [
        (2, "digest 2", "match: + order_no"),
        (1, "digest 1", "new"),
    ]
    assert store.mapping("orders").document == {"名称": "订单"}


def test_mappings_are_told_in_their_latest_revision_by_name(store: Store) -> None:
    store.apply("customers", {}, "digest", "new")
    store.apply("orders", {}, "digest 2", "")
    assert [(one.name, one.revision) for one in store.mappings()] == [("customers", 1), ("orders", 2)]


def test_a_new_revision_mends_a_broken_mapping_but_wakes_no_paused_one(store: Store) -> None:
    store.set_state("orders", State.BROKEN)
    store.apply("orders", {}, "digest 2", "")
    assert store.mapping("orders").state is State.ACTIVE
    store.pause("orders")
    store.apply("orders", {}, "digest 3", "")
    assert store.mapping("orders").state is State.PAUSED


def test_a_new_revision_gives_failures_another_try(told: Store) -> None:
    told.apply("orders", {}, "digest 2", "")
    with told.open_run("orders", "full", LAYOUT) as memory:
        assert set(memory.failed_values([1]).values()) == {b""}
        assert list(memory.restless(D, 9)) == ["d1"]


def test_an_unknown_mapping_is_told_with_what_to_do(store: Store) -> None:
    for ask in (store.mapping, store.revisions, store.pause, store.status):
        with pytest.raises(NotAppliedError, match="customers was never applied; run `syncer apply`"):
            ask("customers")


# Status


def test_status_tells_how_mappings_stand(told: Store) -> None:
    told.apply("customers", {}, "digest", "")
    customers, orders = told.status()
    assert (customers.linked, customers.last_run, customers.lag_seconds) == (0, None, None)
    assert (orders.linked, orders.severed) == (1, 1)
    assert (orders.open_conflicts, orders.open_failures, orders.lag_seconds) == (1, 2, 90)
    assert orders.last_run
    assert orders.last_run.status == "failed_lines"
    assert told.status("orders") == [orders]


def test_lag_counts_from_the_last_run_that_did_its_work(told: Store) -> None:
    with told.open_run("orders", "full", LAYOUT) as memory:
        told.finish_run(memory.run, "unreachable", error="no answer")
    (orders,) = told.status()
    assert orders.last_run
    assert (orders.last_run.status, orders.lag_seconds) == ("unreachable", 90)


def test_runs_are_told_newest_first(told: Store) -> None:
    with told.open_run("orders", "changes", LAYOUT):
        pass
    assert [run.kind for run in told.runs("orders")] == ["changes", "full"]
    assert len(told.runs(limit=1)) == 1


# Conflicts


def test_conflicts_are_listed_by_state(told: Store) -> None:
    (open_one,) = told.conflicts("orders")
    assert (open_one.field, open_one.base, open_one.feishu, open_one.database) == ("金额", [1], 2, 3)
    (settled,) = told.conflicts(state="settled")
    assert (settled.winner, settled.link) == ("feishu", 2)
    assert len(told.conflicts(state=None)) == 2
    assert told.conflict(open_one.id) == open_one
    assert told.conflicts("customers") == []


def test_a_choice_is_refused_when_a_side_moved_since_it_was_shown(told: Store) -> None:
    (shown,) = told.conflicts()
    with told.open_run("orders", "full", LAYOUT) as memory:
        memory.remember(Memo(conflicts=[conflict(1)]))
        told.resolve(shown.id, "database", shown.version)
        memory.remember(Memo(conflicts=[conflict(1, feishu=5)]))
    with pytest.raises(MendError, match="moved since it was shown"):
        told.resolve(shown.id, "feishu", shown.version)
    again = told.conflict(shown.id)
    assert (again.feishu, again.winner, again.version) == (5, None, 2)
    told.resolve(again.id, "feishu", again.version)


def test_a_settled_conflict_cannot_be_chosen_again(told: Store) -> None:
    (shown,) = told.conflicts()
    told.resolve(shown.id, "feishu", shown.version)
    with told.open_run("orders", "full", LAYOUT) as memory:
        memory.remember(Memo(conflicts=[conflict(1, winner="feishu")]))
    assert told.conflict(shown.id).state == "settled"
    assert not told.conflicts()
    with pytest.raises(MendError, match="settled already"):
        told.resolve(shown.id, "database", shown.version)
    with pytest.raises(MendError, match="no conflict 12345"):
        told.resolve(12345, "database", 1)


# Failures


def test_failures_tell_all_about_themselves(told: Store) -> None:
    linked_one, alone = told.failures("orders")
    assert (linked_one.field, linked_one.code, linked_one.attempts, linked_one.waiting) == ("备注", "22001", 1, False)
    assert linked_one.message == "too long\N{REPLACEMENT CHARACTER}"
    assert (alone.record, alone.key, alone.link) == ("f9", None, None)
    assert told.failure(alone.id) == alone


def test_a_retry_of_one_failure_leaves_the_others(told: Store) -> None:
    first, second = told.failures()
    assert told.retry([second.id]) == 1
    assert [one.waiting for one in told.failures()] == [False, True]
    assert told.retry(mapping="customers") == 0
    assert told.retry(mapping="orders") == 2
    assert told.failure(first.id).waiting


def test_what_is_discarded_is_gone_and_the_unknown_is_refused_as_a_whole(told: Store) -> None:
    first, second = told.failures()
    with pytest.raises(MendError, match="no failure 777"):
        told.discard([first.id, 777])
    with pytest.raises(MendError, match="no failure 777"):
        told.retry([777])
    assert len(told.failures()) == 2
    assert told.discard([first.id, second.id]) == 2
    assert told.failures() == []


# History and approval


def test_a_lines_history_is_found_by_either_name(told: Store) -> None:
    by_record = told.history("orders", record="f1")
    assert [one.action for one in by_record] == ["create", "update"]
    assert replace(by_record[0], id=None) == audit(1, "create")
    assert told.history("orders", key="d1") == by_record
    assert told.history("orders", key="d9") == []
    assert told.history("customers", key="d1") == []


def test_a_runs_audits_are_found_by_it(told: Store) -> None:
    (run,) = told.runs()
    found = [one.action for page in told.audit_pages(run.id, links=1) for one in page]
    assert found == ["create", "update", "delete"]


def test_a_guarded_run_is_shown_approved_and_then_covers_its_lines(told: Store) -> None:
    with told.open_run("orders", "full", LAYOUT) as memory:
        memory.guard_stopped("deletes", {"lines": 2}, [{"record": "f1"}], ["f1", "f2"])
        told.finish_run(memory.run, "guarded", guard={"name": "deletes"})
    (stopped,) = told.guarded_run(memory.run).guards
    assert (stopped.name, stopped.counts, stopped.samples, stopped.lines) == (
        "deletes",
        {"lines": 2},
        [{"record": "f1"}],
        2,
    )
    assert told.approve(memory.run).approved_at == BEGINNING + timedelta(seconds=90)
    with told.open_run("orders", "full", LAYOUT, approved_run=memory.run) as approved:
        assert approved.approval() == {"deletes": frozenset({"f1", "f2"})}
    assert told.run(approved.run).approved_run == memory.run


def test_a_run_that_no_guard_stopped_cannot_be_approved(told: Store) -> None:
    (run,) = told.runs()
    with pytest.raises(MendError, match="not stopped by a guard"):
        told.approve(run.id)


def test_an_approval_falls_when_the_mapping_changed(told: Store) -> None:
    with told.open_run("orders", "full", LAYOUT) as memory:
        memory.guard_stopped("deletes", {}, [], ["f1"])
        told.finish_run(memory.run, "guarded")
    told.apply("orders", {}, "digest 2", "")
    with pytest.raises(MendError, match="changed since"):
        told.approve(memory.run)
