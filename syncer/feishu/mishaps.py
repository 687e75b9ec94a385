"""Calls that got no answer: whether they can have arrived, and why in words."""

import requests
from urllib3.exceptions import HTTPError, MaxRetryError, NewConnectionError

from syncer.errors import FeishuSetupError, SyncerError
from syncer.feishu.calls import Call
from syncer.feishu.errors import unanswered
from syncer.feishu.patience import AgainError


def mishap(call: Call, error: requests.RequestException, domain: str, timeout: float) -> SyncerError | AgainError:
    """What to raise for a call that broke: only a write that may have arrived is not asked again."""
    if "CERTIFICATE_VERIFY_FAILED" in str(error):
        return FeishuSetupError(
            f"{call.place()}: the certificate of {domain} was not accepted; if a proxy signs for it, "
            "name the proxy's certificates in REQUESTS_CA_BUNDLE",
            api=call.api,
        )
    sent = _may_have_arrived(error)
    found = unanswered(call, _reason(error, timeout), sent=sent)
    return found if call.writes and sent else AgainError(call.api, found)


def _may_have_arrived(error: requests.RequestException) -> bool:
    """False only where no connection came about."""
    if isinstance(error, requests.ConnectTimeout | requests.exceptions.ProxyError):
        return False
    return not isinstance(_cause(error), NewConnectionError)


def _cause(error: requests.RequestException) -> HTTPError | None:
    inner = error.args[0] if error.args else None
    if isinstance(inner, MaxRetryError):
        return inner.reason if isinstance(inner.reason, HTTPError) else None
    return inner if isinstance(inner, HTTPError) else None


def _reason(error: requests.RequestException, timeout: float) -> str:
    """In words, without the address: it names the document."""
    if isinstance(error, requests.ConnectTimeout):
        return f"no connection within {timeout:g} s"
    if isinstance(error, requests.Timeout):
        return f"no answer within {timeout:g} s"
    cause = _cause(error)
    if isinstance(cause, NewConnectionError):
        return str(cause).rsplit(": ", 1)[-1]
    if isinstance(error, requests.exceptions.ProxyError):
        return "the proxy did not let it through"
    return "the connection broke off"
