"""What holds of sources whatever happens: nothing old wins, nothing unseen is cleared, nobody hidden is deleted."""

import pytest

from syncer.engine.tools import Options
from syncer.settings import load_settings
from syncer.simulator.tokens import ALL_SCOPES
from syncer.wiring import Syncer
from tests.sources.stage import HOUR

ALL, SOME = Options(full=True, poll=True), Options(poll=False)


@pytest.fixture
def living(stage):
    with Syncer(load_settings(), grace=0.01, wait=5) as made:
        yield made


def test_an_event_older_than_what_is_stored_changes_nothing(stage, living):
    stage.leave()
    (one,) = stage.ask({"at": stage.now() - 30 * HOUR})
    stage.ok("apply")
    living.sync("leave", ALL)
    stage.control.approve(one)
    early = stage.events()
    stage.control.revert(one)
    stage.deliver(living)
    living.sync("leave", SOME)
    settled = (stage.leave_now()[one], stage.sql("SELECT xmin::text, outcome FROM hr.leave"))
    assert (settled[0][1:3], settled[1][0][1]) == (("CANCELED", True), "REVERTED")
    # The event comes late, and once more under another name, while a replica of Feishu still shows the state before.
    shelf = living.store.shelf("default", ("approval", stage.code))
    (kept,) = shelf.get([one]).values()
    shelf.put([type(kept)(one, {**kept.body, "status": "PENDING", "reverted": False}, kept.moved - 1, kept.until)])
    assert shelf.get([one])[one].body["status"] == "CANCELED"
    stage.deliver(living, early)
    report = living.sync("leave", SOME)
    assert (stage.leave_now()[one], stage.sql("SELECT xmin::text, outcome FROM hr.leave")) == settled
    assert report.to_json()["written"]["database"]["updated"] == 0


def test_a_field_without_its_scope_is_named_and_never_cleared(stage, living):
    stage.control.hire([{"name": "Ann", "email": "ann@example.com", "mobile": "+861"}])
    stage.people()
    stage.ok("apply")
    stage.json("sync", "people")
    before = stage.people_now()
    stage.control.set_scopes(stage.simulator.app_id, ALL_SCOPES - {"contact:user.email:readonly"})
    (ann,) = [open_id for open_id, row in before.items() if row[1] == "Ann"]
    stage.control.edit_person(ann, {"name": "Ann 🌸", "email": "other@example.com"})
    living.sync("people", ALL)
    after = stage.people_now()
    assert (after[ann][1], after[ann][5]) == ("Ann 🌸", "ann@example.com")
    told = stage.run("doctor")
    assert "contact:user.email:readonly" in told.out + told.err
    assert "fields.email" in told.out + told.err
    stage.control.set_scopes(stage.simulator.app_id, ALL_SCOPES)
    living.sync("people", ALL)
    assert stage.people_now()[ann][5] == "other@example.com"


def test_who_is_out_of_range_is_marked_and_who_resigned_is_deleted(stage, living):
    here, there = stage.control.add_department("这里"), stage.control.add_department("那里")
    one, two, three = stage.control.hire(
        [{"name": str(number), "departments": [here if number < 2 else there]} for number in range(3)]
    )
    stage.people()
    stage.ok("apply")
    living.sync("people", ALL)
    stage.control.set_contact_range(stage.simulator.app_id, [here])
    stage.control.resign(one)
    assert stage.deliver(living) == {"people"}
    living.sync("people", SOME)
    hidden = dict(stage.sql("SELECT open_id, hidden FROM hr.people"))
    assert (one in hidden, hidden[two], hidden[three]) == (False, False, True)
    stage.control.set_contact_range(stage.simulator.app_id)
    stage.deliver(living)
    living.sync("people", SOME)
    assert dict(stage.sql("SELECT open_id, hidden FROM hr.people"))[three] is False


@pytest.mark.parametrize("shown", ["shown", "unknown", "forbidden"])
@pytest.mark.parametrize("heard", [True, False], ids=["heard", "unheard"])
def test_who_resigned_is_gone_however_feishu_answers_about_them(stage, living, shown, heard):
    """Only where nobody was told and nobody may look is a person merely out of range."""
    stage.control.set_switches(resigned_user=shown)
    one, two = stage.control.hire([{"name": "李雷"}, {"name": "韩梅梅 🌸"}])
    stage.people()
    stage.ok("apply")
    living.sync("people", ALL)
    stage.events()
    stage.control.resign(one)
    if heard:
        stage.deliver(living)
        living.sync("people", SOME)
    living.sync("people", ALL)
    hidden = dict(stage.sql("SELECT open_id, hidden FROM hr.people"))
    assert hidden[two] is False
    assert hidden.get(one, "gone") == (True if shown == "forbidden" and not heard else "gone")


def test_a_backfill_that_was_cut_short_goes_on_where_it_stopped(stage, living):
    stage.control.set_quota_scale(0)
    stage.leave()
    stage.ask(*[{"at": stage.now() - hours * HOUR, "outcome": "approve"} for hours in range(10, 400, 10)])
    stage.ok("apply")
    stage.control.fault("approval.instance.get", "code", nth=25, times=9, code=1390009, status=403)
    with pytest.raises(Exception, match="1390009"):
        living.sync("leave", ALL)
    stage.control.clear_faults()
    report = living.sync("leave", ALL)
    assert stage.leave_now() == stage.truth_of_leave()
    assert report.calls["approval.instance.get"] < 39 + 24


def test_a_changed_form_is_noticed(stage, living):
    stage.leave()
    (one,) = stage.ask({"values": {"请假类型": "年假"}})
    stage.ok("apply")
    living.sync("leave", ALL)
    form = [{"id": "w1", "name": "类型", "type": "radioV2"}, {"id": "w2", "name": "金额", "type": "amount"}]
    stage.control.edit_approval(stage.code, form)
    assert stage.deliver(living) == {"leave"}
    stage.run("sync", "leave")
    told = " ".join(stage.json("status")["mappings"][0]["warnings"])
    assert "请假类型" in told
    assert stage.leave_now()[one][3] == "年假"
