"""Foreign keys of several columns, and join tables: links that no single column of the table holds."""

import pytest

from syncer.catalog.files import load_file
from syncer.errors import MappingError
from tests.engine.stage import is_quiet

COURSES = "match: [no]\nfields: [{field: 名, column: no}]"
STUDENTS = """match: [no]
fields:
  - {field: 名, column: no}
  - {field: 课程, link: courses, merge: set, through: {table: enrolment, here: student, there: course}}"""


class School:
    """Students and their courses, by a join table."""

    def __init__(self, stage, kind=18):
        self.stage = stage
        self.courses = stage.pair({"名": 1}, "id serial PRIMARY KEY, no text UNIQUE", COURSES, name="courses")
        stage.sql("CREATE TABLE students (id serial PRIMARY KEY, no text UNIQUE)")
        stage.sql(
            "CREATE TABLE enrolment (student int REFERENCES students, course int REFERENCES courses,"
            " since date DEFAULT now(), PRIMARY KEY (student, course))"
        )
        link = {"type": kind, "property": {"table_id": self.courses.place.table_id, "back_field_name": "学生"}}
        self.students = stage.pair({"名": 1, "课程": link}, None, STUDENTS, name="students")

    def enrol(self, student, course):
        self.stage.sql(
            "INSERT INTO enrolment (student, course)"
            " SELECT s.id, c.id FROM students s, courses c WHERE s.no = %s AND c.no = %s",
            student,
            course,
        )

    def settle(self):
        for _ in range(4):
            if not sum(pair.sync().writes for pair in (self.courses, self.students)):
                return
        raise AssertionError("still writes")

    def assert_equal(self):
        names = {record: cells["名"] for record, cells in self.courses.plain().items()}
        shown = {cells["名"]: {names[one] for one in cells.get("课程", ())} for cells in self.students.plain().values()}
        rows = self.stage.sql(
            "SELECT s.no, array_remove(array_agg(c.no), NULL) FROM students s LEFT JOIN enrolment e ON e.student = s.id"
            " LEFT JOIN courses c ON c.id = e.course GROUP BY 1"
        )
        assert shown == {name: set(held) for name, held in rows}
        return shown


@pytest.mark.parametrize(("kind", "capture"), [(18, "scan"), (21, "trigger")])
def test_a_join_table_is_a_field_of_links_and_back(kind, capture, stage):
    stage.capture = capture
    school = School(stage, kind)
    stage.sql("INSERT INTO courses (no) VALUES ('语文'), ('数学 🙂'), ('英语')")
    stage.sql("INSERT INTO students (no) VALUES ('甲'), ('乙')")
    school.enrol("甲", "语文")
    school.enrol("甲", "英语")
    school.courses.sync()
    named = school.courses.by("名")
    (fresh,) = school.students.add({"名": "丙", "课程": [named["语文"], named["数学 🙂"]]})
    school.settle()
    assert school.assert_equal() == {"甲": {"语文", "英语"}, "乙": set(), "丙": {"语文", "数学 🙂"}}
    assert is_quiet(school.students)

    school.enrol("乙", "数学 🙂")
    stage.sql("DELETE FROM enrolment USING students s WHERE s.id = student AND s.no = '甲'")
    school.students.edit(fresh, 课程=[named["英语"], named["语文"]])
    school.settle()
    assert school.assert_equal() == {"甲": set(), "乙": {"数学 🙂"}, "丙": {"语文", "英语"}}

    stage.sql(
        "UPDATE enrolment SET course = c.id FROM courses c, students s"
        " WHERE c.no = '英语' AND s.no = '乙' AND student = s.id"
    )
    school.students.drop(fresh)
    school.settle()
    assert school.assert_equal() == {"甲": set(), "乙": {"英语"}}
    assert stage.sql("SELECT count(*) FROM enrolment") == [(1,)]
    assert is_quiet(school.students, 2)
    assert is_quiet(school.courses, 2)


def test_links_of_a_join_table_wait_for_lines_that_are_not_there_yet(stage):
    school = School(stage)
    stage.sql("INSERT INTO courses (no) VALUES ('语文')")
    stage.sql("INSERT INTO students (no) VALUES ('甲')")
    school.enrol("甲", "语文")
    assert school.students.sync().pending == 1
    assert len(school.students.plain()) == 1
    school.settle()
    assert school.assert_equal() == {"甲": {"语文"}}
    assert is_quiet(school.students)


def test_a_row_of_a_join_table_that_the_database_refuses_is_a_failure_of_its_field(stage):
    school = School(stage)
    stage.sql("ALTER TABLE enrolment ADD CHECK (course <> 2)")
    courses = school.courses.add({"名": "语文"}, {"名": "数学"})
    school.courses.sync()
    refused = school.courses.by("名")
    (wrong,) = [refused[name] for (name,) in stage.sql("SELECT no FROM courses WHERE id = 2")]
    (student,) = school.students.add({"名": "甲"})
    school.settle()
    school.students.edit(student, 课程=[wrong], 名="乙")
    school.students.sync()
    (failure,) = school.students.failures()
    assert (failure.field, "enrolment" in failure.message) == ("课程", True)
    assert stage.sql("SELECT no FROM students") == [("乙",)]
    school.students.edit(student, 课程=[one for one in courses if one != wrong])
    school.settle()
    assert school.students.failures() == []
    assert school.assert_equal()["乙"]


def test_a_foreign_key_of_several_columns_is_one_link(stage):
    depots = stage.pair(
        {"国": 1, "号": 2, "名": 1},
        "country text, no int, name text UNIQUE, PRIMARY KEY (country, no)",
        "match: [country, no]\nfields:\n  - {field: 国, column: country}\n  - {field: 号, column: no}\n"
        "  - {field: 名, column: name}",
        name="depots",
        key="country, no",
    )
    link = {"type": 18, "property": {"table_id": depots.place.table_id, "multiple": False}}
    goods = stage.pair(
        {"货": 1, "库": link},
        "id serial PRIMARY KEY, sku text UNIQUE, at_country text, at_no int,"
        " FOREIGN KEY (at_country, at_no) REFERENCES depots (country, no)",
        "match: [sku]\nfields: [{field: 货, column: sku}, {field: 库, columns: [at_country, at_no], link: depots}]",
        name="goods",
    )
    stage.sql("INSERT INTO depots VALUES ('CN', 1, '甲'), ('CN', 2, '乙'), ('DE \"x\"', 1, '丙 🙂')")
    stage.sql(
        "INSERT INTO goods (sku, at_country, at_no) VALUES ('A', 'CN', 2), ('B', 'DE \"x\"', 1), ('C', NULL, NULL)"
    )
    assert goods.sync().pending == 2
    depots.sync()
    goods.settle()
    named = depots.by("名")
    shown = {cells["货"]: cells.get("库") for cells in goods.plain().values()}
    assert shown == {"A": [named["乙"]], "B": [named["丙 🙂"]], "C": None}
    (fresh,) = goods.add({"货": "D", "库": [named["甲"]]})
    goods.edit(goods.by("货")["A"], 库=[named["丙 🙂"]])
    stage.sql("UPDATE goods SET at_country = NULL, at_no = NULL WHERE sku = 'B'")
    goods.settle()
    rows = stage.sql("SELECT sku, at_country, at_no FROM goods ORDER BY 1")
    assert rows == [("A", 'DE "x"', 1), ("B", None, None), ("C", None, None), ("D", "CN", 1)]
    assert "库" not in goods.plain()[goods.by("货")["B"]]
    assert is_quiet(goods)
    goods.edit(fresh, 库=None)
    goods.settle()
    assert stage.sql("SELECT at_country, at_no FROM goods WHERE sku = 'D'") == [(None, None)]


@pytest.mark.parametrize(
    ("pair", "fault"),
    [
        ("{field: 库, columns: [a, b]}", "columns: is for link fields; add link"),
        ("{field: 库, through: {table: t, here: a, there: b}}", "through: is for link fields; add link"),
        ("{field: 库, link: x, columns: []}", "columns"),
        ("{field: 库, link: x}", "column"),
    ],
)
def test_what_stands_in_place_of_a_column_is_for_links_alone(pair, fault, tmp_path):
    path = tmp_path / "m.yaml"
    path.write_text(
        "version: 1\nname: m\nfeishu: {bitable: {app_token: a, table_id: b}}\n"
        f"database: {{connection: erp, table: t, key: [id]}}\nfields:\n  - {{field: 号, column: id}}\n  - {pair}\n"
    )
    with pytest.raises(MappingError) as caught:
        load_file(path, {})
    assert fault in str(caught.value)


def test_a_join_table_that_is_gone_pauses_its_pair_alone(stage):
    school = School(stage)
    (student,) = school.students.add({"名": "甲"})
    school.settle()
    stage.sql("DROP TABLE enrolment")
    school.students.edit(student, 名="乙")
    report = school.students.sync()
    assert [("enrolment is not there" in sentence) for sentence in report.drift] == [True]
    assert stage.sql("SELECT no FROM students") == [("乙",)]
