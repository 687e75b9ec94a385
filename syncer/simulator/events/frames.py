"""The binary frames of a long connection: protobuf (proto2) package `pbbp2`, written out by hand. [sdk]

Header {1 string key; 2 string value}
Frame {1 uint64 SeqID; 2 uint64 LogID; 3 int32 service; 4 int32 method; 5 repeated Header headers;
       6 string payload_encoding; 7 string payload_type; 8 bytes payload; 9 string LogIDNew}
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

CONTROL, DATA = 0, 1
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_SEQUENCE, _LOG, _SERVICE, _METHOD, _HEADERS, _PAYLOAD = 1, 2, 3, 4, 5, 8
_KEY, _VALUE = 1, 2


@dataclass(slots=True)
class Frame:
    """One frame; `method` is CONTROL or DATA."""

    method: int
    service: int
    headers: dict[str, str] = field(default_factory=dict)
    payload: bytes = b""
    sequence: int = 0
    log: int = 0

    def encoded(self) -> bytes:
        """Return the frame as bytes; its four required numbers are there even when 0."""
        numbers = ((_SEQUENCE, self.sequence), (_LOG, self.log), (_SERVICE, self.service), (_METHOD, self.method))
        parts = [_varint(number << 3) + _varint(value) for number, value in numbers]
        for key, value in self.headers.items():
            parts.append(_chunk(_HEADERS, _chunk(_KEY, key.encode()) + _chunk(_VALUE, value.encode())))
        if self.payload:
            parts.append(_chunk(_PAYLOAD, self.payload))
        return b"".join(parts)


def decoded(raw: bytes) -> Frame:
    """Return the frame in these bytes; ValueError when they are none. Fields not known are passed over."""
    frame = Frame(0, 0)
    for number, value in _fields(raw):
        if isinstance(value, int):
            _take_number(frame, number, value)
        elif number == _HEADERS:
            parts = {key: text for key, text in _fields(value) if isinstance(text, bytes)}
            frame.headers[parts.get(_KEY, b"").decode()] = parts.get(_VALUE, b"").decode()
        elif number == _PAYLOAD:
            frame.payload = value
    return frame


def _take_number(frame: Frame, number: int, value: int) -> None:
    if number == _SEQUENCE:
        frame.sequence = value
    elif number == _LOG:
        frame.log = value
    elif number == _SERVICE:
        frame.service = value
    elif number == _METHOD:
        frame.method = value


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _chunk(number: int, content: bytes) -> bytes:
    return _varint(number << 3 | _BYTES) + _varint(len(content)) + content


def _fields(raw: bytes) -> Iterator[tuple[int, int | bytes]]:
    at = 0
    while at < len(raw):
        tag, at = _read_varint(raw, at)
        if tag & 7 == _VARINT:
            value, at = _read_varint(raw, at)
            yield tag >> 3, value
            continue
        length, at = _length(raw, at, tag & 7)
        if at + length > len(raw):
            raise ValueError("a frame ends in the middle of a field")
        if tag & 7 == _BYTES:
            yield tag >> 3, raw[at : at + length]
        at += length


def _length(raw: bytes, at: int, kind: int) -> tuple[int, int]:
    if kind == _BYTES:
        return _read_varint(raw, at)
    if kind not in {_FIXED32, _FIXED64}:
        raise ValueError(f"a frame has a field of wire type {kind}")
    return 4 if kind == _FIXED32 else 8, at


def _read_varint(raw: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while at < len(raw) and shift < 64:
        value |= (raw[at] & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if raw[at - 1] < 0x80:
            return value, at
    raise ValueError("a frame ends in the middle of a number, or the number is too large")
