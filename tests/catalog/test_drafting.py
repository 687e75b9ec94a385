"""Drafts: whatever tables are called, the file reads back as what was guessed, and nothing is paired twice."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from syncer.catalog.drafting import new_columns, new_fields
from syncer.catalog.drafting.guess import Why, guess
from syncer.catalog.drafting.text import Draft, draft_name, scalar, write_draft
from syncer.catalog.reading import read_text
from syncer.ports import ColumnInfo, FieldInfo, RecordTableInfo, RowTableInfo

NAMES = st.text(min_size=1, max_size=12).filter(
    lambda name: name.strip() == name and "\0" not in name and "$" not in name
)
COLUMN_TYPES = st.sampled_from(
    ["text", "int8", "numeric", "bool", "date", "timestamptz", "text[]", "jsonb", "bytea", "xml"]
)
FIELD_TYPES = st.sampled_from([1, 2, 3, 4, 5, 7, 13, 15, 20, 1001, 3001])
COLUMNS = st.lists(
    st.builds(ColumnInfo, name=NAMES, type=COLUMN_TYPES, nullable=st.booleans(), comment=st.just("") | NAMES),
    min_size=1,
    max_size=6,
    unique_by=lambda column: column.name,
)
FIELDS = st.lists(st.tuples(NAMES, FIELD_TYPES), min_size=1, max_size=6, unique_by=lambda field: field[0])


def rows_of(columns):
    key = (columns[0].name,)
    return RowTableInfo("public.t", tuple(columns), key, (key,))


def records_of(fields):
    made = [FieldInfo(f"fld{at}", name, type_, "", is_primary=at == 0) for at, (name, type_) in enumerate(fields)]
    return RecordTableInfo("T", tuple(made), 1, "Asia/Shanghai", True)


@given(NAMES)
def test_any_name_reads_back_as_itself(name):
    read = read_text(f"version: 1\nfields: [{{field: {scalar(name)}}}]\n", Path("x.yaml"), {})
    assert read.faults == ()
    assert read.data["fields"][0]["field"] == name


@given(FIELDS, COLUMNS)
def test_a_draft_reads_back_as_its_pairs_and_pairs_nothing_twice(fields, columns):
    found = guess(records_of(fields), rows_of(columns))
    names = [pair.field.name for pair in found.pairs], [pair.column.name for pair in found.pairs]
    assert all(len(set(side)) == len(side) for side in names)
    left = {one.name for one in found.fields_left}, {one.name for one in found.columns_left}
    assert left == ({name for name, _ in fields} - set(names[0]), {column.name for column in columns} - set(names[1]))
    assert all(one.reason for one in (*found.fields_left, *found.columns_left))
    draft = Draft("t", "default", "bascn1", "tbl1", "T", "erp", "public.t")
    read = read_text(write_draft(draft, found), Path("t.yaml"), {})
    assert read.faults == ()
    assert [(pair["field"], pair["column"]) for pair in read.data["fields"] or []] == list(zip(*names, strict=True))


@given(COLUMNS)
def test_every_column_finds_its_way_back_from_the_field_made_for_it(columns):
    rows = rows_of(columns)
    made, left = new_fields.new_fields(rows)
    assert {field.column for field in made} | {one.name for one in left} == {column.name for column in columns}
    assert len({field.name for field in made}) == len(made)


@given(FIELDS)
def test_every_field_finds_its_way_back_from_the_column_made_for_it(fields):
    records = records_of(fields)
    made, left = new_columns.new_columns(records)
    assert [column.field for column in made] == [name for name, _ in fields if name not in {one.name for one in left}]
    assert len({column.name for column in made}) == len(made)
    assert all(0 < len(column.name.encode()) <= 63 for column in made)
    columns = [ColumnInfo(column.name, column.type, comment=column.comment) for column in made]
    paired = guess(records, rows_of([ColumnInfo("id", "int8", has_default=True), *columns])).pairs
    assert {(pair.field.name, pair.column.name) for pair in paired} >= {
        (column.field, column.name) for column in made if column.field == column.field.split(":")[0].strip()
    }
    assert all(pair.why is not Why.TYPE for pair in paired)


def test_a_mapping_is_called_like_its_table():
    assert [draft_name(table) for table in ("sales.orders", '"My Schema"."Big Table"', "订单")] == [
        "orders",
        "big_table",
        "mapping",
    ]


def test_a_link_field_is_paired_with_its_foreign_key_once_its_table_has_a_mapping():
    columns = [ColumnInfo("id", "int8"), ColumnInfo("customer_id", "int8"), ColumnInfo("depot", "int4", comment="仓库")]
    fields = (
        FieldInfo("fld1", "id", 2, "", is_primary=True),
        FieldInfo("fld2", "Customer", 18, "", target="tblC"),
        FieldInfo("fld3", "仓库", 21, "", target="tblD"),
    )
    records = RecordTableInfo("T", fields, 1, "Asia/Shanghai", True)
    guessed = guess(records, rows_of(columns), {"tblC": "customers"})
    assert [(pair.field.name, pair.column.name, pair.link) for pair in guessed.pairs[1:]] == [
        ("Customer", "customer_id", "customers")
    ]
    (left,) = guessed.fields_left
    assert "links records of the table tblD" in left.reason
    text = write_draft(Draft("t", "default", "base", "tbl", "T", "erp", "public.t"), guessed)
    assert "{field: Customer, column: customer_id, link: customers" in text
