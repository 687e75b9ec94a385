"""What a person gets wrong: one sentence that names the place and the mending, the right status, nothing changed."""

import psycopg
import pytest
from sqlalchemy import make_url

from tests.cli.room import MAPPING

NOWHERE = "me:s3cret-word@127.0.0.1:9"


def refused(room, *arguments, status=2, lines=1):
    """What a command says that must change nothing."""
    with room.untouched():
        ended = room.run(*arguments)
    assert ended.status == status, ended
    told = [line for line in ended.err.splitlines() if not line.startswith("warning:")]
    assert len(told) == lines, ended.err
    assert "Traceback" not in ended.err
    assert "s3cret-word" not in ended.out + ended.err
    return ended.err


@pytest.fixture
def filled(room):
    """Both sides hold lines that a first run would carry over."""
    room.add({"订单号": "A-1", "金额": 1.5})
    room.sql("INSERT INTO sales.orders (order_no) VALUES ('B-1')")
    return room


# Files ----------------------------------------------------------------------------------------------------------------

WRONG_IN_A_FILE = {
    "an unknown key": ("key: [id]", "kee: [id]", ":8: database.kee: is no key here; did you mean key?"),
    "a missing table": ("sales.orders", "sales.ordres", ":7: mapping orders: database.table: there is no table"),
    "a missing column": (
        "column: amount",
        "column: amont",
        ":12: mapping orders: fields.金额: the table sales",
    ),
    "a missing field": (
        "field: 金额",
        "field: 金客",
        ":12: mapping orders: fields.金客: the table 订单 has no",
    ),
    "a missing key column": ("key: [id]", "key: [idd]", ":8: mapping orders: database.key.idd:"),
    "a key that is not unique": (
        "key: [id]",
        "key: [loose]",
        "[loose] is not unique and not null in sales",
    ),
    "a read-only field": ("field: 金额, column: amount", "field: 合计, column: total", "write direction: to_database"),
    "a view": ("table: sales.orders", "table: sales.seen", "is a view; name its table, or write direction: to_feishu"),
    "no YAML": ("version: 1", "version: [1", "is not YAML"),
    "a value of a wrong kind": ("version: 1", "version: one", ":1: version: 'one' is none of 1"),
    "what is not built yet": ("version: 1", "version: 1\nsettle: 5s", "is not supported yet"),
    "a link to nowhere": ("column: amount", "column: amount, link: x", "link"),
    "a variable that is not set": ("ORDERS_TABLE_ID", "NO_SUCH_NAME", "NO_SUCH_NAME"),
    "an unknown connection": ("connection: erp", "connection: wms", "set SYNCER_CONNECTIONS__WMS"),
    "an unknown app": ("feishu:\n", "feishu:\n  app: hr\n", "SYNCER_APPS__HR__APP_ID"),
}


def test_a_wrong_mapping_file_is_refused_at_its_line(filled):
    filled.sql("CREATE VIEW sales.seen AS SELECT * FROM sales.orders")
    for what, (old, new, sentence) in WRONG_IN_A_FILE.items():
        filled.rewrite((old, new))
        for command in ("check", "apply"):
            told = refused(filled, command)
            assert sentence in told, what
            assert "mappings/orders.yaml:" in told, what
    assert filled.json("status")["mappings"] == []


def test_all_faults_of_all_files_are_told_at_once(filled):
    filled.rewrite(("column: amount", "column: amont"), ("field: 备注", "field: 备住"))
    other = MAPPING.replace("name: orders", "name: more").replace("table: sales.orders", "table: sales.more")
    filled.write(other.replace("${ORDERS_TABLE_ID}", "tblNoSuchTable00"), "more.yaml")
    told = refused(filled, "check", lines=4)
    for sentence in ("more.yaml:7", "more.yaml:4", "orders.yaml:12", "orders.yaml:13"):
        assert sentence in told


def test_two_mappings_of_the_same_tables_are_refused_however_they_are_spelled(filled):
    filled.write(MAPPING.replace("name: orders", "name: again"), "again.yaml")
    assert "syncs the same two tables" in refused(filled, "check")
    filled.ok("apply", "mappings/orders.yaml")
    other = MAPPING.replace("name: orders", "name: again")
    filled.write(other.replace("sales.orders", "'\"sales\".orders'"), "again.yaml")
    assert "`syncer remove orders`" in refused(filled, "apply", "mappings/again.yaml")


def test_row_security_and_lacking_rights_are_refused(filled, postgres_server):
    role = make_url(filled.erp_url).database + "_plain"
    filled.sql(f"CREATE ROLE {role} LOGIN")
    filled.sql(f"GRANT USAGE ON SCHEMA sales TO {role}; GRANT SELECT ON sales.orders TO {role}")
    filled.set(SYNCER_CONNECTIONS__ERP=make_url(filled.erp_url).set(username=role).render_as_string(False))
    try:
        told = refused(filled, "check", lines=4)
        for sentence in ("lacks INSERT", "lacks UPDATE", "lacks DELETE", "`syncer apply --sql`"):
            assert sentence in told
        filled.sql("ALTER TABLE sales.orders ENABLE ROW LEVEL SECURITY")
        assert "BYPASSRLS" in refused(filled, "apply", lines=5)
        assert f'TO "{role}"' in filled.ok("apply", "--sql").out
    finally:
        filled.sql(f"DROP OWNED BY {role}; DROP ROLE {role}")


def test_a_file_or_folder_that_is_not_there_is_named(filled):
    assert "nofile.yaml" in refused(filled, "check", "nofile.yaml")
    filled.set(SYNCER_MAPPINGS="nowhere")
    assert "nowhere: is no folder" in refused(filled, "apply")
    (filled.folder / "empty").mkdir()
    filled.set(SYNCER_MAPPINGS="empty")
    assert "`syncer init`" in refused(filled, "check")


# Who answers, and who does not ----------------------------------------------------------------------------------------


def test_wrong_credentials_are_refused(filled):
    filled.set(FEISHU_APP_SECRET="s3cret-word")
    told = refused(filled, "check")
    assert "10015" in told
    assert "FEISHU_APP_SECRET" in told


def test_a_feishu_that_does_not_answer_ends_with_5(filled):
    filled.set(FEISHU_DOMAIN="http://127.0.0.1:9")
    assert "check FEISHU_DOMAIN" in refused(filled, "check", status=5)


def test_a_database_that_does_not_answer_ends_with_5_and_one_that_refuses_with_2(filled):
    filled.set(SYNCER_CONNECTIONS__ERP=f"postgresql://{NOWHERE}/erp")
    assert "127.0.0.1:9/erp could not be reached" in refused(filled, "check", status=5)
    for change in ({"database": "nope"}, {"username": "nobody_here"}):
        url = make_url(filled.erp_url).set(**change)
        filled.set(SYNCER_CONNECTIONS__ERP=url.render_as_string(hide_password=False))
        assert "does not exist; correct the setting" in refused(filled, "check")


@pytest.mark.parametrize(
    ("url", "status"), [(f"postgresql://{NOWHERE}/state?password=s3cret-word", 5), ("of no database there is", 2)]
)
def test_a_state_store_that_does_not_answer_ends_with_5_and_one_that_refuses_with_2(filled, url, status):
    if status == 2:
        url = make_url(filled.state_url).set(database="nope").render_as_string(hide_password=False)
    filled.set(SYNCER_DATABASE_URL=url)
    for command in (["status"], ["sync", "--all"], ["conflicts", "list"], ["migrate"], ["apply"], ["approve", "1"]):
        assert "SYNCER_DATABASE_URL" in refused(filled, *command, status=status), command


def test_a_table_or_base_that_feishu_does_not_know_is_named(filled):
    filled.set(ORDERS_TABLE_ID="tblNoSuchTable00")
    assert "tblNoSuchTable00" in refused(filled, "check")
    filled.set(ORDERS_APP_TOKEN="bascnNoSuchBase000000000000")
    told = refused(filled, "check")
    assert "1254040" in told
    assert "check app_token" in told.lower()


def test_a_base_that_is_not_shared_breaks_the_mapping_until_it_is(filled):
    filled.ok("apply")
    filled.control.grant(filled.base, filled.simulator.app_id, "none")
    for command in (["check"], ["sync", "orders"], ["plan", "orders"]):
        told = refused(filled, *command)
        assert "91403" in told
        assert "Add the app to the base" in told
    (standing,) = filled.json("status")["mappings"]
    assert (standing["state"], standing["run_status"]) == ("broken", "refused")
    assert "91403" in " ".join(standing["warnings"])
    filled.control.grant(filled.base, filled.simulator.app_id, "manage")
    filled.ok("sync", "orders")
    assert filled.json("status")["mappings"][0]["state"] == "active"


def test_a_missing_scope_is_named_with_those_that_would_do(filled):
    filled.ok("apply")
    filled.control.set_scopes(filled.simulator.app_id, [])
    for command in (["check"], ["sync", "--all"]):
        told = refused(filled, *command)
        assert "99991672" in told
        assert "one of base:app:read, bitable:app" in told


# Tables that change under a mapping -----------------------------------------------------------------------------------


def test_a_field_or_column_that_is_gone_is_told_and_clears_nothing(filled):
    filled.ok("apply")
    filled.ok("sync", "orders")
    place = (filled.base, filled.place.table_id)
    filled.control.rename_field(*place, "金额", "总价")
    filled.ok("sync", "orders")
    filled.control.delete_field(*place, "总价")
    assert "it was deleted, or is hidden" in filled.ok("sync", "orders", status=3).err
    filled.control.create_field(*place, {"field_name": "金额", "type": 2})
    assert "run `syncer apply` to pair the new field" in filled.ok("sync", "orders", status=3).err
    assert "now another field of that name" in filled.ok("apply").out
    filled.ok("sync", "orders")
    filled.sql("ALTER TABLE sales.orders DROP COLUMN note")
    assert "has no column note" in filled.ok("sync", "orders", status=3).err


# Names and numbers ----------------------------------------------------------------------------------------------------

WRONG_ARGUMENTS = {
    "sync nope": "the mapping nope was never applied",
    "plan nope": "the mapping nope was never applied",
    "status nope": "the mapping nope was never applied",
    "remove nope": "the mapping nope was never applied",
    "pause nope": "the mapping nope was never applied",
    "resume nope": "the mapping nope was never applied",
    "history nope --record rec1": "the mapping nope was never applied",
    "conflicts list --mapping nope": "the mapping nope was never applied",
    "failures list --mapping nope": "the mapping nope was never applied",
    "failures retry --all --mapping nope": "the mapping nope was never applied",
    "mappings history nope": "the mapping nope was never applied",
    "mappings diff nope": "the mapping nope was never applied",
    "mappings rollback orders 9": "mapping orders has no revision 9; there is 1",
    "approve 99": "no run 99; see `syncer status`",
    "approve abc": "'abc' is not the id of a run",
    "approve 99999999999999999999": "is not the id of a run",
    "approve 1": "run 1 of orders was not stopped by a guard",
    "conflicts show 99": "no conflict 99; see `syncer conflicts list`",
    "conflicts show x": "Invalid value for 'ID'",
    "conflicts show 99999999999999999999": "Invalid value for 'ID'",
    "conflicts resolve 99 --take feishu": "no conflict 99",
    "conflicts resolve 1": "--take feishu or --take database",
    "conflicts resolve 1 --take both": "--take",
    "conflicts resolve 1 --value 3": "no conflict 1",
    "failures show 99": "no failure 99; see `syncer failures list`",
    "failures retry": "name the failures to retry, or give --all",
    "failures retry 99": "no failure 99",
    "failures discard 98 99": "no failure 98, 99",
    "history orders": "name the line with --record or with --key",
    "history orders --key {": "--key wants a JSON object",
    "history orders --key [1]": "--key wants a JSON object",
    "sync": "name the mappings to sync, or give --all",
    "sync orders --all": "name the mappings to sync, or give --all",
    "sync orders --wait soon": "--wait",
    "sync --ful orders": "No such option: --ful",
    "plan": "Missing argument 'NAME'",
    "simulator --port 99999": "--port",
    "simulator --port abc": "--port",
}


def test_a_wrong_argument_is_refused_with_what_would_be_right(room):
    room.ok("apply")
    room.ok("sync", "orders")
    room.add({"订单号": "A-1"})
    for line, sentence in WRONG_ARGUMENTS.items():
        told = refused(room, *line.split())
        assert sentence in told, line


def test_a_conflict_is_decided_once_and_only_as_it_was_seen(room):
    room.ok("apply")
    (record,) = room.add({"订单号": "A-1", "备注": "原来"})
    room.ok("sync", "orders")
    room.edit(record, 备注="周一")
    room.sql("UPDATE sales.orders SET note = '周二'")
    room.json("sync", "orders", status=3)
    (seen,) = room.json("conflicts", "list")["conflicts"]
    room.edit(record, 备注="周三")
    room.json("sync", "orders", status=3)
    told = refused(room, "conflicts", "resolve", seen["id"], "--take", "feishu", "--seen", seen["version"])
    assert "moved since it was shown" in told
    room.ok("conflicts", "resolve", seen["id"], "--take", "feishu")
    room.ok("sync", "orders")
    assert room.sql("SELECT note FROM sales.orders") == [("周三",)]
    assert "is settled already" in refused(room, "conflicts", "resolve", seen["id"], "--take", "database")


def test_a_paused_mapping_does_not_run(filled):
    filled.ok("apply")
    filled.ok("pause", "orders")
    assert "`syncer resume orders`" in refused(filled, "sync", "orders")
    assert "left out" in refused(filled, "sync", "--all", status=0)
    filled.ok("resume", "orders")
    filled.ok("sync", "--all")


# Settings -------------------------------------------------------------------------------------------------------------


def test_wrong_settings_are_told_all_at_once_without_their_values(room):
    room.set(SYNCER_HTTP_PORT="eighty", SYNCER_WRITER="row", SYNCER_DATABASE_URL="mysql://me:s3cret-word@h/x")
    (room.folder / ".env").write_text("SYNCER_BATCH_RECORDS=5000\nthis is no line\n")
    told = refused(room, "status", lines=5)
    for name in (
        ".env, line 2",
        "SYNCER_HTTP_PORT",
        "SYNCER_WRITER",
        "SYNCER_DATABASE_URL",
        "SYNCER_BATCH_RECORDS in .env",
    ):
        assert name in told


# Faults of ours -------------------------------------------------------------------------------------------------------


def test_a_fault_of_ours_ends_with_1_and_says_where_to_look(room):
    room.ok("apply")
    with psycopg.connect(room.state_url.replace("+psycopg", ""), autocommit=True) as state:
        state.execute("""UPDATE syncer_state.mapping_revision SET document = '{"document": 3}'""")
    told = refused(room, "mappings", "diff", "orders", status=1)
    assert "this is a fault of the syncer" in told
    assert "--debug" in told
    ended = room.run("--debug", "mappings", "diff", "orders")
    assert (ended.status, "Traceback" in ended.err) == (1, True)
