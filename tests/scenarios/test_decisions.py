"""Every cell of the decision table under every policy and every delete rule, as ``decisions.yaml`` tells it."""

from itertools import product
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from tests.scenarios.playing import check, expected, play
from tests.scenarios.worlds import MemoryWorld, Rules, StageWorld

STORY = YAML(typ="safe").load((Path(__file__).parent / "decisions.yaml").read_text(encoding="utf-8"))
POLICIES = ("latest", "feishu", "database", "manual", "fill_empty")
DELETES = ("edit", "delete", "manual")
WAYS = ("delete", "ignore", "mark")
CELLS = {cell["cell"]: cell for cell in STORY["cells"]}
EVERY = [Rules(*combination) for combination in product(POLICIES, DELETES, WAYS, WAYS)]


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("name", CELLS)
def test_a_cell_comes_out_as_told_under_every_rule(name, policy):
    cell, met = CELLS[name], set()
    for rules in EVERY:
        if rules.policy != policy:
            continue
        wanted = expected(cell, rules)
        met.add(cell["expect"].index(wanted))
        world = MemoryWorld(rules)
        try:
            play(world, cell, STORY["agreed"])
            check(world, cell, wanted)
        except AssertionError as error:
            raise AssertionError(f"{name}, {rules}: {error}") from error
    assert met


@pytest.mark.parametrize("name", CELLS)
def test_no_expectation_is_told_in_vain(name):
    cell = CELLS[name]
    assert {cell["expect"].index(expected(cell, rules)) for rules in EVERY} == set(range(len(cell["expect"])))


SAMPLE = [(name, EVERY[(17 * place + 5) % len(EVERY)]) for place, name in enumerate(CELLS)]


@pytest.mark.parametrize(("name", "rules"), SAMPLE, ids=[f"{name} ({rules})" for name, rules in SAMPLE])
def test_a_sample_comes_out_the_same_on_real_tables(stage, name, rules):
    world, cell = StageWorld(stage, rules), CELLS[name]
    play(world, cell, STORY["agreed"])
    check(world, cell, expected(cell, rules))
