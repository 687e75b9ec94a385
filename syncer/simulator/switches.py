"""What the documentation leaves open: every such choice of the simulator, in one place, each with its source.

Tags: [doc] said by an official page but contradicted or varied elsewhere, [seen] seen in public code, [inferred] our
conclusion, [silent] the pages say nothing. A client must live with every setting.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any


@dataclass(frozen=True, slots=True)
class Switches:
    """One frozen set of choices; `World.switches` holds the current one."""

    header_names: str = "canonical"
    """`canonical` | `lower`: the case of response header names. [seen] the real gateway sends canonical ones."""

    status_mode: str = "legacy200"
    """`legacy200` | `new4xx`: HTTP status of business errors; older and newer pages differ. [doc]"""

    quota_window: str = "sliding"
    """`sliding` | `fixed`: how a rate of n per second is counted. [silent]"""

    token_seconds: int = 7200
    """Life of a tenant token. [doc] at most two hours"""

    token_renew_seconds: int = 1800
    """While a token has at least this long to live it is handed out again. [doc]"""

    wiki_token_on_records: bool = True
    """Record, table, field and view calls take a wiki node token for the base token. [seen]"""

    client_tokens: str = "replay"
    """Same token, same body, inside the window: `replay` the first answer, `refuse` with 1254608, or `ignore` the
    token and write again. [inferred]"""

    client_token_seconds: float = 600.0
    """How long a client token is remembered. [silent]"""

    client_token_scope: str = "table"  # noqa: S105 - no secret
    """`table` | `app`: where a client token must be unique. [silent]"""

    resubmission_seconds: float = 0.0
    """An identical token and body again within this time is 1254608 instead of a replay. [doc] without the time"""

    writer_scope: str = "table"
    """`table` | `base`: overlapping writes within it are 1254291. [doc] advises one per base, [seen] one per table"""

    reads_conflict_with_writes: bool = False
    """A read of a table while a write of it is under way is 1254291. [doc] newer text"""

    stale_read_seconds: float = 0.0
    """After a write with `ignore_consistency_check=true`, reads show the state before it this long. [doc] "briefly" """

    absent_after_create_seconds: float = 0.0
    """A record is not found this long after it was created (replica lag). [doc] "a few seconds" """

    cell_edits_bump_revision: bool = True
    """A change of cells raises the table's `revision`. [inferred]"""

    cell_edits_bump_app_revision: bool = False
    """A change of cells raises the base's `revision`. [inferred] it counts base-level changes"""

    no_op_bumps_revision: bool = False
    """An update that changes nothing raises `revision`. [silent]"""

    no_op_bumps_modified: bool = False
    """An update that changes nothing moves the modified time. [silent]"""

    revision_step: str = "call"
    """`call` | `record`: what `revision` is raised for. [silent]"""

    back_writes_bump_modified: bool = False
    """Being linked from the other side of a two-way link moves a record's modified time. [silent]"""

    back_writes_bump_revision: bool = True
    """Being linked from the other side raises the peer table's `revision`. [silent]"""

    computed_bumps_revision: bool = False
    """A new formula value raises `revision`. [silent]"""

    computed_lag_seconds: float = 0.0
    """A formula shows its former value this long after a write of its record. [silent]"""

    automatic_time_step_ms: int = 1000
    """Automatic times are multiples of this many ms. [inferred] from samples that end in 000"""

    dates_keep: str = "ms"
    """`ms` | `minute`: what a date cell keeps of the value written. [silent]"""

    dates_before_1970: bool = True
    """Negative dates are stored; else 1254064. [silent]"""

    whole_numbers: str = "int"
    """`int` | `float`: how 1 is rendered, `1` or `1.0`. [doc] samples show both"""

    empty_text_clears: bool = True
    """`""` clears a text cell; else it is kept as an empty text. [seen]"""

    empty_string_clears: bool = False
    """`""` clears cells of other types too, instead of failing their conversion. [silent]"""

    cleared_text: str = "omitted"
    """`omitted` | `list` | `string`: how a text cell that was cleared is read. [inferred]"""

    unchecked_shown: bool = True
    """A checkbox written false is read as `false`; else it is omitted. [inferred]"""

    null_clears: bool = True
    """`null` clears a cell; else it is ignored. [doc] clears, one public script claims otherwise"""

    echo_nulls: bool = False
    """A write response repeats the nulls it was sent. [silent]"""

    formula_value: str = "list"
    """`list` | `scalar`: how a number or date of a formula is wrapped. [doc] list, [seen] scalar"""

    formula_ui_type: bool = False
    """A formula value also carries `ui_type`. [doc] optional"""

    empty_formula: str = "omitted"
    """`omitted` | `list` | `null`: how an empty formula is read. [silent]"""

    contains_many: str = "all"
    """`all` | `any`: a list cell contains several wanted values. [silent]"""

    sortable_times: bool = True
    """Fields of created and modified time can be sorted by. [silent]"""

    bad_sort_code: int = 1254016
    """Sorting by what is no field. [doc] 1254016, [seen] 1254000"""

    read_only_code: int = 1254015
    """Writing a cell that cannot be written. [silent]"""

    synced_table_code: int = 1254302
    """Writing records of a table that is synced from elsewhere. [doc] refused, the code [silent]"""

    location_code: int = 1254015
    """A location that is no `"lng,lat"`. [silent]"""

    group_code: int = 1254015
    """A group chat cell that is no list of `{"id"}`. [silent]"""

    oversize_batch_code: int = 1254104
    """More records than a call may carry. [doc] 1254104; 99992402 [inferred]"""

    oversize_page_code: int = 99992402
    """A page size over the maximum; 0 = cut down to the maximum instead. [inferred]"""

    bad_page_token_code: int = 1254002
    """A page token that is not ours. [doc] 1254002, newer pages 1254030"""

    paging: str = "offset"
    """`offset` | `key`: what a page token remembers. Neither is a snapshot; with `offset`, deletes during a scan make
    it skip records. [inferred]"""

    page_token_seconds: float = 0.0
    """A page token older than this is refused with `bad_page_token_code`; 0 = never. [silent]"""

    page_token_on_last_page: bool = True
    """Lists of tables, fields and views carry a `page_token` with `has_more: false` too. [doc] samples"""

    empty_items: str = "list"
    """`list` | `null` | `omitted`: `items` of an empty page. [silent]"""

    people_must_exist: bool = False
    """A user cell takes only people that were added; else an id of the right look makes its person up. [doc] refuses"""

    max_records: int = 0
    """Records a table can hold, beyond it 1254103; 0 = no limit. [doc] depends on the plan"""

    max_changeset_bytes: int = 0
    """A body larger than this is 1254002 "changeset size exceed the limit"; 0 = no limit. [doc] without the number"""

    back_write_events: bool = True
    """Being linked from the other side makes a record event of the peer's table too. [silent]"""

    subscription_seconds: float = 0.0
    """A subscription ends this long after it was last made; 0 = never. [silent]"""

    subscription_missing_code: int = 0
    """Asking for, or ending, a subscription that is not there: 0 = `is_subscribe: false` and success. [doc] 1069605"""

    subscription_event_type: str = "ignored"
    """`ignored` | `refused`: an `event_type` given for a file that is no folder. [seen] clients that send it"""

    event_grouping: str = "call"
    """`call` | `record` | `revision` | `window`: what becomes one event; `window` collects writes of one person to one
    table for `event_window_seconds`. [silent]"""

    event_window_seconds: float = 1.0
    """How long `event_grouping="window"` collects. [silent]"""

    event_most_actions: int = 500
    """More actions than this are spread over several events; 0 = no limit. [silent], [seen] receivers that take 500"""

    event_operator: str = "ids"
    """`ids` | `empty` | `missing`: `operator_id` of writes by an app. [silent]"""

    event_empty_value: str = "string"
    """`string` | `no_value` | `no_entry`: an empty cell of an edit has `field_value: ""`, lacks that key, or is not
    listed. [seen] the first two"""

    event_modified_fields: bool = True
    """An edit's event also lists fields of modified time and person, which moved with it. [silent]"""

    event_create_time: str = "ms"
    """`ms` | `us`: the unit of the header's `create_time`. [doc] ms, samples show both"""

    event_always_signed: bool = False
    """Signature headers are sent without an encrypt key too. [seen]"""

    event_answer_seconds: float = 3.0
    """Real seconds a receiver has to acknowledge. [doc]"""

    event_speed: float = 1.0
    """Divides every wait of events (delays, windows, redeliveries), beside the clock's own scale."""

    event_loss: float = 0.0
    """Share of events that are never delivered; 1 = all. [silent]"""

    event_doubling: float = 0.0
    """Share of events that are delivered again after they were acknowledged. [doc] "duplicates possible" """

    event_delay_seconds: float = 0.0
    """How late every event is. [silent]"""

    event_delay_random_seconds: float = 0.0
    """Every event is later still by up to this much. [silent]"""

    event_reordering: float = 0.0
    """Share of events that are overtaken by the app's next one. [doc] no order is promised"""

    event_department_ids: bool = False
    """A user event's `object` holds `department_ids`. [doc] has no return value, though a sample shows it"""

    media_extra: str = "wanted"
    """`wanted` | `ignored`: a download from a base with advanced permissions names its table in `extra`, or is 1061004.
    [doc] needed, the code [silent]"""

    upload_block_bytes: int = 4_194_304
    """How long the parts of an upload are; `upload_prepare` says so. [doc] 4 MB"""

    resigned_user: str = "shown"
    """`shown` | `unknown` | `forbidden`: getting one who resigned shows that, or is 41012 or 41050. [silent]"""

    approval_search_lag_seconds: float = 0.0
    """A search does not know instances that are younger than this. [doc] "eventually consistent" """

    connection_limit: int = 50
    """Long connections an app may have. [doc]"""

    connection_frame_bytes: int = 100_000
    """Events with more bytes come in several frames; 0 = never. [silent] the size"""

    connection_endpoint_code: int = 0
    """Every ask for a long connection is refused with this code; 1 and 1000040343 are tried again, others are final
    for the official client. [sdk]"""

    connection_handshake_code: int = 0
    """Every handshake is refused with this status; 403 is final for the official client. [sdk]"""

    connection_reconnect_count: int = -1
    """How often clients are told to try to connect again; -1 = for ever. [sdk] default"""

    connection_reconnect_seconds: int = 120
    """Seconds between two tries. [sdk] default"""

    connection_reconnect_jitter: int = 30
    """The first try comes after up to this many seconds. [sdk] default"""

    connection_ping_seconds: int = 120
    """Seconds between two pings of a client. [sdk] default"""

    def changed(self, changes: Mapping[str, Any]) -> "Switches":
        """Return a copy with `changes`; ValueError names what is no switch or has a wrong type."""
        known = {entry.name: type(getattr(self, entry.name)) for entry in fields(self)}
        for name, value in changes.items():
            if name not in known:
                raise ValueError(f"no switch is called {name!r}; there are: {', '.join(sorted(known))}")
            if not isinstance(value, known[name]) and not (known[name] is float and isinstance(value, int)):
                raise ValueError(f"switch {name} takes a {known[name].__name__}, not {value!r}")
        return replace(self, **changes)
