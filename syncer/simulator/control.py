"""A client of the control API: set the stage, play the users, look at the truth, make things go wrong.

Every method sends one step and returns its result; `step` makes the same step as data, for `Control.at`.
"""

import contextlib
import http.client
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import orjson

from syncer.simulator.control_approvals import ApprovalControl
from syncer.simulator.control_directory import DirectoryControl
from syncer.simulator.control_events import EventControl
from syncer.simulator.control_files import FileControl

_CHUNK = 5000
_SECONDS = 120.0

Cells = Mapping[str, Any]
Step = dict[str, Any]


class ControlError(Exception):
    """The simulator could not do a step; the message says why."""


@dataclass(frozen=True, slots=True)
class AppCredentials:
    """An app to sign in with; `open_id` is who its writes are by."""

    app_id: str
    app_secret: str
    open_id: str


@dataclass(frozen=True, slots=True)
class TablePlace:
    """A table that was made: where it is, its field ids by name, its first view."""

    app_token: str
    table_id: str
    fields: dict[str, str]
    view_id: str


def step(op: str, **args: Any) -> Step:
    """Return a step as data: `step("edit_record", app_token=..., table_id=..., record_id=..., fields={...})`."""
    return {"op": op, "args": args}


class Control(EventControl, DirectoryControl, ApprovalControl, FileControl):
    """Steers the simulator at `url`; what concerns events, directory and approvals stands beside this module."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._where = urlsplit(url)

    def do(self, op: str, **args: Any) -> Any:
        """Run one step; ControlError when it cannot be done."""
        connection = http.client.HTTPConnection(str(self._where.hostname), self._where.port or 80, timeout=_SECONDS)
        with contextlib.closing(connection):
            connection.request("POST", "/_control/do", orjson.dumps(step(op, **args)))
            answer = orjson.loads(connection.getresponse().read())
        if not answer["ok"]:
            raise ControlError(f"{op}: {answer['error']}")
        return answer["result"]

    # the stage

    def create_app(
        self,
        app_id: str | None = None,
        secret: str | None = None,
        scopes: Iterable[str] | None = None,
        tenant: str = "tenant1",
        name: str = "Sync",
    ) -> AppCredentials:
        """Add an app; without scopes it has all it needs."""
        granted = None if scopes is None else list(scopes)
        return AppCredentials(
            **self.do("create_app", app_id=app_id, secret=secret, scopes=granted, tenant=tenant, name=name)
        )

    def set_scopes(
        self,
        app_id: str,
        scopes: Iterable[str],
        user_scopes: Iterable[str] | None = None,
        asked: Iterable[str] = (),
    ) -> None:
        """Give an app exactly these scopes (for users the same, unless given), and those it still waits for."""
        users = None if user_scopes is None else list(user_scopes)
        self.do("set_scopes", app_id=app_id, scopes=list(scopes), user_scopes=users, asked=list(asked))

    def add_person(self, name: str, en_name: str = "", email: str = "", open_id: str = "") -> dict[str, str]:
        """Add a person; returns open_id, union_id, user_id and name."""
        found: dict[str, str] = self.do("add_person", name=name, en_name=en_name, email=email, open_id=open_id)
        return found

    def create_base(self, name: str = "Base", time_zone: str = "Asia/Shanghai", default_right: str = "manage") -> str:
        """Add a base; returns its app_token. `default_right` is what every app may do: none, read, edit, manage."""
        made = self.do("create_base", name=name, time_zone=time_zone, default_right=default_right)
        return str(made["app_token"])

    def create_table(self, app_token: str, name: str, fields: Sequence[Mapping[str, Any]]) -> TablePlace:
        """Add a table; fields as the API takes them (`field_name`, `type`, `ui_type`, `property`), of every type."""
        made = self.do("create_table", app_token=app_token, name=name, fields=[dict(each) for each in fields])
        return TablePlace(app_token, **made)

    def create_field(self, app_token: str, table_id: str, field: Mapping[str, Any]) -> dict[str, Any]:
        """Add a field of any type; returns it as the API shows it."""
        made: dict[str, Any] = self.do("create_field", app_token=app_token, table_id=table_id, field=dict(field))
        return made

    def add_wiki_node(self, app_token: str) -> str:
        """Hang a base into a wiki; returns the node token."""
        return str(self.do("add_wiki_node", app_token=app_token)["node_token"])

    def grant(self, app_token: str, app_id: str, right: str) -> None:
        """Give an app none, read, edit or manage on a base."""
        self.do("grant", app_token=app_token, app_id=app_id, right=right)

    def set_advanced(self, app_token: str, *, on: bool = True) -> None:
        """Turn advanced permissions on or off: apps without manage right then see what `restrict` leaves them."""
        self.do("set_advanced", app_token=app_token, on=on)

    def restrict(
        self,
        app_token: str,
        app_id: str,
        *,
        visible: bool = True,
        writable: bool = True,
        hidden_fields: Iterable[str] = (),
        forbidden_records: Iterable[str] = (),
    ) -> None:
        """Set the role of an app without manage right under advanced permissions."""
        self.do(
            "restrict",
            app_token=app_token,
            app_id=app_id,
            visible=visible,
            writable=writable,
            hidden_fields=list(hidden_fields),
            forbidden_records=list(forbidden_records),
        )

    def set_synced(self, app_token: str, table_id: str, *, on: bool = True) -> None:
        """Make a table one that is synced from elsewhere: the API may not write its records."""
        self.do("set_synced", app_token=app_token, table_id=table_id, on=on)

    # the users; `by` is an open_id, left out: somebody

    def add_records(self, app_token: str, table_id: str, records: Sequence[Cells], by: str | None = None) -> list[str]:
        """Add records (cells in WRITE form by field name), 100,000 in seconds; returns their ids in order."""
        ids: list[str] = []
        for start in range(0, len(records), _CHUNK):
            chunk = [dict(each) for each in records[start : start + _CHUNK]]
            ids += self.do("add_records", app_token=app_token, table_id=table_id, records=chunk, by=by)
        return ids

    def add_record(self, app_token: str, table_id: str, fields: Cells, by: str | None = None) -> str:
        """Add one record; returns its id."""
        return self.add_records(app_token, table_id, [fields], by)[0]

    def edit_record(self, app_token: str, table_id: str, record_id: str, fields: Cells, by: str | None = None) -> None:
        """Change cells; None clears, text may be segments, a formula field takes the value it is to show."""
        self.do("edit_record", app_token=app_token, table_id=table_id, record_id=record_id, fields=dict(fields), by=by)

    def edit_records(self, app_token: str, table_id: str, records: Mapping[str, Cells], by: str | None = None) -> None:
        """Change cells of several records, by record id."""
        given = {record_id: dict(cells) for record_id, cells in records.items()}
        self.do("edit_records", app_token=app_token, table_id=table_id, records=given, by=by)

    def delete_records(self, app_token: str, table_id: str, record_ids: Iterable[str], by: str | None = None) -> None:
        """Delete records."""
        self.do("delete_records", app_token=app_token, table_id=table_id, record_ids=list(record_ids), by=by)

    def restore_records(self, app_token: str, table_id: str, record_ids: Iterable[str], by: str | None = None) -> None:
        """Bring deleted records back under their old ids."""
        self.do("restore_records", app_token=app_token, table_id=table_id, record_ids=list(record_ids), by=by)

    def rename_field(self, app_token: str, table_id: str, field: str, name: str) -> None:
        """Give a field (by name or id) another name."""
        self.do("rename_field", app_token=app_token, table_id=table_id, field=field, name=name)

    def retype_field(
        self,
        app_token: str,
        table_id: str,
        field: str,
        type: int,  # noqa: A002 - the name the API uses
        ui_type: str | None = None,
        property: Mapping[str, Any] | None = None,  # noqa: A002 - the name the API uses
    ) -> None:
        """Give a field another type; cells that do not convert are lost."""
        new = {"type": type, "ui_type": ui_type, "property": None if property is None else dict(property)}
        self.do("retype_field", app_token=app_token, table_id=table_id, field=field, **new)

    def delete_field(self, app_token: str, table_id: str, field: str) -> None:
        """Delete a field."""
        self.do("delete_field", app_token=app_token, table_id=table_id, field=field)

    def set_expression(self, app_token: str, table_id: str, field: str, expression: Mapping[str, Any] | None) -> None:
        """Give a formula or lookup field an expression, such as `{"sum": ["a", {"value": 1}]}` (see cells/computed)."""
        given = None if expression is None else dict(expression)
        self.do("set_expression", app_token=app_token, table_id=table_id, field=field, expression=given)

    def add_option(self, app_token: str, table_id: str, field: str, name: str) -> str:
        """Add an option to a select field; returns its id."""
        return str(self.do("add_option", app_token=app_token, table_id=table_id, field=field, name=name))

    def rename_option(self, app_token: str, table_id: str, field: str, old: str, new: str) -> None:
        """Give an option another name."""
        self.do("rename_option", app_token=app_token, table_id=table_id, field=field, old=old, new=new)

    def delete_option(self, app_token: str, table_id: str, field: str, name: str) -> None:
        """Delete an option, out of every cell too."""
        self.do("delete_option", app_token=app_token, table_id=table_id, field=field, name=name)

    def filter_view(self, app_token: str, table_id: str, view_id: str, filter_info: Mapping[str, Any] | None) -> None:
        """Give a view a filter, in the form of view patch."""
        given = None if filter_info is None else dict(filter_info)
        self.do("filter_view", app_token=app_token, table_id=table_id, view_id=view_id, filter_info=given)

    def at(self, api: str, steps: Sequence[Step], nth: int = 1, when: str = "before") -> None:
        """Run steps right before (or after) the nth call of an API (a pattern) from now."""
        self.do("at", api=api, steps=list(steps), nth=nth, when=when)

    def clear_hooks(self) -> None:
        """Forget all steps that wait."""
        self.do("clear_hooks")

    # the truth

    def records(self, app_token: str, table_id: str) -> dict[str, dict[str, Any]]:
        """Return every record by id as `{record_id, fields (NEW shape), plain, created_time, ...}`, in order."""
        found = self.do("records", app_token=app_token, table_id=table_id)
        return {each["record_id"]: each for each in found}

    def plain(
        self, app_token: str, table_id: str, record_ids: Sequence[str] | None = None
    ) -> dict[str, dict[str, Any]]:
        """Return records' cells by id as simple values: text, numbers, option names, ms, lists of ids.

        Of every record, or of those named that are there.
        """
        named = {} if record_ids is None else {"record_ids": list(record_ids)}
        found = self.do("records", app_token=app_token, table_id=table_id, shape="plain", **named)
        return {each["record_id"]: each["plain"] for each in found}

    def table(self, app_token: str, table_id: str) -> dict[str, Any]:
        """Return name, revision, count, fields (as the API shows them), views and trash of a table."""
        found: dict[str, Any] = self.do("table", app_token=app_token, table_id=table_id)
        return found

    def bases(self) -> dict[str, dict[str, Any]]:
        """Return all bases by token: name, revision, tables (name by id)."""
        found: dict[str, dict[str, Any]] = self.do("bases")
        return found

    def calls(self, api: str | None = None, since: int = 0, *, bodies: bool = False) -> list[dict[str, Any]]:
        """Return the calls received, oldest first, with their outcome; bodies up to 16 KB if wanted."""
        found: list[dict[str, Any]] = self.do("calls", api=api, since=since, bodies=bodies)
        return found

    def counts(self) -> dict[str, int]:
        """Return how many calls each API received since the last clear."""
        found: dict[str, int] = self.do("counts")
        return found

    def clear_calls(self) -> None:
        """Forget all calls."""
        self.do("clear_calls")

    # what goes wrong

    def set_switches(self, **changes: Any) -> dict[str, Any]:
        """Change switches (see `switches.Switches`); returns all of them."""
        found: dict[str, Any] = self.do("set_switches", **changes)
        return found

    def set_quota_scale(self, scale: float) -> None:
        """Multiply every documented rate; 0 lifts them all."""
        self.do("set_quota_scale", scale=scale)

    def set_latency(self, api: str, seconds: float) -> None:
        """Make calls of matching APIs take this long, holding their table."""
        self.do("set_latency", api=api, seconds=seconds)

    def revoke_tokens(self, app_id: str | None = None) -> int:
        """End the tokens of one app or all; returns how many."""
        return int(self.do("revoke_tokens", app_id=app_id))

    def fault(
        self,
        api: str,
        kind: str,
        *,
        nth: int = 1,
        times: int | None = None,
        probability: float | None = None,
        **params: Any,
    ) -> int:
        """Let calls of an API (a pattern) fail: see `faults.KINDS`; returns the fault's number.

        It fires at the nth matching call from now and, unless `times` or `probability` say otherwise, once.
        """
        return int(self.do("fault", api=api, kind=kind, nth=nth, times=times, probability=probability, **params))

    def faults(self) -> list[dict[str, Any]]:
        """Return all faults that were added, with how often each was seen and fired."""
        found: list[dict[str, Any]] = self.do("faults")
        return found

    def fault_kinds(self) -> dict[str, str]:
        """Return what each kind of fault does."""
        found: dict[str, str] = self.do("fault_kinds")
        return found

    def clear_faults(self, number: int | None = None) -> None:
        """Take one fault away, or all."""
        self.do("clear_faults", number=number)

    def now(self) -> float:
        """Return the simulator's time, seconds since the epoch."""
        return float(self.do("now"))

    def set_clock(self, seconds: float | None = None, scale: float | None = None) -> float:
        """Set the time and how fast it runs (0 stands still); returns the time."""
        return float(self.do("set_clock", seconds=seconds, scale=scale))

    def advance_clock(self, seconds: float) -> float:
        """Jump forward in time; returns the time."""
        return float(self.do("advance_clock", seconds=seconds))
