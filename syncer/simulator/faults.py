"""What goes wrong on purpose: one table of fault kinds, and the faults that wait for their call.

A kind decides what happens around the true handling of a call (`go`): not at all, with another answer, or with an
answer delivered badly. To add a kind, add a function and its row.
"""

import random
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

import orjson

from syncer.simulator.calls import Call
from syncer.simulator.errors import Refusal
from syncer.simulator.paging import shown_before
from syncer.simulator.paging_faults import FAULTY_PAGES, is_page, previous_page
from syncer.simulator.quotas import too_many

Go = Callable[[], Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class Delivery:
    """An answer that reaches the client badly. `how`: hang | reset | html | cut | slow; `data` is the true answer."""

    how: str
    data: Any = None
    seconds: float = 0.0
    status: int = 200
    torn: bool = False


Act = Callable[["Fault", Call, Go], Awaitable[Any]]
Fits = Callable[["Fault", Call], bool]


def _always(_fault: "Fault", _call: Call) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class FaultKind:
    """One way to fail. `standing` kinds watch every call until taken away; the others fire once unless told."""

    does: str
    act: Act
    defaults: Mapping[str, Any] = field(default_factory=dict)
    standing: bool = False
    fits: Fits = _always


@dataclass(slots=True)
class Fault:
    """One fault that waits: for the `nth` matching call from now, then `times` calls, each by `probability`."""

    number: int
    api: str
    kind: str
    params: dict[str, Any]
    nth: int = 1
    times: int | None = None
    probability: float = 1.0
    seen: int = 0
    fired: int = 0


async def _code(fault: Fault, _call: Call, go: Go) -> Any:
    given = fault.params
    if given["applied"]:
        await go()
    raise Refusal(given["code"], given["message"], status=given["status"])


async def _rate_limit(fault: Fault, _call: Call, _go: Go) -> Any:
    raise too_many(fault.params["limit"], fault.params["reset"])


async def _hang(fault: Fault, _call: Call, go: Go) -> Any:
    data = await go() if fault.params["applied"] else None
    return Delivery("hang", data, seconds=fault.params["seconds"])


async def _reset(fault: Fault, _call: Call, go: Go) -> Any:
    return Delivery("reset", await go() if fault.params["applied"] else None)


async def _html(fault: Fault, _call: Call, go: Go) -> Any:
    data = await go() if fault.params["applied"] else None
    return Delivery("html", data, status=fault.params["status"])


async def _cut(fault: Fault, _call: Call, go: Go) -> Any:
    return Delivery("cut", await go(), torn=fault.params["torn"])


async def _slow(fault: Fault, _call: Call, go: Go) -> Any:
    return Delivery("slow", await go(), seconds=fault.params["seconds"])


async def _page(fault: Fault, _call: Call, go: Go) -> Any:
    return FAULTY_PAGES[fault.kind](await go(), fault.params)


async def _end(fault: Fault, call: Call, go: Go) -> Any:
    return FAULTY_PAGES[fault.kind](await go(), {**fault.params, "before": shown_before(call.query)})


async def _repeat_page(_fault: Fault, call: Call, go: Go) -> Any:
    call.query["page_token"] = previous_page(call.query)
    return await go()


async def _ignore_page_token(_fault: Fault, call: Call, go: Go) -> Any:
    call.query.pop("page_token", None)
    return await go()


async def _refuse(fault: Fault, _call: Call, _go: Go) -> Any:
    raise Refusal(fault.params["code"], fault.params["message"])


def _records_of(call: Call) -> list[Any]:
    try:
        body = orjson.loads(call.body or b"{}")
    except orjson.JSONDecodeError:
        return []
    if not isinstance(body, dict):
        return []
    records = body.get("records", [body])
    return records if isinstance(records, list) else []


def _is_poisoned(fault: Fault, call: Call) -> bool:
    name, value = fault.params["field"], fault.params["value"]
    cells = [record.get("fields") for record in _records_of(call) if isinstance(record, dict)]
    return any(isinstance(each, dict) and name in each and each[name] == value for each in cells)


def _is_that_page(fault: Fault, call: Call) -> bool:
    return is_page(call.query, fault.params["page"])


def _is_oversize(fault: Fault, call: Call) -> bool:
    most, most_bytes = fault.params["records"], fault.params["bytes"]
    return bool(most and len(_records_of(call)) > most) or bool(most_bytes and len(call.body) > most_bytes)


_REFUSAL = {"code": 1254002, "message": None, "status": None, "applied": False}


def _refusal(does: str, code: int) -> FaultKind:
    return FaultKind(does, _code, {**_REFUSAL, "code": code})


KINDS: dict[str, FaultKind] = {
    "code": FaultKind("refused with `code` (and `status`, `message`); `applied`: done all the same", _code, _REFUSAL),
    "rate_limit": FaultKind("429 with both headers, to wait `reset` seconds", _rate_limit, {"reset": 1, "limit": 50}),
    "too_many": _refusal("1254290: too fast", 1254290),
    "conflict": _refusal("1254291: another write is under way", 1254291),
    "not_ready": _refusal("1254607: data not ready", 1254607),
    "resubmitted": _refusal("1254608: the same request again", 1254608),
    "timed_out": _refusal("1255040: outcome unknown; `applied` says which it was", 1255040),
    "fail": _refusal("1254002: the catch-all", 1254002),
    "hang": FaultKind(
        "no answer until the client gives up or `seconds` pass; `applied`: done all the same",
        _hang,
        {"seconds": 60.0, "applied": False},
    ),
    "reset": FaultKind("the connection is reset; `applied`: after it was done", _reset, {"applied": False}),
    "html": FaultKind("an HTML page with `status` 502 or 504", _html, {"status": 502, "applied": False}),
    "truncated_json": FaultKind(
        "done, but the JSON ends in the middle; `torn`: the connection breaks there", _cut, {"torn": False}
    ),
    "slow_body": FaultKind("done, the second half of the body comes after `seconds`", _slow, {"seconds": 1.0}),
    "empty_listing": FaultKind("a listing is an empty success", _page),
    "cut_short": FaultKind(
        "a listing ends with this page (or with its page number `page`), after `keep` items; "
        "`cut_total`: total says so too; `no_total`: it is left out",
        _end,
        {"keep": None, "page": None, "cut_total": False, "no_total": False},
        fits=_is_that_page,
    ),
    "hide_records": FaultKind(
        "a `share` of the records is not listed; `cut_total`: total is smaller too",
        _page,
        {"share": 0.5, "cut_total": True},
    ),
    "repeat_page": FaultKind("the page before comes again", _repeat_page),
    "ignore_page_token": FaultKind("the first page comes again", _ignore_page_token),
    "poison": FaultKind(
        "a write that carries `value` in `field` is refused with `code`",
        _refuse,
        {"field": "", "value": None, "code": 1254060, "message": None},
        standing=True,
        fits=_is_poisoned,
    ),
    "oversize": FaultKind(
        "a write of more than `records` records or `bytes` bytes is refused",
        _refuse,
        {"records": 0, "bytes": 0, "code": 1254002, "message": "changeset size exceed the limit"},
        standing=True,
        fits=_is_oversize,
    ),
}


class Faults:
    """The faults that wait, in the order they were added; one call meets at most one."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311 - chance must repeat for the same seed
        self.waiting: list[Fault] = []
        self._last = 0

    def add(
        self,
        api: str,
        kind: str,
        params: Mapping[str, Any],
        nth: int = 1,
        times: int | None = None,
        probability: float | None = None,
    ) -> Fault:
        """Add a fault; ValueError for an unknown kind or parameter. `times` left out: once, for ever if by chance."""
        if kind not in KINDS:
            raise ValueError(f"no fault is called {kind!r}; there are: {', '.join(KINDS)}")
        known = KINDS[kind]
        if unknown := set(params) - set(known.defaults):
            raise ValueError(f"fault {kind} takes {sorted(known.defaults)}, not {sorted(unknown)}")
        if times is None and probability is None and not known.standing:
            times = 1
        self._last += 1
        given = {**known.defaults, **params}
        self.waiting.append(
            Fault(self._last, api, kind, given, nth, times, 1.0 if probability is None else probability)
        )
        return self.waiting[-1]

    def due(self, call: Call) -> Fault | None:
        """Count this call against every matching fault; returns the first that fires."""
        chosen = None
        for fault in self.waiting:
            if not fnmatchcase(call.api, fault.api) or not KINDS[fault.kind].fits(fault, call):
                continue
            fault.seen += 1
            if chosen is None and self._fires(fault):
                fault.fired += 1
                chosen = fault
        return chosen

    def _fires(self, fault: Fault) -> bool:
        if fault.seen < fault.nth or (fault.times is not None and fault.fired >= fault.times):
            return False
        return fault.probability >= 1 or self._random.random() < fault.probability

    def remove(self, number: int | None = None) -> None:
        """Take one fault away, or all."""
        self.waiting = [fault for fault in self.waiting if number is not None and fault.number != number]


async def meet(fault: Fault, call: Call, go: Go) -> Any:
    """Handle a call under a fault: returns the data to answer, possibly as a Delivery, or raises a Refusal."""
    call.fault = fault.kind
    return await KINDS[fault.kind].act(fault, call, go)
