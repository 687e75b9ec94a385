"""``docs/field-types.md`` is true: the pairs it names are those there are, and each was carried for real.

One table in the simulator and one in PostgreSQL hold a field and a column for every pair of the page. The whole of them
travels through the real doors in a handful of calls.
"""

import contextlib
import json
import re
from decimal import Decimal
from itertools import zip_longest
from uuid import uuid4

import psycopg
import pytest

from syncer.batching.writer import LocalWriter
from syncer.core.mapping import Misfit
from syncer.core.records import Side
from syncer.core.values import is_empty
from syncer.database.connections import make_engine
from syncer.database.rows import PostgresRows
from syncer.feishu.bitable import BitableRecords
from syncer.fields.forms import ImpossiblePair
from syncer.fields.registry import FIELDS as KNOWN
from syncer.fields.registry import translator, writable
from syncer.ports import ColumnInfo, FieldInfo, RecordWrite, RowInsert, RowUpdate, Written
from syncer.simulator.server import SimulatorServer
from tests.feishu.stage import WallClock, client_of
from tests.fields import contents
from tests.fields.page import COLUMNS, ENUM, FIELDS, rows
from tests.fields.pairs import SHANGHAI, fits

ROWS = tuple(rows())
_STAND_IN = re.compile(r"(rec|file)#\d+")
BOTH = [row.name for row in ROWS if row.both]
OTHERS = (
    "bytea",
    "timetz",
    "money",
    "xml",
    "inet",
    "int4range",
    "point",
    "bit(3)",
    "uuid[]",
    "bool[]",
    "jsonb[]",
    "bytea[]",
)


class Stage:
    """Both tables, the doors to them, and a translator for every pair of the page."""

    def __init__(self, simulator, url, client):
        self.control, self.url = simulator.control, url.replace("+psycopg", "")
        base = self.control.create_base(time_zone="Asia/Shanghai")
        linked = self.control.create_table(base, "客户", [{"field_name": "名称", "type": 1}])
        made = self.control.add_records(*_place(linked), [{"名称": f"甲{number}"} for number in range(500)])
        self.made = {f"rec#{number}": record for number, record in enumerate(made)}
        self.made |= {f"file#{number}": self.control.add_file(base, f"图🙂{number}.png") for number in range(100)}
        fields = [{"field_name": "行", "type": 2}, *(_field(row, linked.table_id) for row in ROWS)]
        self.place = self.control.create_table(base, "表", fields)
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(f"CREATE TYPE mood AS ENUM ({', '.join(repr(label) for label in ENUM)})")
            columns = [f'"{row.name}" {row.sql}' for row in ROWS]
            connection.execute(f"CREATE TABLE held (id int PRIMARY KEY, {', '.join(columns)})")
        self.names = [row.name for row in ROWS]
        self.engine = make_engine(url)
        self.rows = PostgresRows(
            self.engine, "held", key=["id"], columns=self.names, clock=WallClock(), mapping="orders"
        )
        self.rows.prepare()
        self.records = BitableRecords(client, *self.where, LocalWriter(WallClock(), patience=5))
        known = {field.name: field for field in self.records.info().fields}
        held = {column.name: column for column in self.rows.info().columns}
        self.carry = {name: translator(known[name], held[name], timezone=SHANGHAI) for name in self.names}

    @property
    def where(self):
        return _place(self.place)

    def real(self, tried):
        """The same with what was made in place of its stand-ins."""
        return json.loads(_STAND_IN.sub(lambda found: self.made[found[0]], json.dumps(tried)))

    def seen(self):
        """Every record's cells, by the number in its first field."""
        pages = self.records.read(["行", *self.names])
        return {round(record.cells["行"]): record for page in pages for record in page.records}

    def values(self, record):
        """The value of every field of a record."""
        return {name: carry.from_cell(record.cells.get(name)) for name, carry in self.carry.items()}

    def written(self, number, values, row=None):
        """The row after one write: inserted, or updated if there is one."""
        if row is None:
            inserts, updates = [RowInsert("it", {"id": number, **values})], []
        else:
            inserts, updates = [], [RowUpdate("it", row.key, values, row.print)]
        outcome = self.rows.write(str(uuid4()), inserts, updates, [])["it"]
        assert isinstance(outcome, Written), outcome
        return outcome.row


def _place(table):
    return table.app_token, table.table_id


def _field(row, linked):
    field = {"field_name": row.name, **FIELDS[row.field]}
    if row.field in {"Formula", "Lookup"}:
        return field | {"property": {"result_type": contents.result_type(row.column)}}
    return field | {"property": {"table_id": linked}} if row.field.endswith("link") else field


@pytest.fixture(scope="module")
def simulator():
    with SimulatorServer(quota_scale=0) as server:
        yield server


@pytest.fixture
def stage(simulator, database):
    client = client_of(simulator, timeout=60.0)
    stage = Stage(simulator, database, client)
    yield stage
    client.close()
    stage.engine.dispose()


def lines(tried):
    """Line by line what every pair is tried with, by the pair's name; the first line is empty."""
    columns = [[(name, item) for item in items] for name, items in tried.items()]
    return [{}, *(dict(filter(None, line)) for line in zip_longest(*columns))]


def test_the_page_names_exactly_the_pairs_there_are():
    named = {(FIELDS[row.field]["type"], row.column) for row in ROWS}
    possible = set()
    for field in KNOWN:
        for column, sql in (COLUMNS | dict.fromkeys(OTHERS, "")).items():
            info = ColumnInfo("c", re.sub(r"\(.*?\)", "", sql or column), enum=ENUM if "mood" in sql else ())
            with contextlib.suppress(ImpossiblePair):
                translator(FieldInfo("f", "n", field, ""), info, timezone=SHANGHAI)
                possible.add((field, column))
    assert named == possible
    assert {row.field for row in ROWS} == set(FIELDS)
    assert {row.name: row.both for row in ROWS} == {row.name: _goes_both_ways(row) for row in ROWS}


def _goes_both_ways(row):
    column = ColumnInfo("c", re.sub(r"\(.*?\)", "", COLUMNS[row.column]), enum=ENUM if "enum" in row.column else ())
    return Side.FEISHU in writable(FieldInfo("f", "n", FIELDS[row.field]["type"], ""), column)


def to_database(stage, cells):
    """What each column will hold of a record; what does not fit is left out."""
    predicted = {}
    for name, carry in stage.carry.items():
        with contextlib.suppress(Misfit):
            predicted[name] = carry.to_database(carry.from_cell(cells.get(name)))
    return predicted


def to_feishu(stage, columns):
    """What each field will show of a row; what does not fit, and what Feishu alone writes, is left out."""
    predicted = {}
    for name, column in zip(stage.names, columns, strict=True):
        if name not in BOTH:
            continue
        with contextlib.suppress(Misfit):
            predicted[name] = stage.carry[name].to_feishu(stage.carry[name].from_column(column))
    return predicted


def bound(stage, predicted):
    return {name: stage.carry[name].column(value) for name, value in predicted.items()}


def sent(stage, predicted):
    return {name: stage.carry[name].cell(value) for name, value in predicted.items()}


def read(stage, columns):
    """The value of each column; what is unreadable is left out."""
    held = zip(stage.names, columns, strict=True)
    return {name: value for name, column in held for value in fits(stage.carry[name].from_column, column)}


def differences(predicted, seen):
    return [(name, value, seen.get(name)) for name, value in predicted.items() if seen.get(name) != value]


def never_full(names, values):
    """The names that had something to say in none of the lines: nothing was tried there."""
    return [name for name in names if all(is_empty(line.get(name)) for line in values)]


def test_what_people_write_is_held_as_predicted_and_cleared_when_they_clear_it(stage):
    tried = stage.real(lines({row.name: contents.cells(FIELDS[row.field]["type"], row.column) for row in ROWS}))
    ids = stage.control.add_records(*stage.where, [{"行": number} | cells for number, cells in enumerate(tried)])
    predicted = {number: to_database(stage, record.cells) for number, record in stage.seen().items()}
    held = {number: stage.written(number, bound(stage, values)) for number, values in predicted.items()}
    seen = {number: read(stage, row.columns) for number, row in held.items()}
    assert [wrong for number in held for wrong in differences(predicted[number], seen[number])] == []
    assert never_full(stage.names, seen.values()) == []

    stage.control.edit_records(*stage.where, dict.fromkeys(ids, dict.fromkeys(BOTH)))
    for number, record in stage.seen().items():
        emptied = {name: value for name, value in to_database(stage, record.cells).items() if name in BOTH}
        row = stage.written(number, bound(stage, emptied), held[number])
        left = {name: value for name, value in read(stage, row.columns).items() if name in BOTH}
        assert {name: value for name, value in left.items() if value not in (None, False)} == {}


def test_what_the_database_holds_is_shown_as_predicted_and_cleared_with_it(stage):
    tried = lines({row.name: contents.held(row.column, FIELDS[row.field]["type"]) for row in ROWS if row.both})
    tried = stage.real(tried)
    with psycopg.connect(stage.url, autocommit=True) as connection:
        for number, texts in enumerate(tried):
            names = "".join(f', "{name}"' for name in texts)
            values = f"({', '.join(['%s'] * (len(texts) + 1))})"
            connection.execute(f"INSERT INTO held (id{names}) VALUES {values}", [number, *texts.values()])
    held = [row for page in stage.rows.read() for row in page.rows]
    predicted = [to_feishu(stage, row.columns) for row in held]
    cells = [{"行": number} | sent(stage, values) for number, values in enumerate(predicted)]
    ids = stage.records.create(cells, str(uuid4()))
    shown = [stage.values(record) for _, record in sorted(stage.seen().items())]
    assert [wrong for one, other in zip(predicted, shown, strict=True) for wrong in differences(one, other)] == []
    assert never_full(BOTH, shown) == []
    assert [wrong for one, other in zip(held, shown, strict=True) for wrong in unstable(stage, one, other)] == []

    with psycopg.connect(stage.url, autocommit=True) as connection:
        connection.execute(f"UPDATE held SET {', '.join(f'{chr(34)}{name}{chr(34)} = NULL' for name in BOTH)}")
    emptied = [to_feishu(stage, row.columns) for page in stage.rows.read() for row in page.rows]
    writes = zip(ids, emptied, strict=True)
    stage.records.update([RecordWrite(id_, sent(stage, values)) for id_, values in writes])
    left = [stage.values(record) for record in stage.seen().values()]
    assert [value for line in left for name, value in line.items() if name in BOTH and value not in (None, False)] == []


def unstable(stage, row, shown):
    """The pairs that would be written back though nobody changed anything: what is shown must mean what is held."""
    for name, value in read(stage, row.columns).items():
        carry = stage.carry[name]
        if name in BOTH and fits(carry.to_feishu, value) not in ([], [shown[name]]):
            yield name, value, shown[name]


def test_every_example_is_true(stage):
    given = [row for row in ROWS if row.example]
    stage.control.add_record(*stage.where, {"行": 0} | {row.name: row.example[0] for row in given})
    predicted = to_database(stage, stage.seen()[0].cells)
    row = stage.written(0, bound(stage, predicted))
    with psycopg.connect(stage.url) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        texts = ", ".join(f'"{row.name}"::text' for row in given)
        held = connection.execute(f"SELECT {texts} FROM held").fetchone()
    assert dict(zip([row.name for row in given], held, strict=True)) == {row.name: row.example[1] for row in given}
    back = sent(stage, to_feishu(stage, row.columns))
    assert {row.name: back[row.name] for row in given} == {row.name: row.example[2] for row in given}


def test_a_url_keeps_its_text_until_its_link_changes(stage):
    shown = {"text": "官网", "link": "http://a.cn"}
    stage.control.add_record(*stage.where, {"行": 0, "URL text": shown, "Text text": "旧"})
    row = stage.written(0, {"URL text": "http://a.cn", "Text text": "新"})
    record, after = stage.seen()[0], to_feishu(stage, row.columns)
    changed = differences(after, stage.values(record))
    assert [name for name, _, _ in changed] == ["Text text"]
    stage.records.update([RecordWrite(record.id, sent(stage, {name: value for name, value, _ in changed}))])
    assert stage.seen()[0].cells["URL text"] == shown


def test_a_generated_column_is_read_and_a_domain_is_what_it_is_made_of(stage):
    with psycopg.connect(stage.url, autocommit=True) as connection:
        connection.execute("CREATE DOMAIN positive AS numeric(8,2) CHECK (VALUE > 0)")
        connection.execute("CREATE DOMAIN code AS varchar(3) NOT NULL")
        connection.execute(
            "CREATE TABLE made (id int PRIMARY KEY, price positive, code code, codes code[],"
            " double numeric(8,2) GENERATED ALWAYS AS (price * 2) STORED)"
        )
    names = ["price", "code", "codes", "double"]
    table = PostgresRows(stage.engine, "made", key=["id"], columns=names, clock=WallClock(), mapping="orders")
    price, code, codes, double = [column for column in table.info().columns if column.name != "id"]
    assert (code.type, code.length, code.nullable, codes.type, codes.length) == ("varchar", 3, False, "varchar[]", 3)
    number, text = FieldInfo("f", "金额", 2, "Number"), FieldInfo("g", "编号", 1, "Text")
    assert writable(number, double) == {Side.FEISHU}
    carry = {name: translator(number, info, timezone=SHANGHAI) for name, info in [("price", price), ("double", double)]}
    with pytest.raises(Misfit, match="at most 3"):
        translator(text, code, timezone=SHANGHAI).to_database("abcd")
    inserts = [
        RowInsert(
            str(amount), {"id": id_, "price": carry["price"].column(carry["price"].to_database(amount)), "code": "a"}
        )
        for id_, amount in enumerate([Decimal("1.005"), Decimal(-1)])
    ]
    outcomes = table.write(str(uuid4()), inserts, [], [])
    assert carry["double"].to_feishu(carry["double"].from_column(outcomes["1.005"].row.columns[3])) == 2
    assert (outcomes["-1"].code, "positive" in outcomes["-1"].message) == ("23514", True)


def test_a_rating_knows_the_range_that_its_field_names(stage):
    rating, number = stage.carry["Rating integer"], stage.carry["Progress integer"]
    assert (rating.to_feishu(Decimal(5)), number.to_feishu(Decimal(6))) == (5, 6)
    for outside in (0, 6):
        with pytest.raises(Misfit, match="from 1 to 5"):
            rating.to_feishu(Decimal(outside))
