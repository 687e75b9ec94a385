"""People by what a column calls them, through the real directory calls of the simulator and real runs."""

import pytest

from syncer.simulator.tokens import ALL_SCOPES
from tests.engine.stage import is_quiet

PEOPLE = [
    {"name": "韩梅梅", "email": "Han@a.cn", "employee_no": "007"},
    {"name": "李雷 🙂", "email": "li@a.cn", "employee_no": "008"},
    {"name": "无邮", "email": "", "employee_no": "009"},
]
FIELDS = {"编号": 1, "负责人": 11, "审核人": {"type": 11, "property": {"multiple": False}}}


def mapping(first, second):
    return f"""match: [no]
fields:
  - {{field: 编号, column: no}}
  - {{field: 负责人, column: owners, {first}}}
  - {{field: 审核人, column: checker, {second}}}"""


class Office:
    def __init__(self, stage, people):
        self.stage, self.control = stage, stage.control
        self.control.set_scopes(stage.simulator.app_id, ALL_SCOPES | {"contact:user.employee_id:readonly"})
        self.ids = dict(zip(("han", "li", "bare"), self.control.hire(people), strict=True))
        truth = {each["open_id"]: each for each in self.control.directory()["users"]}
        self.known = {name: truth[open_id] for name, open_id in self.ids.items()}

    def pair(self, first, second):
        columns = "id serial PRIMARY KEY, no text UNIQUE, owners text[], checker text"
        return self.stage.pair(FIELDS, columns, mapping(first, second))

    def cell(self, *names):
        return [{"id": self.ids[name]} for name in names]


@pytest.fixture
def office(stage):
    return Office(stage, PEOPLE)


def shown(pair, number):
    (found,) = [line for line in pair.plain().values() if line["编号"] == number]
    return found


@pytest.mark.parametrize("what", ["open_id", "union_id", "user_id", "email", "employee_no"])
def test_people_go_both_ways_by_whatever_the_column_calls_them(what, office):
    pair = office.pair(f"person: {what}", f"person: {what}")
    called = {name: str(office.known[name][what]) for name in ("han", "li")}
    pair.add({"编号": "A", "负责人": office.cell("han", "li"), "审核人": office.cell("li")}, {"编号": "C"})
    pair.sql("INSERT INTO {t} (no, owners, checker) VALUES ('B', %s, %s)", [called["li"]], called["han"])
    pair.settle()
    assert [f.message for f in pair.failures()] == []
    owners, checker = pair.rows("owners, checker", order="no")[0]
    assert (set(owners), checker) == (set(called.values()), called["li"])
    assert (shown(pair, "B")["负责人"], shown(pair, "B")["审核人"]) == ([office.ids["li"]], [office.ids["han"]])
    assert is_quiet(pair, 5 if what == "email" else 0)
    (record,) = [record for record, line in pair.plain().items() if line["编号"] == "B"]
    pair.edit(record, 负责人=None)
    pair.sql("UPDATE {t} SET checker = NULL WHERE no = 'A'")
    pair.settle()
    assert pair.rows("owners", order="no")[1] == (None,)
    assert "审核人" not in shown(pair, "A")
    assert [f.message for f in pair.failures()] == []


def test_people_of_a_whole_table_are_asked_for_in_batches_and_once(office):
    pair = office.pair("person: email", "person: open_id")
    more = office.control.hire(
        [{"name": f"员工{n}", "email": f"e{n}@a.cn", "employee_no": f"e{n}"} for n in range(120)]
    )
    pair.add(*({"编号": f"F{n}", "负责人": [{"id": open_id}]} for n, open_id in enumerate(more)))
    pair.sql("INSERT INTO {t} (no, owners) SELECT 'D' || n, ARRAY['e' || n || '@a.cn'] FROM generate_series(0, 119) n")
    before = office.control.counts()
    pair.settle()
    pair.sync(full=True)
    after = office.control.counts()
    asked = {api: after[api] - before.get(api, 0) for api in after if api.startswith("contact.")}
    assert sum(asked.values()) <= 12
    assert len(pair.rows()) == len(pair.plain()) == 240
    assert (shown(pair, "D7")["负责人"], pair.failures()) == ([more[7]], [])


def test_people_of_a_few_lines_are_asked_for_in_batches_too(office):
    pair = office.pair("person: email", "person: open_id")
    (record,) = pair.add({"编号": "A"})
    pair.sql("INSERT INTO {t} (no) SELECT 'D' || n FROM generate_series(0, 59) n")
    pair.settle()
    more = office.control.hire([{"name": f"员工{n}", "email": f"e{n}@a.cn"} for n in range(180)])
    pair.edit(record, 负责人=[{"id": more[0]}])
    pair.add(*({"编号": f"F{n}", "负责人": [{"id": open_id}]} for n, open_id in enumerate(more[:60])))
    pair.sql("UPDATE {t} SET owners = ARRAY['e' || 59 + id || '@a.cn'], checker = NULL WHERE no LIKE 'D%'")
    pair.sql(
        "INSERT INTO {t} (no, owners) SELECT 'N' || n, ARRAY['e' || n || '@a.cn'] FROM generate_series(120, 179) n"
    )
    before = office.control.counts()
    pair.sync()
    after = office.control.counts()
    asked = {api: n for api in after if api.startswith("contact.") and (n := after[api] - before.get(api, 0))}
    assert sum(asked.values()) <= 10, asked
    assert (pair.rows("owners", order="no")[0], pair.failures()) == ((["e0@a.cn"],), [])
    assert len(shown(pair, "N179")["负责人"]) == 1
    assert is_quiet(pair, 2)


@pytest.mark.parametrize("unknown", ["reject", "empty", "{default: han@a.cn}"])
def test_somebody_who_is_not_known_fails_alone_or_is_left_empty(unknown, office):
    pair = office.pair(f"person: email, unknown: {unknown}", "person: open_id")
    pair.sql("INSERT INTO {t} (no) VALUES ('A')")
    pair.settle()
    pair.sql("UPDATE {t} SET owners = '{nobody@a.cn}', checker = %s", office.ids["li"])
    report = pair.sync()
    line = shown(pair, "A")
    assert line["审核人"] == [office.ids["li"]]
    if unknown == "reject":
        assert report.failures == 1
        (failure,) = pair.failures()
        assert (failure.field, "nobody in Feishu" in failure.message) == ("负责人", True)
        assert "负责人" not in line
        return
    assert line.get("负责人") == (None if unknown == "empty" else [office.ids["han"]])
    assert [f.message for f in pair.failures()] == []
    assert pair.rows("owners") == [(["nobody@a.cn"],)]
    assert is_quiet(pair, 2)


def test_somebody_without_a_mail_and_somebody_out_of_sight_are_failures_that_say_why(office):
    pair = office.pair("person: email", "person: user_id")
    place = office.control.add_department("销售")
    (hidden,) = office.control.hire([{"name": "远", "email": "far@a.cn", "departments": [place]}])
    office.control.set_contact_range(office.stage.simulator.app_id, departments=[], users=list(office.ids.values()))
    (record,) = pair.add({"编号": "A"})
    pair.settle()
    pair.edit(record, 负责人=office.cell("bare"), 审核人=[{"id": hidden}])
    pair.sync()
    reasons = {failure.field: failure.message for failure in pair.failures()}
    assert "无邮 has no email in Feishu" in reasons["负责人"]
    assert "may not see" in reasons["审核人"]


def test_what_the_app_may_not_see_of_people_names_the_scope_it_lacks(office):
    pair = office.pair("person: email", "person: user_id")
    office.control.set_scopes(office.stage.simulator.app_id, ALL_SCOPES)
    pair.add({"编号": "A", "负责人": office.cell("han"), "审核人": office.cell("li")})
    pair.sync()
    reasons = {failure.field: failure.message for failure in pair.failures()}
    assert "grant the app contact:user.employee_id:readonly" in reasons["审核人"]


def test_an_id_of_another_app_is_refused_with_the_reason(office):
    pair = office.pair("person: open_id", "person: union_id")
    pair.sql("INSERT INTO {t} (no) VALUES ('A')")
    pair.settle()
    office.control.fault("contact.user.get", "code", code=99992361, status=400)
    pair.sql("UPDATE {t} SET owners = '{ou_of_another_app}', checker = 'on_nobody'")
    pair.sync()
    reasons = {failure.field: failure.message for failure in pair.failures()}
    assert "belongs to another app" in reasons["负责人"]
    assert "nobody in Feishu" in reasons["审核人"]
