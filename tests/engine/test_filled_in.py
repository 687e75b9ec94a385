"""What the database fills in by itself (keys, defaults, triggers) stands in Bitable after the same run."""

from tests.engine.stage import written

FIELDS = {"订单号": 1, "编号": 2, "状态": 1, "版本": 2}
COLUMNS = """id integer GENERATED ALWAYS AS IDENTITY (START 100) PRIMARY KEY, order_no text UNIQUE,
  state text DEFAULT '新', version integer DEFAULT 0"""
MAPPING = """match: [order_no]
fields:
  - {field: 订单号, column: order_no}
  - {field: 编号, column: id, direction: to_feishu}
  - {field: 状态, column: state}
  - {field: 版本, column: version, direction: to_feishu}
"""
COUNT = """CREATE FUNCTION count_up() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN NEW.version := OLD.version + 1; RETURN NEW; END $$;
  CREATE TRIGGER count_up BEFORE UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION count_up()"""


def test_a_generated_key_and_defaults_appear_in_bitable_in_the_same_run(stage):
    pair = stage.pair(FIELDS, COLUMNS, MAPPING)
    records = pair.add({"订单号": "A"}, {"订单号": "B", "状态": "旧"})
    assert written(pair.sync()) == {"database create": 2, "feishu update": 2}
    assert pair.plain()[records[0]] == {"订单号": "A", "编号": 100, "状态": "新", "版本": 0}
    assert pair.plain()[records[1]] == {"订单号": "B", "编号": 101, "状态": "旧", "版本": 0}
    assert not pair.settle().writes


def test_what_a_trigger_writes_appears_in_bitable_in_the_same_run_once_per_write(stage):
    pair = stage.pair(FIELDS, COLUMNS, MAPPING)
    (record,) = pair.add({"订单号": "A"})
    pair.settle()
    stage.sql(COUNT)
    pair.edit(record, 状态="改")
    assert written(pair.sync()) == {"database update": 1, "feishu update": 1}
    assert pair.plain()[record]["版本"] == 1
    for _ in range(3):
        assert not pair.sync().writes
    assert pair.rows("version") == [(1,)]


def test_a_trigger_that_changes_what_was_just_written_wins_and_rests(stage):
    pair = stage.pair(FIELDS, COLUMNS, MAPPING)
    (record,) = pair.add({"订单号": "A"})
    pair.settle()
    stage.sql(COUNT.replace("NEW.version := OLD.version + 1", "NEW.state := NEW.state || '!'"))
    pair.edit(record, 状态="改")
    assert written(pair.sync()) == {"database update": 1, "feishu update": 1}
    assert pair.plain()[record]["状态"] == "改!"
    for _ in range(3):
        assert not pair.sync().writes
    assert pair.rows("state") == [("改!",)]


def test_default_values_of_the_mapping_fill_new_lines_on_both_sides(stage):
    mapping = MAPPING.replace("column: state}", "column: state, default: {feishu: 甲, database: 乙}}")
    pair = stage.pair(FIELDS, COLUMNS.replace("DEFAULT '新'", ""), mapping)
    pair.add({"订单号": "F"})
    pair.sql("INSERT INTO {t} (order_no) VALUES ('D')")
    pair.sync()
    pair.settle()
    assert {cells["订单号"]: cells["状态"] for cells in pair.plain().values()} == {"F": "乙", "D": "甲"}
    assert dict(pair.rows("order_no, state")) == {"F": "乙", "D": "甲"}


def test_columns_the_mapping_names_are_stamped_on_every_write(stage):
    extra = ", on_insert: {origin: {value: syncer}}, on_update: {touched: {now: true}}"
    columns = COLUMNS + ", origin text, touched timestamptz"
    pair = stage.pair(FIELDS, columns, MAPPING, extra=extra)
    (record,) = pair.add({"订单号": "A"})
    pair.settle()
    assert pair.rows("origin, touched") == [("syncer", None)]
    pair.edit(record, 状态="改")
    pair.settle()
    assert pair.rows("touched")[0][0] is not None
