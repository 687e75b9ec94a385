"""Approvals and contacts through the commands: checked, applied, planned, synced, and what is said of them."""

import psycopg

from tests.sources.stage import CHILDREN, HOUR, PARTS, PEOPLE


def test_people_and_departments_go_into_their_tables(stage):
    top = stage.control.add_department("公司", department_id="c")
    low = stage.control.add_department("研发 🚀", parent=top)
    boss, dev = stage.control.hire(
        [{"name": "老板", "departments": [top]}, {"name": "Dev", "departments": [low, top], "email": "d@example.com"}]
    )
    stage.control.edit_person(dev, {"leader": boss, "job_title": "工程师"})
    stage.people()
    stage.places()
    stage.ok("check")
    stage.ok("apply")
    planned = stage.json("plan", "people")
    assert planned["planned"]["database"]["created"] == len(stage.users())
    ended = stage.json("sync", "people")
    assert ended["written"]["database"]["created"] == len(stage.users())
    assert ended["calls"]["contact.user.find_by_department"] == 3
    assert stage.people_now() == stage.truth_of_people()
    stage.json("sync", "places")
    assert stage.places_now() == stage.truth_of_places()
    assert stage.places_now()[low][3] == "公司/研发 🚀"
    again = stage.json("sync", "people", "--full")
    assert again["written"]["database"] == {"created": 0, "updated": 0, "deleted": 0}
    history = stage.json("history", "people", "--record", dev)
    assert history


def test_an_approval_and_its_tasks_go_into_their_tables(stage):
    stage.leave(children=CHILDREN)
    span = {"start": "2026-10-01T08:00:00+08:00", "end": "2026-10-02T18:00:00+08:00", "interval": 1.5}
    rows = [[{"id": "w6", "name": "项目 🧾", "type": "input", "value": "票"}]]
    values = {"请假类型": "年假", "金额": "1234.5", "请假时间": span, "附件": ["a.pdf"], "明细": rows}
    one, two = stage.ask({"values": values, "at": stage.now() - 40 * HOUR, "outcome": "approve"}, {})
    stage.ok("check")
    stage.ok("apply")
    stage.json("sync", "leave")
    stage.json("sync", "leave-tasks")
    assert stage.leave_now() == {
        one: (one, "APPROVED", False, "年假", 1234.5),
        two: (two, "PENDING", False, None, None),
    }
    ((starts, files, rows, length),) = stage.sql(
        "SELECT starts AT TIME ZONE 'UTC', files, rows, jsonb_array_length(timeline) FROM hr.leave WHERE kind <> ''"
    )
    assert (str(starts), files, rows, length) == ("2026-10-01 00:00:00", ["a.pdf"], [{"项目 🧾": "票"}], 2)
    assert sorted(stage.sql("SELECT code, who, status FROM hr.tasks")) == sorted(
        [(one, stage.boss, "APPROVED"), (two, stage.boss, "PENDING")]
    )
    assert stage.control.subscriptions() == []
    assert stage.json("status")["mappings"][0]["warnings"] == []


def test_detail_rows_timeline_and_comments_are_tables_of_their_own_that_follow(stage):
    stage.sql("""
        CREATE TABLE hr.rows (line text PRIMARY KEY, code text, place int, what text);
        CREATE TABLE hr.steps (line text PRIMARY KEY, kind text, who text, at timestamptz);
        CREATE TABLE hr.talk (line text PRIMARY KEY, who text, words text);
    """)
    stage.leave(children=PARTS)

    def bill(*whats):
        return {"明细": [[{"id": "w6", "name": "项目 🧾", "type": "input", "value": what}] for what in whats]}

    one, two = stage.ask({"values": bill("车票", "🏨")}, {"values": bill()})
    stage.control.comment(one, stage.boss, "为什么 🏨?")
    stage.ok("check")
    stage.ok("apply")
    stage.ok("sync", "--all")
    rows = "SELECT code, place, what FROM hr.rows ORDER BY code, place"
    assert stage.sql(rows) == [(one, 0, "车票"), (one, 1, "🏨")]
    assert stage.sql("SELECT who, words FROM hr.talk") == [(stage.boss, "为什么 🏨?")]
    steps = "SELECT kind, who FROM hr.steps WHERE line LIKE %s ORDER BY at, line"
    assert stage.sql(steps, f"{one}/%") == [("START", stage.asker)]
    stage.control.approve(one)
    stage.ok("sync", "--all", "--full")
    assert stage.sql(steps, f"{one}/%") == [("START", stage.asker), ("PASS", stage.boss)]
    assert stage.sql(steps, f"{two}/%") == [("START", stage.asker)]
    for name in ("leave-rows", "leave-steps", "leave-talk"):
        assert stage.json("sync", name, "--full")["written"]["database"] == {"created": 0, "updated": 0, "deleted": 0}


def test_what_was_read_is_forgotten_with_the_last_mapping_that_reads_it(stage):
    stage.people()
    stage.write(PEOPLE.replace("name: people", "name: again", 1).replace("hr.people", "hr.crew"), "again.yaml")
    stage.sql("CREATE TABLE hr.crew (LIKE hr.people INCLUDING ALL)")
    stage.control.hire([{"name": "韩梅梅", "email": "han@example.com"}])
    stage.ok("apply")
    stage.ok("sync", "--all")
    kept = "SELECT count(*) FROM syncer_state.shelf WHERE body LIKE '%han@example.com%'"
    with psycopg.connect(stage.state_url.replace("+psycopg", ""), autocommit=True) as state:
        assert state.execute(kept).fetchone() == (1,)
        stage.ok("remove", "again")
        assert state.execute(kept).fetchone() == (1,)
        stage.ok("remove", "people")
        assert state.execute(kept).fetchone() == (0,)


def test_a_source_is_only_read_and_says_so(stage):
    path = stage.people()
    path.write_text(path.read_text().replace("fields:", "direction: both\nfields:", 1))
    ended = stage.run("check")
    assert ended.status == 2
    assert "direction: approvals and contacts are only read" in ended.err
