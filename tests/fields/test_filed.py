"""Attachments against a column of places: whatever a file is called, its place is found again in the column."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from syncer.core.values import dump
from syncer.fields.filed import CellFile, filed, files_in, read_cell, safe_name
from syncer.fields.timezones import zone
from syncer.ports.sides import ColumnInfo, FieldInfo

FIELD = FieldInfo("fldA", "附件", 17, "Attachment")
FOLDER = "/srv/附件 a"
NAMES = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=90) | st.sampled_from(
    [
        "合同.pdf",
        "..",
        ".",
        "",
        " ",
        "a .",
        "a. .",
        "a\u2028b.pdf",
        "a\x85b",
        "😀" * 200,
        "x" * 250 + " .txt",
        "../../etc/passwd",
    ]
)


@pytest.mark.parametrize("type_", ["text", "text[]", "jsonb"])
@given(name=NAMES, token=st.text("abcXYZ019-_", min_size=1, max_size=20))
@example(name="一\u2029二\x1c三.docx", token="box")
@example(name="报告 .", token="box")
def test_the_place_of_a_file_of_any_name_is_one_place_in_the_column(type_, name, token):
    codec = filed(FIELD, ColumnInfo("files", type_), zone("UTC"), FOLDER, ())
    cell = read_cell([{"file_token": token, "name": name, "size": 1}])
    [file] = files_in(cell)
    assert isinstance(file, CellFile)
    wanted = codec.default_place(file)
    assert codec.places(codec.to_database(cell)) == [wanted]
    assert dump(cell)


@given(name=NAMES)
def test_a_safe_name_is_one_part_of_a_path_and_safe_itself(name):
    safe = safe_name(name)
    assert 0 < len(safe.encode()) <= 255
    assert "/" not in safe
    assert safe == safe.strip()
    assert safe not in (".", "..")
    assert safe_name(safe) == safe
