"""What ``docs/field-types.md`` says, and the fields and columns its words stand for."""

import json
import re
from dataclasses import dataclass
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "field-types.md"
ENUM = ("new", "新", "7")

FIELDS = {
    "Text": {"type": 1},
    "Email": {"type": 1, "ui_type": "Email"},
    "Barcode": {"type": 1, "ui_type": "Barcode"},
    "Number": {"type": 2, "property": {"formatter": "0.00"}},
    "Currency": {"type": 2, "ui_type": "Currency", "property": {"formatter": "0.00", "currency_code": "CNY"}},
    "Progress": {"type": 2, "ui_type": "Progress", "property": {"formatter": "0%"}},
    "Rating": {"type": 2, "ui_type": "Rating", "property": {"formatter": "0", "min": 1, "max": 5}},
    "Single select": {"type": 3},
    "Multi select": {"type": 4},
    "Date": {"type": 5},
    "Checkbox": {"type": 7},
    "Phone number": {"type": 13},
    "URL": {"type": 15},
    "Person": {"type": 11},
    "Group chat": {"type": 23},
    "One-way link": {"type": 18},
    "Two-way link": {"type": 21},
    "Location": {"type": 22},
    "Attachment": {"type": 17},
    "Formula": {"type": 20},
    "Lookup": {"type": 19},
    "Stage": {"type": 24},
    "Created time": {"type": 1001},
    "Modified time": {"type": 1002},
    "Created by": {"type": 1003},
    "Modified by": {"type": 1004},
    "Auto number": {"type": 1005},
}
COLUMNS = {
    "text": "text",
    "varchar(n)": "varchar(20)",
    "char(n)": "char(8)",
    "enum": "mood",
    "uuid": "uuid",
    "smallint": "int2",
    "integer": "int4",
    "bigint": "int8",
    "numeric": "numeric",
    "numeric(p,s)": "numeric(12,2)",
    "real": "float4",
    "double precision": "float8",
    "boolean": "bool",
    "date": "date",
    "timestamp": "timestamp",
    "timestamptz": "timestamptz",
    "time": "time",
    "interval": "interval",
    "json": "json",
    "jsonb": "jsonb",
}
COLUMNS |= {
    f"{name}[]": f"{COLUMNS[name]}[]"
    for name in COLUMNS
    if name not in {"uuid", "boolean", "date", "timestamp", "timestamptz", "time", "interval", "json", "jsonb"}
}
"""Every type on the page as the tests declare it."""

_EXAMPLE = re.compile(r"`(.*?)` → `(.*?)` → `(.*)`")


@dataclass(frozen=True)
class Row:
    """A pair on the page; the example is a cell, the column's text after it, and the cell that comes back."""

    field: str
    column: str
    both: bool
    example: tuple[object, str, object] | None

    @property
    def name(self):
        """What the test calls both the field and the column of this pair."""
        return f"{self.field} {self.column}"

    @property
    def sql(self):
        """The column as it is declared; ids are long."""
        wide = self.field.endswith(("link", "by"))
        return re.sub(r"(char)\(\d+\)", r"\1(40)", COLUMNS[self.column]) if wide else COLUMNS[self.column]


def rows():
    """All pairs of the page, in its order."""
    fields = ()
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        if line.startswith(("### ", "## ")):
            fields = line.strip("# ").split(", ") if line.startswith("### ") else ()
        elif line.startswith("| `"):
            columns, way, _, example = (part.strip() for part in line.strip("|").split(" | "))
            for column in re.findall("`(.*?)`", columns):
                yield from (
                    Row(field, column, {"both": True, "to the database": False}[way], _read(example))
                    for field in fields
                )


def _read(example):
    if not example:
        return None
    cell, held, back = _EXAMPLE.fullmatch(example).groups()
    return json.loads(cell), held, json.loads(back)
