"""The sending side of Feishu's seal, for tests: encrypts and signs as the documentation says."""

import hashlib
import json
import os
from base64 import b64encode
from datetime import datetime

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC

ENCRYPT_KEY, TOKEN = "encrypt-key-钥匙", "verification-token"
BASE, TABLE = "bascnOrders", "tblOrders"
RECORD_CHANGED = "drive.file.bitable_record_changed_v1"


def sealed(content: object, key: str = ENCRYPT_KEY) -> bytes:
    """A body as Feishu sends it where an encrypt key is set."""
    plain = content if isinstance(content, bytes) else json.dumps(content, ensure_ascii=False).encode()
    secret, start, padding = hashlib.sha256(key.encode()).digest(), os.urandom(16), 16 - len(plain) % 16
    cipher = Cipher(AES(secret), CBC(start)).encryptor()
    whole = start + cipher.update(plain + bytes([padding]) * padding) + cipher.finalize()
    return json.dumps({"encrypt": b64encode(whole).decode()}).encode()


def signed(body: bytes, at: datetime, key: str = ENCRYPT_KEY, nonce: str = "nonce-1") -> dict[str, str]:
    """The headers of a signed body."""
    timestamp = str(int(at.timestamp()))
    digest = hashlib.sha256((timestamp + nonce + key).encode() + body).hexdigest()
    return {"X-Lark-Request-Timestamp": timestamp, "X-Lark-Request-Nonce": nonce, "X-Lark-Signature": digest}


def record_event(number: int = 1, *records: str, token: str = TOKEN, **event: object) -> dict[str, object]:
    """One edit of each record, as a version 2 body."""
    header = {
        "event_id": f"5e3702a84e847582be8db7fb73283{number:03}",
        "event_type": RECORD_CHANGED,
        "create_time": "1608725989123",
        "token": token,
        "app_id": "cli_1",
        "tenant_key": "t1",
    }
    actions = [
        {
            "record_id": record,
            "action": "record_edited",
            "before_value": [{"field_id": "fldNote", "field_value": '[{"type":"text","text":"旧 😀"}]'}],
            "after_value": [{"field_id": "fldNote", "field_value": '[{"type":"text","text":"新 😀"}]'}],
        }
        for record in records or ("rec1",)
    ]
    body = {
        "file_type": "bitable",
        "file_token": BASE,
        "table_id": TABLE,
        "revision": 41,
        "operator_id": {"union_id": "on_1", "user_id": "e33ggbyz", "open_id": "ou_1"},
        "action_list": actions,
        "subscriber_id_list": [{"open_id": "ou_9"}],
        "update_time": 1608725989,
    }
    return {"schema": "2.0", "header": header, "event": {**body, **event}}
