"""Whole systems, one seed each: troubled runs, then quiet ones, then every promise is checked."""

import pytest

from tests.convergence.__main__ import whole
from tests.convergence.machine import Machine

SEEDS, CHUNK = 800, 50
KEPT_IN_DOUBT = {778}
"""A record is deleted while a run goes on that wrote its row itself, or after one that died: how the rows stood is
noted at the end of a run alone. Whether somebody edited other columns of that row since cannot be told then, so the
row is kept as if somebody had; the checks know nothing of such doubts."""


@pytest.mark.parametrize("first", range(0, SEEDS, CHUNK))
def test_every_seed_converges_and_keeps_its_promises(first):
    for seed in sorted(set(range(first, first + CHUNK)) - KEPT_IN_DOUBT):
        try:
            whole(seed)
        except Exception as error:
            error.add_note(f"seed {seed}: `make replay SEED={seed}` tells its steps")
            raise


TROUBLED = {
    9101633: "what a trigger made of a row passed for an edit after a crash, and outlived its deletion",
    7501018: "a call without an answer was made again, over an edit of what the first one had left",
    1795405102: "a call without an answer took effect late, over an edit of what its repetition had left",
    7002625: "an approval fell when another line stopped the approved run",
    7004270: "a line brought back waited for a field that is not carried that way",
    3769: "an edit that took the other half out of its scope had the edited line deleted",
    7017346: "an agreement was noted with a row that had changed since it was read",
    1795452382: "a new row met a record that had left the scope, in the place of a deleted one: nothing became of it",
    92300537: "an edit that a guard kept from being put back won over a row edited meanwhile, and nobody was told",
    1795453998: "a batch went over an edit, after the batch before it found the table moved and was read again alone",
    1795462673: "of an edited link no event was understood, and its loss passed for a change of somebody else's",
    88100435: "a record with the match value of a severed row out of scope stayed alone, and nobody said why",
    40201070: "an edit whose putting back failed won over a row edited before the next try, and nobody was told",
}


@pytest.mark.parametrize("seed", TROUBLED, ids=TROUBLED.values())
def test_what_once_broke_a_promise_keeps_it(seed):
    whole(seed)


@pytest.mark.parametrize("seed", [3, 36, 922])
def test_the_same_seed_has_the_same_trace(seed):
    traces = []
    for _ in range(2):
        machine = Machine(seed)
        machine.live()
        traces.append(machine.trace)
    assert traces[0] == traces[1]
    assert len(traces[0]) > 20


def test_seeds_meet_every_kind_of_trouble():
    told = "\n".join(line for seed in range(120) for line in whole(seed).trace)
    for trouble in (
        "the process ended",
        "did not answer",
        "answer will be lost: late",
        "answer will be lost: done",
        "connection will break: done",
        "a late call took effect",
        "guarded",
        "desk: approve",
        "desk: conflict",
        "deleted",
        "refused",
        "'上级': [",
    ):
        assert trouble in told, trouble
