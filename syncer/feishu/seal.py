"""How Feishu seals what it delivers to a webhook: signature, encryption, verification token.

Source: "Receive events" (``/uYDNxYjL2QTM24iN0EjN/event-subscription-configure-/``). The signature is the SHA-256 of
timestamp, nonce, encrypt key and raw body; encrypted bodies are AES-256-CBC, the key the SHA-256 of the encrypt key,
the first 16 bytes the initialisation vector, the padding PKCS#7. Comparisons take the same time whatever is compared.
"""

import binascii
import hashlib
import hmac
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC
from cryptography.hazmat.primitives.padding import PKCS7

FRESH = timedelta(minutes=5)
"""How far the time of a signature may be from ours, either way."""

_BLOCK = 16


@dataclass(frozen=True, slots=True)
class Keys:
    """What an app's deliveries are proven by; empty where it is not set. Neither set: nothing can be proven."""

    encrypt_key: str = field(default="", repr=False)
    verification_token: str = field(default="", repr=False)

    @property
    def none(self) -> bool:
        """Whether nothing delivered could be told from a forgery."""
        return not (self.encrypt_key or self.verification_token)


@dataclass(frozen=True, slots=True)
class Signature:
    """The three headers of a signed delivery, as they were sent."""

    timestamp: str
    nonce: str
    signature: str


def signature_of(headers: Mapping[str, str]) -> Signature | None:
    """The signature among headers, whose names may be in any case; ``None`` if a part of it is missing."""
    found = {name.lower(): value for name, value in headers.items()}
    parts = (found.get(f"x-lark-{name}", "") for name in ("request-timestamp", "request-nonce", "signature"))
    signature = Signature(*parts)
    return signature if signature.timestamp and signature.nonce and signature.signature else None


def is_signed(signature: Signature, encrypt_key: str, body: bytes) -> bool:
    """Whether somebody who knows the encrypt key signed exactly these bytes."""
    told = (signature.timestamp + signature.nonce + encrypt_key).encode("utf-8", "surrogatepass")
    return same(hashlib.sha256(told + body).hexdigest(), signature.signature)


def is_fresh(signature: Signature, now: datetime) -> bool:
    """Whether the signature is of about now; one recorded and sent again later is not."""
    at = moment(signature.timestamp)
    return at is not None and abs(now - at) <= FRESH


def same(right: str, given: str) -> bool:
    """Whether two texts are equal, without telling by the time it takes how far they are."""
    return hmac.compare_digest(right.encode(), given.encode("utf-8", "surrogatepass"))


def decrypt(encrypt_key: str, sealed: str) -> bytes | None:
    """What an encrypted body holds; ``None`` if it was not encrypted with this key."""
    try:
        whole = b64decode(sealed, validate=True)
    except (binascii.Error, ValueError):
        return None
    if len(whole) < 2 * _BLOCK or len(whole) % _BLOCK:
        return None
    cipher = Cipher(AES(hashlib.sha256(encrypt_key.encode()).digest()), CBC(whole[:_BLOCK])).decryptor()
    padded, padding = cipher.update(whole[_BLOCK:]) + cipher.finalize(), PKCS7(_BLOCK * 8).unpadder()
    try:
        return padding.update(padded) + padding.finalize()
    except ValueError:
        return None


def moment(told: object) -> datetime | None:
    """A Unix time in seconds, milliseconds, microseconds or nanoseconds: the number of digits tells which.

    Feishu documents milliseconds for ``create_time`` and shows microseconds in some samples [doc].
    """
    text = str(told).partition(".")[0] if isinstance(told, str | int | float) and not isinstance(told, bool) else ""
    if not (text.isascii() and text.isdigit() and len(text) <= 20):
        return None
    power = next((power for digits, power in ((11, 0), (14, 3), (17, 6), (20, 9)) if len(text) <= digits), 9)
    try:
        return datetime.fromtimestamp(0, UTC) + timedelta(microseconds=int(text) * 10**6 // 10**power)
    except OverflowError:
        return None
