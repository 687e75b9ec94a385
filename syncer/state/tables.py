"""The syncer's own tables, all in the schema ``syncer_state``.

``link`` is the only table that grows with what is synced, so its columns are packed: sides are small numbers (see
``SIDE_CODES``), bases are positional by ``layout``. ``record`` and ``key`` compare bytewise: they are identities.
"""

from datetime import datetime

from sqlalchemy import (
    ARRAY,
    JSON,
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Double,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Sequence,
    SmallInteger,
    Table,
    Text,
    text,
)

from syncer.core.records import Side

SCHEMA = "syncer_state"

SIDE_CODES = {Side.FEISHU: 1, Side.DATABASE: 2}
"""A side as a small number; a set of sides is their sum."""

metadata = MetaData(
    schema=SCHEMA,
    naming_convention={
        "ix": "%(table_name)s_%(column_0_N_name)s",
        "uq": "%(table_name)s_%(column_0_N_name)s_key",
        "fk": "%(table_name)s_%(column_0_N_name)s_fkey",
        "pk": "%(table_name)s_pkey",
    },
)


def _line(name: str) -> Column[str]:
    return Column(name, Text(collation="C"))


def _moment(name: str, *, nullable: bool = False) -> Column[datetime]:
    return Column(name, DateTime(timezone=True), nullable=nullable)


def _words(*names: str) -> tuple[Column[str], ...]:
    return tuple(Column(name, Text, nullable=False) for name in names)


def _of_mapping(*, primary_key: bool = False) -> Column[int]:
    return Column("mapping", ForeignKey("mapping.id", ondelete="CASCADE"), primary_key=primary_key, nullable=False)


mapping = Table(
    "mapping",
    metadata,
    Column("id", Integer, Identity(), primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    *_words("state"),
    Column("revision", Integer, nullable=False),
    Column("fence", BigInteger, nullable=False, server_default=text("0")),
)

mapping_revision = Table(
    "mapping_revision",
    metadata,
    _of_mapping(primary_key=True),
    Column("revision", Integer, primary_key=True, autoincrement=False),
    Column("document", JSON, nullable=False),
    *_words("digest", "differences"),
    _moment("at"),
)

layout = Table(
    "layout",
    metadata,
    Column("id", Integer, Identity(), primary_key=True),
    _of_mapping(),
    Column("pairs", JSON, nullable=False),
    Index(None, "mapping"),
)

link_ids = Sequence("link_id", metadata=metadata)

link = Table(
    "link",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    _moment("moved_at", nullable=True),
    Column("mapping", Integer, nullable=False),
    Column("layout", Integer, nullable=False),
    Column("restless", SmallInteger, nullable=False),
    Column("severed", SmallInteger),
    Column("predicted", SmallInteger, nullable=False),
    Column("settled", Boolean, nullable=False),
    _line("record"),
    _line("key"),
    Column("match", LargeBinary),
    Column("record_print", LargeBinary),
    Column("key_print", LargeBinary),
    Column("bases", LargeBinary, nullable=False),
    Index(None, "mapping", "record", unique=True),
    Index(None, "mapping", "key", unique=True),
    Index(None, "mapping", "match"),
    Index("link_window", "mapping", "layout", "restless", "id"),
)

run = Table(
    "run",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    _of_mapping(),
    *_words("kind", "status", "holder"),
    Column("fence", BigInteger, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("approved_run", BigInteger),
    _moment("started_at"),
    _moment("alive_at"),
    _moment("finished_at", nullable=True),
    _moment("approved_at", nullable=True),
    Column("seconds", Double),
    Column("counts", JSON),
    Column("guard", JSON),
    Column("error", Text),
    Index(None, "mapping", "id"),
    Index("run_running", "mapping", postgresql_where=text("status = 'running'")),
)

intent = Table(
    "intent",
    metadata,
    Column("id", Text, primary_key=True),
    Column("place", BigInteger, Identity(), nullable=False),
    _of_mapping(),
    Column("run", BigInteger, nullable=False),
    *_words("side", "action", "state"),
    Column("token", Text),
    Column("body", LargeBinary, nullable=False),
    _moment("created_at"),
    Column("seen", BigInteger),
    Index(None, "mapping", "state", "place"),
)

written = Table(
    "written",
    metadata,
    _of_mapping(primary_key=True),
    Column("record", Text(collation="C"), primary_key=True),
    Column("intent", Text, primary_key=True),
    _moment("at"),
    Column("reported", ARRAY(Text), nullable=False, server_default=text("'{}'")),
    _moment("until", nullable=True),
    Index(None, "mapping", "at"),
)

unverified = Table(
    "unverified",
    metadata,
    _of_mapping(primary_key=True),
    Column("day", Date, primary_key=True),
    Column("lines", BigInteger, nullable=False),
)

conflict = Table(
    "conflict",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    _of_mapping(),
    Column("run", BigInteger, nullable=False),
    Column("link", BigInteger, nullable=False),
    _line("record"),
    _line("key"),
    *_words("pair", "field"),
    Column("base", JSON, nullable=False),
    Column("feishu", JSON, nullable=False),
    Column("database", JSON, nullable=False),
    *_words("policy", "state"),
    Column("winner", Text),
    Column("value", JSON),
    *_words("reason"),
    Column("estimated", Boolean, nullable=False),
    Column("moments", JSON),
    Column("version", Integer, nullable=False, server_default=text("1")),
    Column("shown", Integer),
    _moment("at"),
    _moment("settled_at", nullable=True),
    Index("conflict_open", "mapping", "link", "pair", unique=True, postgresql_where=text("state = 'open'")),
    Index(None, "mapping", "id"),
)

failure = Table(
    "failure",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    _of_mapping(),
    Column("run", BigInteger, nullable=False),
    Column("link", BigInteger),
    _line("record"),
    _line("key"),
    *_words("side", "pair", "field", "code", "message"),
    Column("value", LargeBinary),
    Column("log_id", Text),
    Column("attempts", Integer, nullable=False, server_default=text("1")),
    _moment("first_at"),
    _moment("last_at"),
    Index(
        "failure_line", "mapping", "side", text("coalesce(record, '')"), text("coalesce(key, '')"), "pair", unique=True
    ),
    Index(None, "mapping", "link"),
    Index(None, "mapping", "record"),
    Index(None, "mapping", "key"),
)

audit = Table(
    "audit",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("mapping", Integer, nullable=False),
    Column("run", BigInteger, nullable=False),
    Column("link", BigInteger),
    *_words("side", "action"),
    _line("record"),
    _line("key"),
    Column("before", JSON, nullable=False),
    Column("after", JSON, nullable=False),
    *_words("reason"),
    _moment("at"),
    *(_moment(name, nullable=True) for name in ("read_at", "noticed_at", "planned_at", "sent_at")),
    Column("whole", JSON),
    Index(None, "mapping", "record"),
    Index(None, "mapping", "key"),
    Index(None, "mapping", "link"),
    Index(None, "run"),
    Index("audit_deletions", "mapping", "at", postgresql_where=text("action = 'delete'")),
    Index("audit_marks", "mapping", "at", postgresql_where=text("action = 'mark'")),
)

identity = Table(
    "identity",
    metadata,
    # Which state store this is: one restored from a backup is the same one, a new one another.
    Column("id", Text(collation="C"), primary_key=True),
    _moment("at"),
)

cursor = Table(
    "cursor",
    metadata,
    _of_mapping(primary_key=True),
    Column("side", Text, primary_key=True),
    Column("document", JSON, nullable=False),
    _moment("moved_at"),
)

guard = Table(
    "guard",
    metadata,
    Column("run", ForeignKey("run.id", ondelete="CASCADE"), primary_key=True),
    Column("name", Text, primary_key=True),
    Column("counts", JSON, nullable=False),
    Column("samples", JSON, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    _moment("at"),
)

guard_line = Table(
    "guard_line",
    metadata,
    # By content: a guard that stops the same lines run after run keeps them once.
    Column("digest", LargeBinary, primary_key=True),
    Column("line", Text(collation="C"), primary_key=True),
)

inbox = Table(
    "inbox",
    metadata,
    Column("app", Text, primary_key=True),
    Column("event_id", Text(collation="C"), primary_key=True),
    *_words("type"),
    _moment("received_at"),
    _moment("created_at", nullable=True),
    Column("body", JSON),
    Index(None, "received_at"),
)

record_event = Table(
    "record_event",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    *_words("app"),
    Column("event_id", Text(collation="C"), nullable=False),
    *_words("app_token", "table_id"),
    Column("record_id", Text(collation="C"), nullable=False),
    *_words("action"),
    Column("revision", BigInteger),
    Column("operator", JSON),
    _moment("happened_at"),
    _moment("received_at"),
    Column("before", JSON, nullable=False),
    Column("after", JSON, nullable=False),
    Column("people", JSON),
    Index(None, "table_id", "record_id", "id"),
    Index(None, "received_at"),
)

signal_generations = Sequence("signal_generation", metadata=metadata)

signal = Table(
    "signal",
    metadata,
    _of_mapping(primary_key=True),
    Column("side", Text, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("line", Text(collation="C"), primary_key=True, server_default=text("''")),
    Column("generation", BigInteger, nullable=False),
    _moment("noticed_at"),
    *_words("reason"),
    Column("resting", Boolean, nullable=False, server_default=text("false")),
    Index("signal_waiting", "mapping", "noticed_at", postgresql_where=text("NOT resting")),
    Index("signal_newest", "mapping", "generation", postgresql_where=text("NOT resting")),
)

event_flow = Table(
    "event_flow",
    metadata,
    *(Column(name, Text, primary_key=True) for name in ("app", "app_token", "table_id")),
    Column("document", JSON, nullable=False),
    _moment("moved_at"),
)

subscription = Table(
    "subscription",
    metadata,
    *(Column(name, Text, primary_key=True) for name in ("app", "app_token")),
    _moment("asserted_at"),
    Column("error", Text),
)

shelf = Table(
    "shelf",
    metadata,
    Column("source", Text, primary_key=True),
    Column("line", Text(collation="C"), primary_key=True),
    *(Column(name, BigInteger, nullable=False) for name in ("moved", "until")),
    Column("body", Text, nullable=False),
)

shelf_note = Table(
    "shelf_note",
    metadata,
    Column("source", Text, primary_key=True),
    Column("note", JSON, nullable=False),
)

file = Table(
    "file",
    metadata,
    Column("base", Text, primary_key=True),
    Column("place", Text(collation="C"), primary_key=True),
    *(Column(name, Text, nullable=False) for name in ("token", "name", "digest", "stamp")),
    Column("size", BigInteger, nullable=False),
    _moment("noted_at"),
    Index(None, "base", "token"),
    Index(None, "base", "digest"),
)

agenda = Table(
    "agenda",
    metadata,
    _of_mapping(primary_key=True),
    Column("revision", Integer, nullable=False),
    _moment("taken_at", nullable=True),
    Column("taken_by", Text),
    *(_moment(name, nullable=True) for name in ("polled_at", "not_before")),
    Column("failures", Integer, nullable=False, server_default=text("0")),
    Column("trouble", Text),
)

due = Table(
    "due",
    metadata,
    Column("mapping", ForeignKey("agenda.mapping", ondelete="CASCADE"), primary_key=True),
    Column("kind", Text, primary_key=True),
    *(_moment(name, nullable=True) for name in ("due_at", "sent_at")),
    Column("sends", Integer, nullable=False, server_default=text("0")),
    Index(None, "due_at"),
)
