"""Opens what is delivered to the webhook: size, seal, freshness, token, and only then what it says.

An own verifier, because the SDK's checks no freshness, compares the signature step by step, takes an unencrypted body
where a key is set, and answers a type nobody registered with 500. Nothing here does I/O, and nothing loads the SDK.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from syncer.errors import RefusedEventError
from syncer.feishu.event_bodies import read_event, read_json
from syncer.feishu.seal import Keys, Signature, decrypt, is_fresh, is_signed, same, signature_of
from syncer.ports.signals import ParsedEvent

MOST_BYTES = 4 * 1024 * 1024
"""The largest body taken. Feishu names no limit; what public receivers have seen stays under 1 MB."""

_URL_CHECK = "url_verification"


@dataclass(frozen=True, slots=True)
class Challenge:
    """Feishu checks the webhook's address: ``text`` is to be sent back within a second."""

    text: str


def open_event(body: bytes, headers: Mapping[str, str], keys: Keys, now: datetime) -> ParsedEvent | Challenge:
    """What a delivery says, once it is proven to be Feishu's and fresh.

    ``body`` are the raw bytes; header names may be in any case. With an encrypt key the delivery must be encrypted and,
    but for the check of the address, signed no more than 5 minutes from ``now``; with a verification token that must be
    right too. Where only the token is set, it alone protects. Raises ``RefusedEventError``; with neither set, always.
    """
    if keys.none:
        raise _unproven("no_keys", "no delivery can be proven; set FEISHU_ENCRYPT_KEY and FEISHU_VERIFICATION_TOKEN")
    if len(body) > MOST_BYTES:
        raise _bad("too_large", f"a body of more than {MOST_BYTES} bytes")
    if keys.encrypt_key:
        return _open_sealed(body, signature_of(headers), keys, now)
    return _open_plain(body, keys)


def open_frame(payload: bytes) -> ParsedEvent:
    """What a frame of the long connection says; who sent it was proven at its beginning. ``RefusedEventError``."""
    return _event(_object(payload))


def _open_plain(body: bytes, keys: Keys) -> ParsedEvent | Challenge:
    content = _object(body)
    if "encrypt" in content:
        raise _unproven("encrypted", "an encrypted body; set FEISHU_ENCRYPT_KEY to the app's encrypt key")
    return _opened(content, keys)


def _open_sealed(body: bytes, signature: Signature | None, keys: Keys, now: datetime) -> ParsedEvent | Challenge:
    if signature is None or not is_signed(signature, keys.encrypt_key, body):
        return _url_check(body, keys)
    if not is_fresh(signature, now):
        raise _unproven("stale", "a signature more than 5 minutes old, or of the future; see that the clock is right")
    content = _decrypted(body, keys)
    if content is None:
        raise _unproven("not_encrypted", "a signed body that is not encrypted with FEISHU_ENCRYPT_KEY")
    return _opened(content, keys)


def _url_check(body: bytes, keys: Keys) -> Challenge:
    """The check of the address is not signed [doc]. Every other answer is the same, so that none tells of the key."""
    content = _decrypted(body, keys)
    if content is not None and content.get("type") == _URL_CHECK:
        opened = _opened(content, keys)
        assert isinstance(opened, Challenge)
        return opened
    raise _unproven("signature", "no right signature; compare FEISHU_ENCRYPT_KEY with the developer console")


def _decrypted(body: bytes, keys: Keys) -> Mapping[str, Any] | None:
    sealed = (read_json(body) or {}).get("encrypt")
    content = decrypt(keys.encrypt_key, sealed) if isinstance(sealed, str) else None
    return None if content is None else read_json(content)


def _opened(content: Mapping[str, Any], keys: Keys) -> ParsedEvent | Challenge:
    header = content.get("header")
    token = header.get("token") if isinstance(header, dict) else content.get("token")
    if keys.verification_token and not (isinstance(token, str) and same(keys.verification_token, token)):
        raise _unproven("token", "no right token; compare FEISHU_VERIFICATION_TOKEN with the developer console")
    if content.get("type") == _URL_CHECK:
        return _challenge(content.get("challenge"))
    return _event(content)


def _challenge(text: object) -> Challenge:
    if not isinstance(text, str):
        raise _unproven("malformed", "a check of the address without a challenge")
    return Challenge(text)


def _event(content: Mapping[str, Any]) -> ParsedEvent:
    event = read_event(content)
    if event is None:
        raise _bad("malformed", "a body without an event's id or type")
    return event


def _object(body: bytes) -> Mapping[str, Any]:
    content = read_json(body)
    if content is None:
        raise _bad("malformed", "a body that is no JSON object")
    return content


def _bad(kind: str, message: str) -> RefusedEventError:
    return RefusedEventError(kind, message, unproven=False)


def _unproven(kind: str, message: str) -> RefusedEventError:
    return RefusedEventError(kind, message, unproven=True)
