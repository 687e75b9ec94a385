"""What a Bitable holds: bases, tables, fields, views and records. Plain data; who may change it stands elsewhere.

A cell is stored in a form of its own (an option by id, a person by open_id), so that a renamed option is read under
its new name. `cells/` turns that form into what the API shows and back.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from syncer.simulator.cells.kind import Kind

Stored = Any
"""A cell as stored: its type depends on the field's kind; absent from `Record.cells` when empty."""


@dataclass(slots=True)
class Option:
    """One choice of a select field."""

    id: str
    name: str
    color: int


@dataclass(slots=True)
class Field:
    """One column. `property` is what the API shows, without the options, which stand in `options`."""

    field_id: str
    name: str
    type: int
    ui_type: str
    kind: "Kind"
    property: dict[str, Any] = field(default_factory=dict)
    options: dict[str, Option] = field(default_factory=dict)
    description: str = ""
    is_primary: bool = False
    expression: dict[str, Any] | None = None

    def option(self, name: str) -> Option | None:
        """Return the first option of this name."""
        return next((option for option in self.options.values() if option.name == name), None)


@dataclass(slots=True)
class Record:
    """One line: its stored cells by field id, and what the simulator keeps about it by itself."""

    record_id: str
    cells: dict[str, Stored]
    number: int
    created_ms: int
    modified_ms: int
    created_by: str
    modified_by: str
    position: int
    computed: dict[str, Any] = field(default_factory=dict)
    rendered: dict[int, bytes] | None = None
    held_back: dict[str, tuple[float, Stored | None]] = field(default_factory=dict)
    """Formulas that show what they showed before the last write, by field id, and until when (seconds)."""


@dataclass(slots=True)
class View:
    """One view; `property` may hold `filter_info`, `hidden_fields` and `hierarchy_config`."""

    view_id: str
    name: str
    type: str
    property: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Table:
    """One table. `stamp` moves with every change of content, `schema` with every change of fields or options."""

    table_id: str
    name: str
    revision: int = 1
    fields: dict[str, Field] = field(default_factory=dict)
    views: dict[str, View] = field(default_factory=dict)
    records: dict[str, Record] = field(default_factory=dict)
    trash: dict[str, Record] = field(default_factory=dict)
    by_name: dict[str, Field] = field(default_factory=dict)
    shadow: dict[str, Record | None] = field(default_factory=dict)
    shadow_until: float = 0.0
    read_only: bool = False
    stamp: int = 0
    schema: int = 0
    last_number: int = 0
    last_position: int = 0
    listing: tuple[int, list[Record]] = (-1, [])

    def put_field(self, added: Field) -> None:
        """Add a column at the end."""
        self.fields[added.field_id] = added
        self.schema_changed()

    def schema_changed(self) -> None:
        """Note that names, types or options moved: renderings of every record are stale."""
        self.by_name = {each.name: each for each in self.fields.values()}
        self.schema += 1
        self.stamp += 1

    def primary(self) -> Field:
        """Return the first column, which gives each record its title."""
        return next(each for each in self.fields.values() if each.is_primary)

    def of_kind(self, *types: int) -> list[Field]:
        """Return the columns of these type numbers."""
        return [each for each in self.fields.values() if each.type in types]

    def in_order(self) -> list[Record]:
        """Return all records in the order they came to be; the list is shared, do not change it."""
        if self.listing[0] != self.stamp:
            self.listing = (self.stamp, list(self.records.values()))
        return self.listing[1]


@dataclass(slots=True)
class Role:
    """What an app without manage right sees of a base with advanced permissions. By default: nothing."""

    visible: bool = False
    writable: bool = False
    hidden_fields: frozenset[str] = frozenset()
    forbidden_records: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class File:
    """One uploaded file; its token is good in the base it was uploaded to."""

    file_token: str
    name: str
    mime: str
    size: int


@dataclass(slots=True)
class Base:
    """One base. `rights` is by app_id: `none`, `read`, `edit` or `manage`; `default_right` for apps not named."""

    app_token: str
    name: str
    time_zone: str
    revision: int = 1
    is_advanced: bool = False
    default_right: str = "manage"
    formula_type: int = 1
    tables: dict[str, Table] = field(default_factory=dict)
    rights: dict[str, str] = field(default_factory=dict)
    roles: dict[str, Role] = field(default_factory=dict)
    files: dict[str, File] = field(default_factory=dict)

    def right(self, app_id: str) -> str:
        """Return what the app may do here."""
        return self.rights.get(app_id, self.default_right)

    def role(self, app_id: str) -> Role | None:
        """Return the role that narrows the app's view, or None when it sees everything."""
        if not self.is_advanced or self.right(app_id) == "manage":
            return None
        return self.roles.get(app_id, Role())

    def stamp(self) -> int:
        """Return a number that moves with every change of any table: lookups reach across tables."""
        return sum(table.stamp for table in self.tables.values())

    def linking_fields(self, table_id: str) -> Iterable[tuple[Table, Field]]:
        """Yield the link columns anywhere in the base that point at this table."""
        for table in self.tables.values():
            for each in table.of_kind(18, 21):
                if each.property.get("table_id") == table_id:
                    yield table, each
