"""A folder with mappings of people, departments and an approval, their tables, and the events that tell of them."""

import json
import random
from datetime import UTC, datetime

from syncer.feishu.event_bodies import read_event
from tests.cli.room import Room

HOUR, DAY = 3_600_000, 86_400_000

TABLES = """
CREATE SCHEMA hr;
CREATE TABLE hr.people (
  open_id text PRIMARY KEY, union_id text, name text, title text, places text[], leader text, joined timestamptz,
  email text, mobile text, resigned boolean, hidden boolean);
CREATE TABLE hr.places (
  place text PRIMARY KEY, short text, name text, parent text, path text, leader text, hidden boolean);
CREATE TABLE hr.leave (
  code text PRIMARY KEY, status text, reverted boolean, outcome text, kind text, amount numeric(20,6),
  starts timestamptz, ends timestamptz, files text[], rows jsonb, asked timestamptz, decided timestamptz,
  timeline jsonb);
CREATE TABLE hr.tasks (line text PRIMARY KEY, code text, who text, status text, at timestamptz);
"""

PEOPLE = """\
version: 1
name: people
feishu: {contacts: {kind: users, private: true}}
database: {connection: erp, table: hr.people, key: [open_id], capture: scan}
fields:
  - {field: open_id, column: open_id}
  - {field: union_id, column: union_id}
  - {field: name, column: name}
  - {field: job_title, column: title}
  - {field: department_ids, column: places}
  - {field: leader_user_id, column: leader}
  - {field: join_time, column: joined}
  - {field: email, column: email}
  - {field: mobile, column: mobile}
  - {field: is_resigned, column: resigned}
  - {field: out_of_range, column: hidden}
"""
PLACES = """\
version: 1
name: places
feishu: {contacts: {kind: departments}}
database: {connection: erp, table: hr.places, key: [place], capture: scan}
fields:
  - {field: open_department_id, column: place}
  - {field: department_id, column: short}
  - {field: name, column: name}
  - {field: parent_department_id, column: parent}
  - {field: path, column: path}
  - {field: leader_user_id, column: leader}
  - {field: out_of_range, column: hidden}
"""
LEAVE = """\
version: 1
name: leave
feishu: {approval: {approval_code: "${LEAVE_CODE}", since: SINCE}}
database: {connection: erp, table: hr.leave, key: [code], capture: scan}
fields:
  - {field: instance_code, column: code}
  - {field: status, column: status}
  - {field: reverted, column: reverted}
  - {field: outcome, column: outcome}
  - {field: form.请假类型, column: kind}
  - {field: form.金额, column: amount}
  - {field: form.请假时间.start, column: starts}
  - {field: form.请假时间.end, column: ends}
  - {field: form.附件, column: files}
  - {field: form.明细, column: rows}
  - {field: start_time, column: asked}
  - {field: end_time, column: decided}
  - {field: timeline, column: timeline}
CHILDREN
"""
CHILDREN = """\
children:
  tasks:
    part: task_list
    table: hr.tasks
    key: [line]
    fields:
      - {field: line, column: line}
      - {field: instance_code, column: code}
      - {field: open_id, column: who}
      - {field: status, column: status}
      - {field: start_time, column: at}
"""
PARTS = """\
children:
  rows:
    part: form.明细
    table: hr.rows
    key: [line]
    fields:
      - {field: line, column: line}
      - {field: instance_code, column: code}
      - {field: position, column: place}
      - {field: 项目 🧾, column: what}
  steps:
    part: timeline
    table: hr.steps
    key: [line]
    fields:
      - {field: line, column: line}
      - {field: type, column: kind}
      - {field: open_id, column: who}
      - {field: create_time, column: at}
  talk:
    part: comment_list
    table: hr.talk
    key: [line]
    fields:
      - {field: line, column: line}
      - {field: open_id, column: who}
      - {field: comment, column: words}
"""
FORM = [
    {"id": "w1", "name": "请假类型", "type": "radioV2"},
    {"id": "w2", "name": "金额", "type": "amount"},
    {"id": "w3", "name": "请假时间", "type": "dateInterval"},
    {"id": "w4", "name": "附件", "type": "attachmentV2"},
    {"id": "w5", "name": "明细", "type": "fieldList", "children": [{"id": "w6", "name": "项目 🧾", "type": "input"}]},
]


class Stage(Room):
    """A room whose files are about people and approvals. ``deliver`` hands over the events made since the last time."""

    def __init__(self, *given):
        super().__init__(*given)
        (self.folder / "mappings" / "orders.yaml").unlink()
        self.sql(TABLES)
        self._told = 0

    def people(self, text=PEOPLE):
        return self.write(text, "people.yaml")

    def places(self):
        return self.write(PLACES, "places.yaml")

    def leave(self, days=20, *, form=FORM, children=""):
        """A definition with one approver, and its mapping."""
        self.boss = self.control.hire([{"name": "老板"}])[0]
        self.asker = self.control.hire([{"name": "李雷"}])[0]
        self.code = self.control.create_approval("请假", form, [{"name": "主管", "approvers": [self.boss]}])
        self.set(LEAVE_CODE=self.code)
        since = datetime.fromtimestamp(self.now() / 1000 - days * 86400, UTC).date().isoformat()
        return self.write(LEAVE.replace("SINCE", since).replace("CHILDREN", children), "leave.yaml")

    def now(self):
        return int(self.control.now() * 1000)

    def ask(self, *asks):
        return self.control.submit(self.code, [{"by": self.asker, **ask} for ask in asks])

    # Events.

    def events(self):
        """The events made since the last time, parsed."""
        made = self.control.events(self._told, bodies=True)
        self._told = max([self._told, *(each["number"] for each in made)])
        return [read_event(json.loads(each["body"])) for each in made]

    def deliver(self, living, events=None):
        """Hand events over as the webhook does; the names of the mappings that are to look."""
        told = self.events() if events is None else events
        return {name for event in told for name in living.store.noticing.receive("default", event)}

    # The truth.

    def users(self, *, alive=True):
        found = self.control.directory()["users"]
        return {each["open_id"]: each for each in found if not (alive and each["status"]["is_resigned"])}

    def row_of_person(self, user):
        return (
            *(user["open_id"], user["name"], user["job_title"] or None, sorted(user["department_ids"]) or None),
            *(user["leader_user_id"] or None, user["email"] or None, user["mobile"] or None),
        )

    def people_now(self):
        rows = self.sql("SELECT open_id, name, title, places, leader, email, mobile FROM hr.people")
        return {row[0]: (*row[:3], sorted(row[3]) if row[3] else None, *row[4:]) for row in rows}

    def places_now(self):
        return {row[0]: row for row in self.sql("SELECT place, name, parent, path, leader FROM hr.places")}

    def truth_of_places(self):
        found = {each["open_department_id"]: each for each in self.control.directory()["departments"]}

        def path(place):
            each = found.get(place)
            return [*path(each["parent_department_id"]), each["name"]] if each else []

        return {
            place: (
                place,
                each["name"],
                each["parent_department_id"],
                "/".join(path(place)),
                each["leader_user_id"] or None,
            )
            for place, each in found.items()
        }

    def truth_of_people(self):
        return {open_id: self.row_of_person(user) for open_id, user in self.users().items()}

    def leave_now(self):
        return {row[0]: row for row in self.sql("SELECT code, status, reverted, kind, amount::float FROM hr.leave")}

    def truth_of_leave(self):
        return {each["instance_code"]: _row(each) for each in self.control.instances(self.code)}


def _row(instance):
    form = {widget["name"]: widget["value"] for widget in json.loads(instance["form"])}
    code, status = instance["instance_code"], instance["status"]
    return code, status, instance["reverted"], form.get("请假类型"), form.get("金额")


def disturbed(events, seed):
    """A day's events as they may arrive: some lost, some twice, none in its place."""
    chance = random.Random(seed)
    kept = [event for event in events if chance.random() > 0.2]
    arriving = kept + [event for event in kept if chance.random() < 0.3]
    chance.shuffle(arriving)
    return arriving
