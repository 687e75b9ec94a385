"""A first mapping of a source: written from the form or the fields, with its table."""

from tests.sources.stage import FORM


def test_a_mapping_and_a_table_are_made_from_a_form(stage):
    stage.control.set_quota_scale(0)  # it begins a year back: nine minutes of listing
    stage.leave()
    (stage.folder / "mappings" / "leave.yaml").unlink()
    given = ("init", "--approval", stage.code, "--table", "hr.drafted", "--create-columns")
    shown = stage.run(*given)
    assert (shown.status, "PRIMARY KEY" in shown.out, "金额" in shown.out) == (2, True, True)
    assert stage.sql("SELECT to_regclass('hr.drafted')") == [(None,)]
    stage.ok(*given, "--yes")
    (one,) = stage.ask({"values": {"金额": 4.5, "附件": ["a.pdf"]}})
    stage.ok("check")
    stage.ok("apply")
    stage.json("sync", "drafted")
    assert stage.sql('SELECT instance_code, status, "金额", "附件" FROM hr.drafted') == [
        (one, "PENDING", 4.5, ["a.pdf"])
    ]
    assert len(FORM) == 5


def test_a_mapping_is_written_for_a_table_that_is_there(stage):
    stage.control.hire([{"name": "Ann"}])
    stage.ok("init", "--contacts", "users", "--table", "hr.people")
    text = (stage.folder / "mappings" / "people.yaml").read_text()
    assert "contacts: {kind: users}" in text
    assert "{field: open_id, column: open_id}" in text
    assert "email" not in text
    stage.ok("apply")
    stage.json("sync", "people")
    assert "Ann" in [name for (name,) in stage.sql("SELECT name FROM hr.people")]
    wrong = stage.run("init", "--contacts", "robots", "--table", "hr.people")
    assert (wrong.status, "--contacts users" in wrong.err) == (2, True)
