"""Many seeds of the planner alone."""

import pytest

from tests.convergence.planner import Plot, plot

SEEDS, CHUNK = 20_000, 500


@pytest.mark.parametrize("first", range(0, SEEDS, CHUNK))
def test_every_planner_seed_comes_to_rest_with_both_sides_agreeing(first):
    for seed in range(first, first + CHUNK):
        try:
            plot(seed)
        except Exception as error:
            error.add_note(f"planner seed {seed}")
            raise


def test_the_same_planner_seed_has_the_same_trace():
    traces = []
    for _ in range(2):
        one = Plot(5)
        one.live()
        traces.append(one.trace)
    assert traces[0] == traces[1] != []
