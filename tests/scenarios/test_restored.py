"""A record out of the recycle bin or a row inserted again is the old pair revived, as ``restored.yaml`` tells it."""

from pathlib import Path

import pytest
from ruamel.yaml import YAML

from syncer.core.records import Side
from tests.scenarios.playing import BYSTANDER, NUMBER
from tests.scenarios.test_decisions import POLICIES
from tests.scenarios.worlds import FIELD, MemoryWorld, Rules, StageWorld

STORY = YAML(typ="safe").load((Path(__file__).parent / "restored.yaml").read_text(encoding="utf-8"))
STORIES = {one["story"]: one for one in STORY["stories"]}


class Restoring(MemoryWorld):
    """A world in memory with a recycle bin."""

    def bin(self, side):
        (name,) = self._named(side, NUMBER)
        if side is Side.FEISHU:
            kept = self.records.records[name]
            self.drop(side, NUMBER)
            return lambda: self.records.records.update({name: kept}) or self._move()
        row = dict(self.rows.rows[name])
        self.drop(side, NUMBER)
        return lambda: self.rows._put(None, row)

    def _move(self):
        self.records.revision += 1


class RealRestoring(StageWorld):
    """The simulator's recycle bin, and a row that an ERP inserts once more, under its old key if nothing else tells."""

    matched = True

    def bin(self, side):
        if side is Side.FEISHU:
            record, place = self.pair.by(FIELD["no"])[NUMBER], self.pair.place
            self.drop(side, NUMBER)
            return lambda: self.stage.control.restore_records(place.app_token, place.table_id, [record])
        ((key,),) = self.pair.sql("SELECT id FROM {t} WHERE no = %s", NUMBER)
        self.drop(side, NUMBER)
        if self.matched:
            return lambda: self.add(side, {"no": NUMBER, **STORY["agreed"]})
        again = "INSERT INTO {t} (id, no, amount, note) OVERRIDING SYSTEM VALUE VALUES (%s, %s, %s, %s)"
        return lambda: self.pair.sql(again, key, NUMBER, *STORY["agreed"].values())


def tell(world, story, side, policy, order=(True, False, True)):
    world.add(Side.FEISHU, BYSTANDER, {"no": NUMBER, **STORY["agreed"]})
    assert world.sync().exit_status == 0
    world.pass_time()
    bring_back = world.bin(side)
    world.sync()
    world.pass_time()
    if "meanwhile" in story:
        world.edit(side.other, NUMBER, story["meanwhile"])
        assert not world.sync().writes
        world.pass_time()
    bring_back()
    for full in order:
        report = world.sync(full=full)
    assert not report.writes
    wanted = next(one for one in story["expect"] if one.get("policy", policy) == policy)["both"]
    for each in Side:
        line = world.held(each)[NUMBER]
        assert line == {"amount": float(wanted["amount"]), "note": wanted["note"], "marked": False}, each
        assert world.numbers(each)[NUMBER] == 1
    assert (world.conflicts(), world.failures(), world.severed()) == ([], [], 0)


def rules(story, policy, match="no"):
    return Rules(policy=policy, from_feishu=story["rule"], from_database=story["rule"], match=match)


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("side", list(Side))
@pytest.mark.parametrize("name", STORIES)
def test_a_line_that_comes_back_is_the_pair_it_was(name, side, policy):
    tell(Restoring(rules(STORIES[name], policy)), STORIES[name], side, policy)


@pytest.mark.parametrize("side", list(Side))
@pytest.mark.parametrize("name", list(STORIES)[::2])
def test_it_is_so_on_real_tables_too(stage, name, side):
    tell(RealRestoring(stage, rules(STORIES[name], "manual")), STORIES[name], side, "manual")


@pytest.mark.parametrize("side", list(Side))
@pytest.mark.parametrize("name", STORIES)
def test_without_a_match_a_line_is_known_by_the_id_it_comes_back_under(name, side):
    for order in ((True, False, True), (False, True, False)):
        tell(Restoring(rules(STORIES[name], "manual", match="")), STORIES[name], side, "manual", order)


@pytest.mark.parametrize("side", list(Side))
@pytest.mark.parametrize("rule", ["ignore", "mark"])
def test_that_is_so_on_real_tables_too(stage, rule, side):
    story = [story for story in STORY["stories"] if story["rule"] == rule][-1]
    world = RealRestoring(stage, rules(story, "manual", match=""))
    world.matched = False
    tell(world, story, side, "manual")


@pytest.mark.parametrize("rule", ["ignore", "mark"])
def test_without_a_match_a_row_under_another_key_is_another_line(stage, rule):
    story = next(story for story in STORY["stories"] if story["rule"] == rule)
    world = RealRestoring(stage, rules(story, "manual", match=""))
    world.add(Side.FEISHU, BYSTANDER, {"no": NUMBER, **STORY["agreed"]})
    world.sync()
    bring_back = world.bin(Side.DATABASE)
    world.sync()
    bring_back()
    for _ in range(2):
        report = world.sync()
    assert not report.writes
    assert [world.numbers(side)[NUMBER] for side in Side] == [2, 1]
    assert (world.conflicts(), world.failures(), world.severed()) == ([], [], 1)
