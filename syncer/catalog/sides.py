"""The two ends of a mapping as its file names them: ``feishu:`` (what is read there) and ``database:``."""

import re
from datetime import date
from typing import Annotated, Any, Literal
from urllib.parse import parse_qs, urlsplit

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    PlainSerializer,
    WithJsonSchema,
    model_serializer,
    model_validator,
)

from syncer.catalog.model import Part
from syncer.catalog.scalars import Bare, Name

_ADDRESS = re.compile(r"/(?:base|wiki)/([A-Za-z0-9_-]+)/?")


def _an_address(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not _ADDRESS.fullmatch(parts.path):
        raise ValueError("is no address of a table; copy it from the browser (https://.../base/...?table=tbl...)")
    if not parse_qs(parts.query).get("table"):
        raise ValueError("names no table (?table=tbl...); open the table in the browser and copy its address again")
    return url


def _a_connection(name: str) -> str:
    if not re.fullmatch(r"[a-z0-9]+([_-][a-z0-9]+)*", name):
        raise ValueError("is no connection; use a-z, 0-9, _ and - (erp is the setting SYNCER_CONNECTIONS__ERP)")
    return name


def _a_day(text: str) -> str:
    try:
        date.fromisoformat(text)
    except ValueError:
        raise ValueError("is no day; write year-month-day, such as 2026-01-01") from None
    return text


def _a_switch(given: object) -> object:
    return {"on": True, "off": False}.get(given, given) if isinstance(given, str) else given


Switch = Annotated[
    bool,
    BeforeValidator(_a_switch),
    PlainSerializer(lambda on: "on" if on else "off", return_type=str),
    WithJsonSchema({"enum": ["on", "off", True, False]}),
]


Conditions = Annotated[
    list[Any] | dict[str, Any],
    WithJsonSchema({"anyOf": [{"type": "object"}, {"type": "array", "items": {"type": "object"}, "minItems": 1}]}),
]
"""Their shape is a rule of its own (``catalog.conditions``), which tells every fault where it stands."""


class Bitable(Part):
    """A table of a Bitable base: by its two ids, or by its address in the browser."""

    app_token: Bare | None = Field(
        default=None, description="The base's token, from its address.", examples=["${ORDERS_APP_TOKEN}"]
    )
    table_id: Bare | None = Field(default=None, description="The table's id, from its address.", examples=["tblOrders"])
    url: Annotated[str, AfterValidator(_an_address)] | None = Field(
        default=None,
        description="The table's address in the browser, in place of app_token and table_id; a view in it is ignored.",
        examples=["https://example.feishu.cn/base/bascnXXXX?table=tblOrders"],
    )

    @model_validator(mode="after")
    def _one_way_to_say_it(self) -> "Bitable":
        named = (self.app_token is not None, self.table_id is not None)
        if (self.url is not None and any(named)) or (self.url is None and not all(named)):
            raise ValueError("needs app_token and table_id, or url alone; write one of the two")
        return self

    def ids(self) -> tuple[str, str]:
        """The base's token and the table's id, however they were given."""
        if self.url is None:
            assert self.app_token is not None
            assert self.table_id is not None
            return self.app_token, self.table_id
        parts = urlsplit(self.url)
        address = _ADDRESS.fullmatch(parts.path)
        assert address is not None
        return address[1], parse_qs(parts.query)["table"][0]


class Approval(Part):
    """The instances of one approval definition, carried to the database."""

    approval_code: Bare = Field(
        description="The approval definition's code.", examples=["7C468A54-8745-2245-9675-08B7C63E7A85"]
    )
    since: Annotated[str, AfterValidator(_a_day)] | None = Field(
        default=None,
        description="Instances from this day on. Left out: the year before the first reading.",
        examples=["2026-01-01"],
    )
    part: Bare | None = Field(
        default=None,
        description="Each instance's lines of this: task_list, timeline, comment_list or form.<detail table>.",
        examples=["task_list"],
    )


class Contacts(Part):
    """The people or departments of the organisation, carried to the database."""

    kind: Literal["users", "departments"] = Field(description="What is read.")
    department: Bare = Field(default="0", description='The department it begins at; "0" is the whole organisation.')
    private: bool = Field(default=False, description="Whether phone numbers and e-mail addresses are read too.")


class Feishu(Part):
    """What is synced on Feishu's side: exactly one source."""

    app: Name = Field(default="default", description="Which Feishu app (tenant) speaks.")
    bitable: Bitable | None = Field(default=None, description="A table of a base.")
    approval: Approval | None = Field(default=None, description="The instances of an approval.")
    contacts: Contacts | None = Field(default=None, description="People or departments.")
    where: Conditions | None = Field(
        default=None,
        description="Which records without a link may enter: conditions, all of which must hold.",
        examples=[{"field": "状态", "not": "草稿"}],
    )
    on_leave: Literal["keep", "sever", "delete"] = Field(
        default="keep",
        description="A linked record that leaves where: stays in sync, its link is dissolved, or it counts as deleted.",
    )

    @model_validator(mode="after")
    def _one_source(self) -> "Feishu":
        if sum(source is not None for source in (self.bitable, self.approval, self.contacts)) != 1:
            raise ValueError("needs exactly one source; write bitable: {app_token: ..., table_id: ...}")
        return self


class Fill(Part):
    """What a column the mapping does not carry gets on a write: exactly one of the three."""

    sequence: Bare | None = Field(
        default=None, description="The next value of this sequence.", examples=["sales.orders_id_seq"]
    )
    value: Any = Field(default=None, description="This constant.")
    now: Literal[True] | None = Field(default=None, description="The time of the write.")

    @model_validator(mode="after")
    def _one_kind(self) -> "Fill":
        if len(self.model_fields_set) != 1:
            raise ValueError("needs exactly one of sequence, value and now; write {value: ...} or {now: true}")
        return self

    @model_serializer
    def _given(self) -> dict[str, Any]:
        return {kind: getattr(self, kind) for kind in self.model_fields_set}


class Database(Part):
    """What is synced on the database's side."""

    connection: Annotated[str, AfterValidator(_a_connection)] = Field(
        description="Which database: erp is the setting SYNCER_CONNECTIONS__ERP.", examples=["erp"]
    )
    table: Bare = Field(description="The table, with its schema if it has one.", examples=["sales.orders"])
    key: Annotated[tuple[Bare, ...], Field(strict=False, min_length=1)] | None = Field(
        default=None,
        description="The columns that identify a row: unique and not null. Left out: the primary key.",
        examples=[["id"]],
    )
    capture: Literal["trigger", "watermark", "scan"] | None = Field(
        default=None,
        description="How changed rows are noticed. Left out: trigger on PostgreSQL, else watermark or scan.",
    )
    watermark: Bare | None = Field(
        default=None, description="The column that says when a row was last changed.", examples=["updated_at"]
    )
    notify: Switch = Field(default=True, description="Whether the triggers wake the syncer (off: the log is polled).")
    on_insert: dict[Bare, Fill] = Field(default={}, description="Columns that new rows need beside the mapped ones.")
    on_update: dict[Bare, Fill] = Field(default={}, description="Columns to stamp on every write of a row.")
    where: Conditions | None = Field(
        default=None,
        description="Which rows without a link may enter: conditions, all of which must hold.",
        examples=[{"column": "region", "in": ["CN", "HK"]}],
    )
    on_leave: Literal["keep", "sever", "delete"] = Field(
        default="keep",
        description="A linked row that leaves where: stays in sync, its link is dissolved, or it counts as deleted.",
    )
