"""What is put around an event: the v2 header, the older v1 form, encryption, and the signature. [doc]"""

import base64
import hashlib
from typing import Any

import orjson
from cryptography.hazmat.primitives import padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

_BLOCK_BITS = 128


def second(header: dict[str, Any], content: Any) -> bytes:
    """Return an event of version 2: `event_type`, `event_id`, `create_time` and the like stand in its header."""
    return orjson.dumps({"schema": "2.0", "header": header, "event": content})


def first(header: dict[str, Any], content: dict[str, Any], at: float) -> bytes:
    """Return an event of version 1, as approvals send: no schema, its type inside the event."""
    inner = {"app_id": header["app_id"], "tenant_key": header["tenant_key"], "type": header["event_type"], **content}
    outer = {"ts": f"{at:.7f}", "uuid": header["event_id"], "token": header["token"], "type": "event_callback"}
    return orjson.dumps({**outer, "event": inner})


def sealed(body: bytes, key: str, start: bytes) -> bytes:
    """Return a body encrypted: `{"encrypt": base64(start + AES-256-CBC(body))}` under SHA-256 of the key."""
    padder = padding.PKCS7(_BLOCK_BITS).padder()
    cipher = Cipher(algorithms.AES(hashlib.sha256(key.encode()).digest()), modes.CBC(start)).encryptor()
    hidden = cipher.update(padder.update(body) + padder.finalize()) + cipher.finalize()
    return orjson.dumps({"encrypt": base64.b64encode(start + hidden).decode()})


def signature(timestamp: str, nonce: str, key: str, body: bytes) -> str:
    """Return the hex signature of a body exactly as it is sent."""
    return hashlib.sha256(f"{timestamp}{nonce}{key}".encode() + body).hexdigest()
