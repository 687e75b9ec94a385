"""People and approvals: two sources that are only read, and the events that tell of them."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import orjson
from sqlalchemy import text

from syncer.catalog.files import load_files
from syncer.catalog.revisions import digest
from syncer.cli.demo.story import Story
from syncer.errors import MappingError
from syncer.feishu.event_bodies import read_event
from syncer.listening.subscribing import subscribe

FILES = ("people.yaml", "leave.yaml")
_APP = "default"
_TABLES = """
CREATE SCHEMA IF NOT EXISTS hr;
CREATE TABLE hr.people (open_id text PRIMARY KEY, name text, title text, departments text[], hidden boolean,
  has_left boolean NOT NULL DEFAULT false);
CREATE TABLE hr.leave (code text PRIMARY KEY, asked_by text, outcome text, kind text, days numeric(6, 2),
  starts_at timestamptz, ends_at timestamptz, timeline jsonb);
"""
_FORM = (
    {"id": "widget1", "name": "请假类型", "type": "radioV2"},
    {"id": "widget2", "name": "天数", "type": "number"},
    {"id": "widget3", "name": "时间", "type": "dateInterval"},
)
_ASKED = {
    "请假类型": "年假",
    "天数": 2.5,
    "时间": {"start": "2026-10-08T09:00:00+08:00", "end": "2026-10-10T12:00:00+08:00"},
}


class Organisation:
    """Two departments, two people, and an approval that one of them decides."""

    def __init__(self, story: Story) -> None:
        self._story, self._control, self._syncer = story, story.stage.simulator, story.stage.syncer
        self.sales = self._control.add_department("销售部")
        self.research = self._control.add_department("研发部")
        boss = {"name": "王主管", "departments": [self.sales], "job_title": "主管"}
        self.boss, self.dev = self._control.hire([boss, {"name": "陈晨", "departments": [self.sales]}])
        self.approval = self._control.create_approval("请假", _FORM, [{"name": "主管", "approvers": [self.boss]}])
        self._heard = 0

    def apply(self) -> None:
        """Make both mapping files active, as ``syncer apply`` does, and subscribe to the approval."""
        with self._syncer.engine("erp").begin() as connection:
            connection.execute(text(_TABLES))
        today = datetime.now(UTC).date().isoformat()
        variables = {"LEAVE_APPROVAL_CODE": self.approval, "LEAVE_SINCE": today}
        files = [self._story.stage.files[0].with_name(name) for name in FILES]
        for one in load_files(files, variables).require():
            sides = self._syncer.look(one.mapping)
            if found := self._syncer.check(sides, one.places).faults:
                raise MappingError(found)
            self._syncer.apply(sides, one.document, digest(one.document), "new")
        subscribe(self._syncer, _APP, f"approval/{self.approval}")

    def ask(self) -> str:
        """Somebody asks for leave; the instance's code."""
        return self._control.submit(self.approval, [{"values": _ASKED, "by": self.dev}])[0]

    def hear(self) -> int:
        """Take in the events made since the last time, as ``syncer listen`` does; how many."""
        made = self._control.events(self._heard, bodies=True)
        self._heard = max([self._heard, *(each["number"] for each in made)])
        for each in made:
            event = read_event(orjson.loads(each["body"]))
            if event is not None:
                self._syncer.store.noticing.receive(_APP, event)
        return len(made)

    def row(self, question: str, of: str) -> Sequence[Any]:
        """One row of PostgreSQL."""
        with self._syncer.engine("erp").connect() as connection:
            return tuple(connection.execute(text(question), {"of": of}).one())


def sources(story: Story) -> None:
    """An approval is asked for, approved and revoked; a person changes department and resigns."""
    story.tell.step(
        "People and approvals come the same way",
        "mappings/people.yaml reads the directory, mappings/leave.yaml the instances of an approval. Both only read.",
        "An event says which person or instance to look at; it is read again, and the row follows.",
    )
    organisation = Organisation(story)
    organisation.apply()
    code = organisation.ask()
    story.sync("people")
    story.sync("leave")
    story.tell.say("陈晨 moves from 销售部 to 研发部; her leave is approved")
    story.stage.simulator.move_person(organisation.dev, [organisation.research])
    story.stage.simulator.approve(code)
    _follow(story, organisation)
    _expect_moved(story, organisation, code)
    story.tell.say("the leave is revoked, and 陈晨 resigns")
    story.stage.simulator.revert(code)
    story.stage.simulator.resign(organisation.dev)
    _follow(story, organisation)
    (outcome,) = organisation.row("SELECT outcome FROM hr.leave WHERE code = :of", code)
    (has_left,) = organisation.row("SELECT has_left FROM hr.people WHERE open_id = :of", organisation.dev)
    story.expect(outcome == "REVERTED" and has_left, f"the leave is {outcome}; 陈晨 is marked as having left")


def _follow(story: Story, organisation: Organisation) -> None:
    story.tell.say(f"{organisation.hear()} events arrive")
    story.sync("people")
    story.sync("leave")


def _expect_moved(story: Story, organisation: Organisation, code: str) -> None:
    (places,) = organisation.row("SELECT departments FROM hr.people WHERE open_id = :of", organisation.dev)
    outcome, days = organisation.row("SELECT outcome, days FROM hr.leave WHERE code = :of", code)
    moved = places == [organisation.research]
    story.expect(moved and outcome == "APPROVED", f"PostgreSQL has her in 研发部, and {days} days of leave {outcome}")
