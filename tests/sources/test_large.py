"""A large backfill, a day of events that go astray, and the night that puts all right."""

import random
import time

import pytest

from syncer.engine.tools import Options
from syncer.settings import load_settings
from syncer.simulator.control import ControlError
from syncer.wiring import Syncer
from tests.sources.stage import DAY, HOUR, disturbed

ALL, SOME = Options(full=True, poll=True), Options(poll=False)


@pytest.fixture
def living(stage):
    stage.control.set_quota_scale(0)  # how many calls is what is measured here; how fast they may be, elsewhere
    with Syncer(load_settings(), grace=0.01, wait=5) as made:
        yield made


def test_three_thousand_instances_and_a_day_of_events(stage, living):
    chance = random.Random(7)
    stage.leave(days=90)
    now = stage.now()
    asks = [_ask(chance, now - chance.randrange(89 * DAY)) for _ in range(3000)]
    made = stage.ask(*asks)
    stage.ok("apply")
    report = living.sync("leave", ALL)
    assert stage.leave_now() == stage.truth_of_leave()
    windows = -(-(90 * 24) // 10)
    calls = {api: count for api, count in report.calls.items() if api.startswith("approval")}
    assert sum(calls.values()) <= 1.05 * (3000 + windows), calls
    stage.events()

    # Each event by itself: within a second of it the table holds what Feishu does.
    pending = [code for code, row in stage.truth_of_leave().items() if row[1] == "PENDING"]
    for code in pending[:5]:
        stage.control.approve(code)
        began = time.monotonic()
        assert stage.deliver(living) == {"leave"}
        report = living.sync("leave", SOME)
        seconds = time.monotonic() - began
        assert stage.leave_now()[code] == stage.truth_of_leave()[code], f"{report.to_json()}"
        assert seconds < 1

    # A day: whatever happens to the events, the night puts it right.
    _live_a_day(stage, chance, made)
    stage.deliver(living, disturbed(stage.events(), 7))
    living.sync("leave", SOME)
    night = living.sync("leave", ALL)
    assert stage.leave_now() == stage.truth_of_leave()
    assert night.calls["approval.instance.list"] <= 5


def _ask(chance, at):
    outcome = chance.choice(["approve"] * 7 + ["reject", "cancel", None])
    values = {"请假类型": chance.choice(["年假", "病假 🤒"]), "金额": chance.randrange(10**6) / 100}
    return {"values": values, "at": at, **({"outcome": outcome, "after": HOUR} if outcome else {})}


def _live_a_day(stage, chance, made):
    for _ in range(150):
        code = chance.choice(made)
        deed = chance.choice([stage.control.approve, stage.control.reject, stage.control.recall, stage.control.revert])
        try:
            deed(code)
        except ControlError:  # not every deed is possible on every instance
            continue
    stage.ask(*[{**_ask(chance, stage.now()), "after": 0} for _ in range(20)])


def test_five_thousand_people_in_three_hundred_departments_and_a_day_of_events(stage, living):
    chance = random.Random(3)
    places = [stage.control.add_department("公司")]
    for number in range(299):
        places.append(stage.control.add_department(f"部门{number}", parent=chance.choice(places)))
    people = stage.control.hire([_person(chance, places, number) for number in range(5000)])
    stage.people()
    stage.places()
    stage.ok("apply")
    members = dict.fromkeys(["0", *places], 0)
    for user in stage.users().values():
        for place in user["department_ids"]:
            members[place] += 1
    report = living.sync("people", ALL)
    assert stage.people_now() == stage.truth_of_people()
    fewest = 300 // 50 + sum(max(1, -(-count // 50)) for count in members.values())
    assert sum(count for api, count in report.calls.items() if api.startswith("contact")) <= 1.05 * fewest, report.calls
    living.sync("places", ALL)
    assert stage.places_now() == stage.truth_of_places()
    stage.events()

    for one in people[:5]:
        stage.control.move_person(one, [chance.choice(places)])
        began = time.monotonic()
        assert stage.deliver(living) == {"people"}
        report = living.sync("people", SOME)
        seconds = time.monotonic() - began
        assert stage.people_now()[one] == stage.truth_of_people()[one], f"{report.to_json()}"
        assert seconds < 1
    stage.control.edit_department(places[1], name="改名 ✨")
    assert stage.deliver(living) == {"places"}
    living.sync("places", SOME)
    assert stage.places_now() == stage.truth_of_places()

    _change_people(stage, chance, people, places)
    stage.deliver(living, disturbed(stage.events(), 3))
    living.sync("people", SOME)
    living.sync("people", ALL)
    living.sync("places", ALL)
    assert stage.people_now() == stage.truth_of_people()
    assert stage.places_now() == stage.truth_of_places()


def _person(chance, places, number):
    departments = chance.sample(places, 2 if number % 10 == 0 else 1)
    return {"name": f"人{number}", "departments": departments, "email": f"p{number}@example.com"}


def _change_people(stage, chance, people, places):
    for one in chance.sample(people, 80):
        deed = chance.randrange(4)
        if deed == 0:
            stage.control.resign(one)
        elif deed == 1:
            stage.control.move_person(one, chance.sample(places, 2))
        else:
            stage.control.edit_person(
                one, {"name": f"新{deed}", "mobile": str(chance.randrange(10**10)), "job_title": "长"}
            )
    stage.control.hire([_person(chance, places, 10_000 + number) for number in range(10)])
    stage.control.move_department(places[-1], places[0])
