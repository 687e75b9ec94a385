"""One call to Feishu, carried out: token, quota, connection, patience, and an answer or a clear error.

A read is repeated on any fault that may pass. A write is repeated only when the answer proves that nothing was done
(a limiter, a lock, a token, no connection); else it raises ``UnknownOutcomeError`` and somebody has to look.
"""

import hashlib
import logging
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import orjson
import requests
from redis import Redis

from syncer.batching.askers import as_urgent_as_now
from syncer.batching.counts import Counts
from syncer.batching.paces import FULL_SPEED, LocalPaces, Pace, Paces
from syncer.batching.quota import LongWaitError, Pacer, every
from syncer.batching.sizes import MOST, LocalSizes, Sizes
from syncer.errors import RefusedError, SettingsError, UnreachableError, UsedUpError
from syncer.feishu.calls import Answer, Call, read_answer
from syncer.feishu.clocks import skew_of
from syncer.feishu.codes import Kind
from syncer.feishu.errors import kind_of, refusal, used_up
from syncer.feishu.lately import Lately
from syncer.feishu.listed import read_listing
from syncer.feishu.mishaps import mishap
from syncer.feishu.patience import AgainError, Patience, Waiting
from syncer.feishu.quotas import BY_THE_DAY, PATIENT, QUOTAS, TOO_FAST, UNLIMITED, UNTOLD, WRITE_CONFLICT
from syncer.feishu.tokens import Speaker, TokenCache, speaking
from syncer.feishu.transport import Line, install_switchboard, sdk
from syncer.feishu.unsortable import Unsortable
from syncer.ports import Clock

_log = logging.getLogger(__name__)

Gate = Callable[[Callable[[], None]], AbstractContextManager[None]]
"""What one sending of a call has to pass; gets a function that waits for the quota, and holds on until the answer."""
Count = Callable[[str], None]

_TOKEN_CALL = Call("auth.token", "POST", "/open-apis/auth/v3/tenant_access_token/internal")


class FeishuClient:
    """Speaks for one app to one domain. Safe for threads; ``close`` gives the connections back.

    ``timeout`` is in seconds, for connecting and for each wait for bytes. ``on_wait`` is told of every wait: api,
    seconds, reason. The secret never appears in messages, logs or ``repr``.
    """

    def __init__(  # noqa: PLR0913 - each is a port or a setting of its own
        self,
        app_id: str,
        app_secret: str,
        *,
        clock: Clock,
        pacer: Pacer,
        domain: str = "https://open.feishu.cn",
        timeout: float = 30.0,
        paces: Paces | None = None,
        sizes: Sizes | None = None,
        redis: Redis | None = None,
        patience: Patience | None = None,
        on_wait: Waiting | None = None,
        counts: Counts | None = None,
    ) -> None:
        self.app_id, self.domain, self.timeout, self.clock = app_id, _origin(domain), timeout, clock
        self.skew: timedelta | None = None
        self._secret, self._pacer, self._paces = app_secret, pacer, paces or LocalPaces(clock)
        self._sizes = sizes or LocalSizes(clock)
        self._pace_lately = Lately(clock, lambda table: self._paces.pace_of(self._place(table)))
        self._size_lately = Lately(clock, lambda table: self._sizes.size_of(self._place(table)))
        self._slow: set[str] = set()
        self._small: set[str] = set()
        self._tokens = TokenCache(redis, f"{self.domain}:{app_id}:{_fingerprint(app_secret)}")
        self.unsortable = Unsortable(redis, clock, f"{self.domain}:{app_id}")
        self._line = Line(self.domain, timeout)
        self._retrying = (patience or Patience()).retrying(clock, _note if on_wait is None else on_wait)
        self._counts: Counter[str] = Counter()
        self._shared_counts = counts
        self._lock, self._lock_for_tokens = threading.Lock(), threading.Lock()
        self._settings: Any = None

    def __repr__(self) -> str:
        return f"FeishuClient({self.app_id!r}, domain={self.domain!r})"

    def call(self, call: Call, *, gate: Gate | None = None, count: Count | None = None) -> Answer:
        """Carry a call out; the answer has succeeded.

        Raises ``FeishuError`` and its family; ``UnreachableError`` means that surely nothing was written.
        """
        try:
            return self._retrying.copy()(self._attempt, call, gate or _free, self._counting(count))
        except AgainError as last:
            if isinstance(last.error, UsedUpError):
                self._pacer.block(self._key(call.api), UNTOLD)
            raise last.error from last.__cause__

    def authenticate(self) -> None:
        """Get an access token, so that wrong credentials show before anything is read. Raises like ``call``."""
        try:
            self._retrying.copy()(self._authorised, _request(_TOKEN_CALL), self._counting(None))
        except AgainError as last:
            raise last.error from last.__cause__

    def calls(self) -> Mapping[str, int]:
        """How many calls were sent so far, by api name; every repetition counts."""
        with self._lock:
            return dict(self._counts)

    def pace_of(self, table: str) -> Pace:
        """How fast a table takes calls, as all workers learned."""
        return self._pace_lately.of(table)

    def size_of(self, table: str) -> int:
        """How many lines one write of a table should carry, as all workers learned."""
        size = self._size_lately.of(table)
        (self._small.add if size < MOST else self._small.discard)(table)
        return size

    def too_large(self, table: str, lines: int) -> None:
        """A write of so many lines was too large for the table: all workers send it smaller ones."""
        self._small.add(table)
        self._sizes.refused(self._place(table), lines)
        self._size_lately.forget(table)

    def close(self) -> None:
        """Close the kept connections."""
        self._line.close()

    def _counting(self, also: Count | None) -> Count:
        def count(api: str) -> None:
            with self._lock:
                self._counts[api] += 1
            if api == _TOKEN_CALL.api:
                self._tell("calls", api, "sent")
            if also:
                also(api)

        return count

    def _attempt(self, call: Call, gate: Gate, count: Count) -> Answer:
        answer, token = self._exchange(call, gate, count)
        if not answer.succeeded and kind_of(answer, writes=call.writes) is Kind.REFRESH:
            self._tokens.forget(token)
            answer, _ = self._exchange(call, gate, count)
        return self._judged(call, answer)

    def _exchange(self, call: Call, gate: Gate, count: Count) -> tuple[Answer, str]:
        """Send a call once. Also returns the token it was sent with."""
        request = _request(call)
        option = self._authorised(request, count)
        with call.form() as form, gate(lambda: self._pace(call)):
            began = self.clock.now()
            count(call.api)
            raw = self._sent(call, request if form is None else _request(call, form), option)
        skew = skew_of(raw.headers, began, self.clock.now())
        self.skew = self.skew if skew is None else skew
        body = read_listing(raw.content) if call.listing else raw.content
        answer = read_answer(raw.status_code, raw.headers, body, began)
        self._tell("calls", call.api, _outcome(answer))
        return answer, str(option.tenant_access_token)

    def _sent(self, call: Call, request: Any, option: Any) -> Any:
        from lark_oapi.core.http import Transport  # noqa: PLC0415 - loaded by now

        try:
            return Transport.execute(self._config(), request, option)
        except requests.RequestException as error:
            self._tell("calls", call.api, "no answer")
            raise mishap(call, error, self.domain, self.timeout) from error

    def _judged(self, call: Call, answer: Answer) -> Answer:
        self._learn(call, answer)
        if answer.succeeded:
            return answer
        kind = kind_of(answer, writes=call.writes)
        if kind is Kind.SPLIT and call.lines:
            self.too_large(call.table, call.lines)
        if kind is Kind.FINE:
            return answer
        error = refusal(call, answer, kind)
        if answer.reset:
            self._pacer.block(self._key(call.api), answer.reset)
        if kind is Kind.WAIT and call.api in BY_THE_DAY:
            error = used_up(error, self.clock.now(), answer.reset or UNTOLD)
            if (answer.reset or 0) > PATIENT:
                raise error
        if kind is Kind.WAIT or (kind is Kind.AGAIN and not call.writes):
            raise AgainError(call.api, error, answer.reset, conflict=answer.code == WRITE_CONFLICT)
        raise error

    def _authorised(self, request: Any, count: Count) -> Any:
        """The request's token, from the cache or fetched; one thread fetches, the others wait for it."""
        from lark_oapi.core.exception import ObtainAccessTokenException  # noqa: PLC0415 - loaded by now
        from lark_oapi.core.model import RequestOption  # noqa: PLC0415
        from lark_oapi.core.token import TokenManager, verify  # noqa: PLC0415

        option, config = RequestOption(), self._config()
        try:
            with self._lock_for_tokens, speaking(Speaker(self._tokens, count)):
                install_switchboard(TokenManager)
                verify(config, request, option)
        except requests.RequestException as error:
            raise mishap(_TOKEN_CALL, error, self.domain, self.timeout) from error
        except ObtainAccessTokenException as error:
            self._judged(_TOKEN_CALL, _token_answer(error.code, error.msg, self.clock))
        except (ValueError, TypeError, AttributeError) as error:
            # The SDK takes the token's answer apart without asking what it is.
            raise AgainError(_TOKEN_CALL.api, _no_token(self.domain)) from error
        return option

    def _config(self) -> Any:
        """The SDK's settings. Its builder takes no ``http://`` beyond the loopback, so the domain is set afterwards."""
        if self._settings is None:
            client = sdk().Client.builder().app_id(self.app_id).app_secret(self._secret).timeout(self.timeout).build()
            config = client.config
            config.domain, config.line = self.domain, self._line
            self._settings = config
        return self._settings

    def _pace(self, call: Call) -> None:
        """Wait for the table, if it is slow, and then for the quota."""
        who = as_urgent_as_now(call.who)
        pace = self.pace_of(call.table) if call.table else FULL_SPEED
        if pace.seconds:
            self._slow.add(call.table)
            waited = self._pacer.take(f"table:{self._place(call.table)}", every(pace.seconds), who)
            self._tell("table_seconds", self._place(call.table), amount=waited)
        most = PATIENT if call.api in BY_THE_DAY else None
        try:
            waited = self._pacer.take(self._key(call.api), QUOTAS.get(call.api, UNLIMITED), who, most=most)
        except LongWaitError as long:
            raise used_up(call.place(), self.clock.now(), long.seconds) from long
        if waited:
            self._tell("quota_waits", call.api)
            self._tell("quota_seconds", call.api, amount=waited)

    def _tell(self, what: str, *labels: str, amount: float = 1) -> None:
        if self._shared_counts:
            self._shared_counts.add(what, *labels, amount=amount)

    def _learn(self, call: Call, answer: Answer) -> None:
        """A table that is called too fast slows down for all workers; what succeeds makes it faster again."""
        if call.table and answer.code in TOO_FAST:
            refused = not call.writes and answer.code == WRITE_CONFLICT
            self._paces.slower(self._place(call.table), reads_alone=refused)
            self._pace_lately.forget(call.table)
        elif call.table in self._slow and answer.succeeded:
            self._slow.discard(call.table)
            self._paces.faster(self._place(call.table))
            self._pace_lately.forget(call.table)
        if call.lines and call.table in self._small and answer.succeeded:
            self._sizes.accepted(self._place(call.table), call.lines)
            self._size_lately.forget(call.table)

    def _place(self, table: str) -> str:
        return f"{self.domain}/{table}"

    def _key(self, api: str) -> str:
        return f"{self.domain}:{self.app_id}:{api}"


@contextmanager
def _free(pace: Callable[[], None]) -> Iterator[None]:
    """The gate of a call that has to pass nothing but its quota."""
    pace()
    yield


def _outcome(answer: Answer) -> str:
    if answer.succeeded:
        return "ok"
    return f"http {answer.status}" if answer.code is None else str(answer.code)


def _fingerprint(secret: str) -> str:
    """Tells one secret from another, so that a wrong one is not served a token that the right one fetched."""
    return hashlib.sha256(secret.encode()).hexdigest()[:16]


def _request(call: Call, form: Any = None) -> Any:
    lark = sdk()
    builder = lark.BaseRequest.builder().http_method(lark.HttpMethod[call.method]).uri(call.path)
    builder.queries(_pairs(call)).token_types({lark.AccessTokenType.TENANT})
    if call.body is not None:
        builder.headers({"Content-Type": "application/json; charset=utf-8"}).body(_encoded(call))
    if form is not None:
        builder.headers({"Content-Type": form.content_type}).body(form)
    request = builder.build()
    request.sink = call.sink
    return request


def _pairs(call: Call) -> list[tuple[str, str]]:
    return [
        (name, each) for name, given in call.query.items() for each in ([given] if isinstance(given, str) else given)
    ]


def _encoded(call: Call) -> bytes:
    try:
        return orjson.dumps(call.body, default=_as_json)
    except orjson.JSONEncodeError as error:
        raise RefusedError(f"{call.place()}: a value cannot be sent as JSON ({error}); nothing was sent") from error


def _as_json(found: object) -> object:
    """What orjson does not know by itself: mappings that are no dict."""
    if isinstance(found, Mapping):
        return dict(found)
    raise TypeError(type(found).__name__)


def _token_answer(code: object, message: object, clock: Clock) -> Answer:
    number = code if isinstance(code, int) else None
    return Answer(502, number, str(message or ""), {}, {}, None, None, clock.now())


def _no_token(domain: str) -> UnreachableError:
    return UnreachableError(f"{domain} did not answer the request for an access token in Feishu's form; {_DOMAIN}")


_DOMAIN = "check FEISHU_DOMAIN, the network and its proxy, or try again later"


def _note(api: str, seconds: float, reason: str) -> None:
    _log.info("%s waits %.1f s: %s", api, seconds, reason)


def _origin(domain: str) -> str:
    """The domain as scheme and host; raises ``SettingsError`` for anything else."""
    parts = urlsplit(domain.rstrip("/"))
    plain = parts.scheme in ("http", "https") and parts.hostname and not (parts.path or parts.query or parts.username)
    if not plain:
        raise SettingsError(
            ["FEISHU_DOMAIN must be like https://open.feishu.cn: scheme and host, nothing after it, no password"]
        )
    return f"{parts.scheme}://{parts.netloc}"
