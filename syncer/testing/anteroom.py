"""Where new rows wait in a table in memory."""

from collections.abc import Mapping, Sequence

from syncer.ports import Inserted, Rows


class InMemoryAnteroom:
    """Rows that wait until they are inserted."""

    def __init__(self, rows: Rows) -> None:
        self._rows, self._parts = rows, dict[int, Mapping[str, Sequence[object]]]()

    def put(self, part: int, columns: Mapping[str, Sequence[object]], absent: Sequence[str]) -> bytes | None:
        """Bring the rows of a part, unless two of them would be one."""
        whole = [values for values in zip(*(columns[name] for name in absent), strict=True) if None not in values]
        if any(whole.count(values) > 1 for values in whole):
            return None
        self._parts[part] = columns
        return b"%d" % part

    def admit(self, part: int, sent: bytes, batch: str, absent: Sequence[str]) -> Inserted | None:
        """Insert the rows of a part."""
        assert sent == b"%d" % part
        return self._rows.insert(batch, self._parts.pop(part), absent)

    def close(self) -> None:
        """Let go of all that waits."""
        self._parts.clear()
