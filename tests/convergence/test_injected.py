"""People edit both sides at every point between our reading and our writing, and the very cells that are being written.

Each edit must end in one of three places: in the result, under a newer edit of the same field, or in the conflicts with
its value. Only where no event told, neither of the edit nor of the write that overwrote it, may it be gone; then that
write is one that counts as unverified.
"""

from collections import Counter

import pytest

from syncer.engine.overwritten import Overwritten
from tests.convergence.checks import BrokenError, Checks, settle
from tests.convergence.machine import OVERWRITTEN, Machine

INTERLEAVINGS, CHUNK = 200, 50
PART = {0: 1, 1: 2, 2: 4, 3: 5, 4: 7}
"""Seeds whose worlds have somebody who hears events."""


def interfered(number: int, *, loss: float | None = None, trouble: float = 0) -> Machine:
    """One world of people who never pause; ``loss`` is the share of events that never come.

    ``trouble``: how likely calls fail or lose their answers, and the process ends.
    """
    machine = Machine(9 * (number // 5) + PART[number % 5])
    machine.odds |= {"act": 0.08, "gap": 0.8, "fault": trouble, "crash": trouble / 2}
    if loss is not None:
        machine.noticer._loss = loss
    for _ in range(2):
        machine.people._do_both()
    machine.live()
    for _ in range(3):
        machine.chaotic = True
        for _ in range(3):
            machine.people.act()
        machine.run()
        machine.chaotic = False
    settle(machine)
    return machine


def overwritten(machine: Machine) -> list:
    """The edits that our own write of their cell came after."""
    return [edit for edit in machine.people.edits if edit.excused == OVERWRITTEN and edit.before != edit.value]


def notes(machine: Machine) -> list:
    book = machine.memory.book
    return [note for note in [*book.settled, *book.conflicts.values()] if "overwritten by our write" in note.reason]


@pytest.mark.parametrize("first", range(0, INTERLEAVINGS, CHUNK))
def test_no_edit_is_lost_in_our_own_write_phase(first):
    counts = Counter()
    for number in range(first, first + CHUNK):
        trouble = 0.03 if number % 2 else 0
        try:
            machine = interfered(number, trouble=trouble)
        except Exception as error:
            error.add_note(f"number {number}")
            raise
        counts["overwritten"] += len(overwritten(machine))
        counts["told"] += len(notes(machine))
        counts["interfered"] += sum("somebody edits what" in line for line in machine.trace)
    assert counts["interfered"] >= CHUNK, counts
    assert counts["told"] >= CHUNK // 10, counts


def test_without_the_look_at_events_edits_would_be_lost(monkeypatch):
    monkeypatch.setattr(Overwritten, "look", lambda _self, **_: 0)
    with pytest.raises(BrokenError, match="is lost"):
        all(interfered(number, loss=0) for number in range(CHUNK))


def test_what_no_event_told_of_counts_as_unverified():
    gone = 0
    for number in range(20):
        machine = interfered(number, loss=1)
        lost = [edit for edit in Checks(machine).gone() if edit.excused == OVERWRITTEN]
        gone += len(lost)
        waiting = {record for _, record in machine.memory.book.unverified}
        assert {edit.line[1] for edit in lost} <= waiting
    assert gone
