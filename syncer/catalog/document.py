"""A mapping file as its keys stand in it. Every key of the contract is here, with the words editors show for it."""

from datetime import timedelta
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, Field, GetJsonSchemaHandler, model_serializer, model_validator
from pydantic_core.core_schema import CoreSchema

from syncer.catalog.manners import Case, Folder, Format, Otherwise, Parse, Scale, Separator, Unknown
from syncer.catalog.model import Part
from syncer.catalog.scalars import Bare, Cron, Duration, Name, Zone
from syncer.catalog.sides import Database, Feishu

Way = Literal["both", "to_database", "to_feishu"]
Winner = Literal["latest", "feishu", "database", "manual", "fill_empty"]


class Files(Part):
    """Where the files of an attachment field are kept."""

    folder: Folder | None = Field(
        default=None,
        description="Files are fetched to this folder: a whole path, or any address fsspec knows.",
        examples=["/srv/attachments", "s3://bucket/attachments"],
    )
    sources: Annotated[tuple[Folder, ...], Field(strict=False)] = Field(
        default=(),
        description="Other folders whose files may be uploaded.",
        examples=[["https://cdn.example.com/contracts"]],
    )
    name: Bare | None = Field(
        default=None, description="What the file is called that a column of bytes holds itself.", examples=["照片.jpg"]
    )

    @model_validator(mode="after")
    def _one_way_to_keep_them(self) -> "Files":
        if (self.folder is None) is (self.name is None) or (self.name and self.sources):
            raise ValueError("needs folder (a column of places) or name alone (a column of bytes); write one")
        return self


class Through(Part):
    """A join table: each of its rows ties a row of the mapping's table to one of another mapping's."""

    table: Bare = Field(description="The join table.", examples=["school.enrolment"])
    here: Bare = Field(description="Its column that names a row of this mapping's table.", examples=["student_id"])
    there: Bare = Field(description="Its column that names a row of the mapping of link.", examples=["course_id"])


class FieldPair(Part):
    """One field of Feishu and one column of the database that are kept equal."""

    @model_validator(mode="before")
    @classmethod
    def _named(cls, given: object) -> object:
        """What is made of several columns or of a join table is called by their names."""
        if not isinstance(given, dict) or "column" in given:
            return given
        columns, through = given.get("columns"), given.get("through")
        if isinstance(columns, list) and all(isinstance(name, str) for name in columns):
            return {**given, "column": ", ".join(columns)}
        if isinstance(through, dict) and isinstance(through.get("table"), str):
            return {**given, "column": through["table"]}
        return given

    @classmethod
    def __get_pydantic_json_schema__(cls, core: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """One of the three ways to say which columns."""
        shape = handler.resolve_ref_schema(handler(core))
        shape["required"] = [name for name in shape["required"] if name != "column"]
        shape["oneOf"] = [{"required": [name]} for name in ("column", "columns", "through")]
        return shape

    field: Bare = Field(description="The field, by name or field id; a renamed field is followed.", examples=["订单号"])
    column: Bare = Field(description="The column.", examples=["order_no"])
    direction: Way | None = Field(default=None, description="Which way this pair is carried. Left out: as the mapping.")
    required: bool = Field(default=False, description="A new line waits until this is filled in.")
    conflict: Winner | None = Field(default=None, description="The policy for this field alone.")
    merge: Literal["set", "counter"] | None = Field(
        default=None,
        description="Keep both sides' additions and removals (set), or add both sides' differences up (counter).",
    )
    values: Annotated[dict[str, str], Field(min_length=1)] | None = Field(
        default=None, description="Feishu's value: the database's value, one to one.", examples=[{"待处理": "pending"}]
    )
    otherwise: Otherwise | None = Field(
        default=None,
        description="What a side gets for a value that `values` does not name.",
        examples=[{"feishu": "其他", "database": "other"}],
    )
    unknown: Unknown | None = Field(
        default=None,
        description="What becomes of a value that is no option of the field: create makes one (as when left out).",
        examples=["reject", {"default": "其他"}],
    )
    trim: bool = Field(default=False, description="Blanks at both ends of a text mean nothing.")
    case: Case | None = Field(
        default=None,
        description="The case of the column's texts, or of each side's.",
        examples=["lower", {"feishu": "upper", "database": "lower"}],
    )
    scale: Scale | None = Field(
        default=None, description="The column holds the field's number times this power of ten.", examples=[100]
    )
    format: Format | None = Field(
        default=None, description="How a text column writes the field's date.", examples=["%Y-%m-%d %H:%M"]
    )
    parse: Parse | None = Field(
        default=None, description="Other ways in which the column may write it.", examples=[["%d.%m.%Y"]]
    )
    split: Separator | None = Field(
        default=None,
        description="What stands between the values of a field of several in a text column.",
        examples=[","],
    )
    join: Separator | None = Field(
        default=None, description="What stands between an array's values in a text field.", examples=[","]
    )
    default: dict[Literal["feishu", "database"], Any] = Field(
        default={},
        description="What a new line gets on a side when the other side holds nothing.",
        examples=[{"feishu": "C"}],
    )
    text: Literal["plain", "segments"] = Field(
        default="plain",
        description="How a text is carried: its plain text, or (against json) its segments with mentions and links.",
    )
    link: Bare | None = Field(
        default=None, description="The mapping a link field's records belong to.", examples=["customers"]
    )
    files: Files | None = Field(
        default=None, description="Where an attachment's files are kept; the column holds their places."
    )
    columns: Annotated[tuple[Bare, ...], Field(strict=False, min_length=1)] | None = Field(
        default=None,
        description="In place of column: the columns that are one foreign key together, in the order of the other key.",
        examples=[["country", "customer_no"]],
    )
    through: Through | None = Field(
        default=None, description="In place of column: the join table that ties rows of this table to those of link."
    )
    person: Literal["open_id", "union_id", "user_id", "email", "employee_no"] | None = Field(
        default=None, description="What the column holds of a person."
    )


class Child(Part):
    """A part of each instance of an approval that goes, line by line, into a table of its own."""

    part: Bare | None = Field(
        default=None,
        description="task_list, timeline, comment_list or form.<detail table>. Left out: the child's name.",
        examples=["task_list"],
    )
    table: Bare = Field(description="The table.", examples=["hr.leave_tasks"])
    key: Annotated[tuple[Bare, ...], Field(strict=False, min_length=1)] = Field(
        description="The columns that identify a line.", examples=[["line"]]
    )
    fields: Annotated[tuple[FieldPair, ...], Field(strict=False, min_length=1)] = Field(
        description="The fields of a line and the columns they go to."
    )


class Conflicts(Part):
    """What happens when both sides changed the same field."""

    default: Winner = Field(default="latest", description="The policy of every field that names none.")
    tie: Literal["feishu", "database", "manual"] = Field(
        default="manual", description="Who wins when latest cannot tell."
    )
    tolerance: Duration = Field(
        default="2s", validate_default=True, description="Two clocks are never ordered inside this."
    )
    deletes: Literal["edit", "delete", "manual"] = Field(
        default="edit", description="One side deleted a line that the other changed: edit keeps it, delete deletes it."
    )


class ColumnMark(Part):
    """A column that shows that the record is gone."""

    column: Bare = Field(description="The column.", examples=["deleted"])
    value: Any = Field(description="What it gets.", examples=[True])


class FieldMark(Part):
    """A field that shows that the row is gone."""

    field: Bare = Field(description="The field, by name or field id.", examples=["状态"])
    value: Any = Field(description="What it gets.", examples=["已删除"])


class _Deletion(Part):
    """What a deletion on one side does to the other: ``delete``, ``ignore`` or ``{mark: {...}}``."""

    action: Literal["delete", "ignore", "mark"]
    mark: ColumnMark | FieldMark | None = None
    _example: ClassVar[str]

    @model_validator(mode="before")
    @classmethod
    def _from_word(cls, given: object) -> object:
        if isinstance(given, dict) and given and "action" not in given:
            return {"action": "mark", **given}
        if given in ("delete", "ignore"):
            return {"action": given}
        raise ValueError(f"is none of delete, ignore, {cls._example}")

    @model_serializer
    def _to_word(self) -> Any:
        return {"mark": self.mark.model_dump(mode="json")} if self.mark else self.action

    @classmethod
    def __get_pydantic_json_schema__(cls, core: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """Either word, or the mark alone."""
        shape = handler.resolve_ref_schema(handler(core))
        shape["properties"].pop("action", None)
        shape["required"] = ["mark"]
        return {"anyOf": [{"type": "string", "enum": ["delete", "ignore"]}, {**shape}]}


class FromFeishu(_Deletion):
    """What a record's deletion does to its row."""

    _example: ClassVar[str] = "{mark: {column: deleted, value: true}}"
    mark: ColumnMark | None = None


class FromDatabase(_Deletion):
    """What a row's deletion does to its record."""

    _example: ClassVar[str] = "{mark: {field: 状态, value: 已删除}}"
    mark: FieldMark | None = None


class Guard(Part):
    """Beyond this many deletions in an hour a person is asked."""

    lines: int = Field(default=500, ge=0, description="Deletions of the last hour, over all runs.")
    share: float = Field(
        default=0.2, ge=0, le=1, description="The same as a share of the linked lines (and more than 10)."
    )


class Deletes(Part):
    """What deletions do, and how many are too many."""

    from_feishu: FromFeishu = Field(
        default=FromFeishu.model_validate("delete"), description="What a record's deletion does to its row."
    )
    from_database: FromDatabase = Field(
        default=FromDatabase.model_validate("delete"), description="What a row's deletion does to its record."
    )
    guard: Guard = Field(default=Guard(), description="Beyond this, deletions wait for a person.")


def _some_time(span: timedelta) -> timedelta:
    if not span:
        raise ValueError("is no time at all; write at least 1s")
    return span


class Schedule(Part):
    """When the mapping runs by the clock."""

    every: Annotated[Duration, AfterValidator(_some_time)] = Field(
        default="1m", validate_default=True, description="A run this often."
    )
    full: Cron = Field(
        default="0 3 * * *", description="A full comparison at these times: minute hour day month weekday."
    )
    timezone: Zone | None = Field(default=None, description="The time zone of full. Left out: the mapping's.")


class Document(Part):
    """A mapping: which table of Feishu is kept equal with which table of a database, and by which rules."""

    version: Literal[1] = Field(description="The version of this file's form.")
    name: Name = Field(description="The mapping's name, unique over all files.", examples=["orders"])
    description: str = Field(default="", description="What the mapping is for, for people.")
    feishu: Feishu = Field(description="Feishu's side.")
    database: Database = Field(description="The database's side.")
    direction: Way = Field(default="both", description="Which way changes are carried.")
    match: Annotated[tuple[Bare, ...], Field(strict=False, min_length=1)] | None = Field(
        default=None,
        description="The columns that pair a record with a row not linked yet. Left out: the key's mapped columns.",
        examples=[["order_no"]],
    )
    pairing: Literal["ask", "feishu", "database", "policy"] = Field(
        default="ask", description="Who wins where lines that are paired for the first time differ."
    )
    timezone: Zone | None = Field(
        default=None, description="For columns without a zone. Left out: the base's.", examples=["Asia/Shanghai"]
    )
    settle: Duration = Field(
        default="0s", validate_default=True, description="Wait until a line has been quiet this long."
    )
    computed: Annotated[Duration, AfterValidator(_some_time)] = Field(
        default="10m", validate_default=True, description="How often formulas and lookups are read of every record."
    )
    weight: float = Field(
        default=1.0,
        ge=0.01,
        le=100,
        description="Its part of Feishu's quotas and of its table's turns, beside other mappings that have work.",
        examples=[3],
    )
    fields: Annotated[tuple[FieldPair, ...], Field(strict=False, min_length=1)] = Field(
        description="The fields and columns that are kept equal."
    )
    children: dict[Bare, Child] = Field(
        default={},
        description="Of an approval: tables of its tasks, timeline, comments or detail tables, by a name of yours.",
    )
    conflicts: Conflicts = Field(
        default=Conflicts(), description="What happens when both sides changed the same field."
    )
    deletes: Deletes = Field(default=Deletes(), description="What deletions do.")
    schedule: Schedule = Field(default=Schedule(), description="When the mapping runs by the clock.")
