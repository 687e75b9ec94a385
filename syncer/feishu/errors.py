"""Feishu's refusals as errors of ours: what happened, where, and how to mend it.

No message ever carries a token or a secret: what looks like one is struck out of Feishu's own words too.
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from syncer.errors import (
    FeishuError,
    FeishuSetupError,
    RefusedError,
    StaleNameError,
    SyncerError,
    TooLargeError,
    UnknownOutcomeError,
    UnreachableError,
    UsedUpError,
    VanishedError,
)
from syncer.feishu.calls import Answer, Call
from syncer.feishu.codes import CODES, OVER, Code, Kind
from syncer.feishu.quotas import UPLOADS_A_DAY

_TOKEN = re.compile(r"\b(?:[taur]{1,2}-[A-Za-z0-9_.\-]{10,}|eyJ[A-Za-z0-9_.\-]{20,})")
_TOO_LARGE = re.compile(r"size|exceed|too (?:large|big|much|many)", re.IGNORECASE)
_PAGE_TOKEN = re.compile(r"page.?token", re.IGNORECASE)
_LONGEST = 300

_ERRORS: dict[Kind, type[FeishuError]] = {
    Kind.REFRESH: FeishuSetupError,
    Kind.LOOK: UnknownOutcomeError,
    Kind.SPLIT: TooLargeError,
    Kind.SKIP: RefusedError,
    Kind.STOP: FeishuSetupError,
    Kind.STALE: StaleNameError,
    Kind.VANISHED: VanishedError,
    Kind.STRANGE: FeishuError,
}


def short(token: str) -> str:
    """An app token as it may be shown: enough to recognise it, too little to use it."""
    return token if len(token) <= 10 else f"{token[:4]}…{token[-4:]}"


def safe(text: str) -> str:
    """Feishu's words without anything that looks like an access token, and not endless."""
    struck = _TOKEN.sub("(token)", text)
    return struck if len(struck) <= _LONGEST else struck[:_LONGEST] + "…"


def kind_of(answer: Answer, *, writes: bool) -> Kind:
    """What can be done about an answer. Codes the table does not know are judged by what they could have done."""
    if answer.code is None:
        return _kind_of_strange(answer.status)
    known = CODES.get(answer.code)
    if known is None:
        return _kind_of_unknown(answer.code, writes=writes)
    # 1254002 is a catch-all, 1254030 has two meanings; only their message tells.
    if known.number == 1254002 and _TOO_LARGE.search(answer.message):
        return Kind.SPLIT
    if known.number == 1254030 and _PAGE_TOKEN.search(answer.message):
        return Kind.AGAIN
    return Kind.AGAIN if known.kind is Kind.LOOK and not writes else known.kind


def _kind_of_strange(status: int) -> Kind:
    """A body that is not Feishu's (a proxy's page, half an answer): only 429 and 413 prove that nothing was done."""
    if status in _STRANGE:
        return _STRANGE[status]
    return Kind.STOP if 300 <= status < 500 and status != 408 else Kind.AGAIN


_STRANGE = {429: Kind.WAIT, 413: Kind.SPLIT}


def _kind_of_unknown(code: int, *, writes: bool) -> Kind:
    """12540xx and 12541xx are faults of the request, found before anything is done; of others nobody knows."""
    if 1254000 <= code < 1254200:
        return Kind.SKIP
    return Kind.LOOK if writes else Kind.STRANGE


def refusal(call: Call, answer: Answer, kind: Kind) -> SyncerError:
    """The error for an answer, once waiting and repeating are over."""
    text = f"{_said(call, answer)}. {_mend(answer, call)}"
    if kind is Kind.WAIT or (kind is Kind.AGAIN and not call.writes):
        return UnreachableError(f"{text}{_log(answer.log_id)}")
    failed = UnknownOutcomeError if kind is Kind.AGAIN else _ERRORS[kind]
    error = failed(text, code=answer.code, log_id=answer.log_id, api=call.api)
    if isinstance(error, UnknownOutcomeError):
        error.over = answer.code in OVER
    return error


def used_up(why: SyncerError | str, now: datetime, seconds: float) -> UsedUpError:
    """What a call with an allowance for the day is refused with, by Feishu or by our own count."""
    until = now + timedelta(seconds=seconds)
    return UsedUpError(
        f"Feishu takes no more files for now (it allows {UPLOADS_A_DAY:,} uploads a day); they go on by themselves"
        f" from {until.astimezone(UTC):%Y-%m-%d %H:%M} UTC ({str(why).rstrip('.')})",
        until,
    )


def _said(call: Call, answer: Answer) -> str:
    if answer.code is None:
        return f"{call.place()} was answered with HTTP {answer.status} and not in Feishu's form"
    known = CODES.get(answer.code)
    words = [f"{call.place()} was refused by Feishu: {answer.code}"]
    if known:
        words.append(f" {known.name}")
    if answer.message and (not known or answer.message != known.name):
        words.append(f" ({safe(answer.message)})")
    return "".join(words) + _details(answer)


def _details(answer: Answer) -> str:
    """Which field or parameter, if Feishu says so."""
    found = answer.error.get("field_violations")
    violations = [violation for violation in found if isinstance(violation, dict)] if isinstance(found, list) else []
    told = [f"{violation.get('field')}: {violation.get('description')}" for violation in violations]
    return f" [{safe('; '.join(told))}]" if told else ""


def _mend(answer: Answer, call: Call) -> str:
    known = CODES.get(answer.code) if answer.code is not None else None
    special = _MEND_BY_ANSWER.get(answer.code or 0)
    if special and known and (told := special(answer)):
        return f"{known.mend}: {told}"
    if known:
        return known.mend
    if answer.code is None and 300 <= answer.status < 500:
        return "Check FEISHU_DOMAIN: it must be https://open.feishu.cn, https://open.larksuite.com or a simulator"
    return "Look before writing again" if call.writes else "Try again later"


def _scopes(answer: Answer) -> str:
    found = answer.error.get("permission_violations")
    named = [str(entry.get("subject")) for entry in found if isinstance(entry, dict)] if isinstance(found, list) else []
    return f"one of {', '.join(named)}" if named else ""


_MEND_BY_ANSWER: dict[int, Callable[[Answer], str]] = {99991672: _scopes, 99991679: _scopes}


def _log(log_id: str | None) -> str:
    return f" (Feishu's log id: {log_id})" if log_id else ""


def unanswered(call: Call, reason: str, *, sent: bool) -> SyncerError:
    """No answer came. Only a write that may have arrived has an unknown outcome."""
    if call.writes and sent:
        text = f"{call.place()} was sent, but no answer came ({reason}): it may or may not have been done"
        return UnknownOutcomeError(text, api=call.api)
    return UnreachableError(
        f"{call.place()}: Feishu could not be reached ({reason}); check FEISHU_DOMAIN, the network and its proxy"
    )


def describe(code: int) -> Code | None:
    """What is known about a code, for the console and ``doctor``."""
    return CODES.get(code)
