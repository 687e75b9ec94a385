"""Whatever looks wrong stops before anything is written, as ``guards.yaml`` tells it."""

from dataclasses import replace
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from syncer.core.records import Side
from syncer.feishu import quotas
from syncer.ports import Fetched
from syncer.testing import InMemoryRecords
from tests.engine.stage import written
from tests.scenarios.worlds import MemoryWorld, Rules, StageWorld

STORY = YAML(typ="safe").load((Path(__file__).parent / "guards.yaml").read_text(encoding="utf-8"))
STORIES = {one["story"]: one for one in STORY["stories"]}
FAULTS = {"empty": "empty_listing", "half": "hide_records"}
TOTALS = {"right": {}, "absent": {"no_total": True}, "wrong": {"cut_total": True}}


class TwistedRecords(InMemoryRecords):
    """A table whose listing does not show everything."""

    def __init__(self, table, listing):
        super().__init__(table)
        self.listing, self.table_of = listing, table

    def shows(self, place):
        return self.listing == "half" and place % 2 == 0

    def read(self, names):
        pages = list(super().read(names))
        records = [record for page in pages for record in page.records]
        if isinstance(self.listing, str):
            kept = [record for place, record in enumerate(records) if self.shows(place)]
            yield replace(pages[0], records=kept, total=len(kept), last=True)
            return
        size, come = self.listing["size"], self.listing["come"]
        total = {"right": len(records), "absent": None, "wrong": size * come}[self.listing["total"]]
        for place in range(come):
            some = records[place * size : (place + 1) * size]
            yield replace(pages[0], records=some, total=total, last=place == come - 1)

    def fetch(self, ids, names):
        found = super().fetch(ids, names)
        if self.listing != "half":
            return found
        hidden = {name for place, name in enumerate(self.table_of.records) if not self.shows(place)}
        seen = [record for record in found.records if record.id not in hidden]
        return Fetched(seen, found.absent, found.forbidden | (hidden & set(ids)), found.read_at)


class TwistedWorld(MemoryWorld):
    """A world in memory whose Bitable may answer untruly."""

    listing = None

    def door(self):
        return TwistedRecords(self.records, self.listing) if self.listing else super().door()

    def answer(self, listing):
        self.listing = listing


class FaultyWorld(StageWorld):
    """Real tables whose Bitable may answer untruly."""

    def answer(self, listing):
        self.stage.control.clear_faults()
        if isinstance(listing, str):
            self.stage.control.fault("bitable.record.search", FAULTS[listing], times=1000)
        elif listing is not None:
            how = TOTALS[listing["total"]]
            self.stage.control.fault("bitable.record.search", "cut_short", times=1000, page=listing["come"], **how)


def rules(story):
    rule = story.get("rule", "delete")
    return Rules(share=0.2, key=story.get("key", "id"), from_feishu=rule, from_database=rule)


def number(place):
    return f"A{place:03}"


def deeds(world, side, wanted):
    """What people do on one side to the first so many lines."""
    for place in range(wanted.get("amount", 0)):
        world.edit(side, number(place), {"amount": 1000 + place})
    for place in range(wanted.get("empty", 0)):
        world.edit(side, number(place), {"note": None})
    for place in range(wanted.get("renumber", 0)):
        world.edit(side, number(place), {"no": f"X{place}"})
    if wanted.get("delete"):
        world.drop(side, *map(number, range(wanted["delete"])))


def tell(world, story):
    world.add(
        Side.FEISHU, *({"no": number(place), "amount": place, "note": f"注 {place}"} for place in range(story["lines"]))
    )
    assert world.sync().exit_status == 0
    for side in Side:
        deeds(world, side, story.get(side.value, {}))
    world.answer(story.get("listing"))
    before = {side: world.held(side) for side in Side}
    report = world.sync()
    assert written(report) == story.get("meanwhile", {})
    if "guard" not in story:
        assert (report.guard, report.exit_status) == (None, 0)
        return
    assert (report.guard.name, report.status, report.exit_status) == (story["guard"], "guarded", 4)
    if "meanwhile" not in story:
        assert {side: world.held(side) for side in Side} == before
    if "approved" in story:
        assert written(world.sync(approve=report.run)) == story["approved"]
    world.answer(None)
    for _ in range(2):
        world.sync()
    if "rule" not in story:
        assert world.held(Side.FEISHU) == world.held(Side.DATABASE)
    gone = (
        0
        if "listing" in story
        else story.get("feishu", {}).get("delete", 0) + story.get("database", {}).get("delete", 0)
    )
    assert len(world.held(Side.DATABASE)) == story["lines"] - gone
    assert not world.sync().writes


@pytest.mark.parametrize("name", STORIES)
def test_a_guard_stops_what_looks_wrong(name):
    story = STORIES[name]
    tell(TwistedWorld(rules(story)), story)


@pytest.mark.parametrize("name", STORIES)
def test_it_does_so_on_real_tables_too(stage, name, monkeypatch):
    story = STORIES[name]
    if isinstance(listing := story.get("listing"), dict):
        monkeypatch.setattr(quotas, "RECORDS_PER_PAGE", listing["size"])
    tell(FaultyWorld(stage, rules(story)), story)
