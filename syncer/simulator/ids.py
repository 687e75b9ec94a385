"""Identifiers that look like Feishu's and are the same for the same seed.

Lengths follow the samples of the documentation: record ids have 14 characters, base tokens 27.
"""

import random
import string

_LETTERS = string.ascii_letters + string.digits
_HEX = "0123456789abcdef"


class Ids:
    """A seeded source of ids; every call gives a new one."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311 - ids must repeat for the same seed; nothing here is secret

    def _new(self, prefix: str, length: int, letters: str = _LETTERS) -> str:
        return prefix + "".join(self._random.choices(letters, k=length))

    def base(self) -> str:
        """Return an app_token."""
        return self._new("", 27)

    def table(self) -> str:
        """Return a table_id."""
        return self._new("tbl", 13)

    def field(self) -> str:
        """Return a field_id."""
        return self._new("fld", 7)

    def view(self) -> str:
        """Return a view_id."""
        return self._new("vew", 7)

    def record(self) -> str:
        """Return a record_id."""
        return self._new("rec", 11)

    def option(self) -> str:
        """Return an option id."""
        return self._new("opt", 10)

    def person(self) -> str:
        """Return the 32 digits that a person's open_id (`ou_`) and union_id (`on_`) are made of."""
        return self._new("", 32, _HEX)

    def app(self) -> str:
        """Return an app_id."""
        return self._new("cli_", 16, _HEX)

    def secret(self) -> str:
        """Return an app secret."""
        return self._new("", 32)

    def tenant_token(self) -> str:
        """Return a tenant_access_token."""
        return self._new("t-", 40)

    def file(self) -> str:
        """Return a file_token."""
        return self._new("box", 24)

    def wiki_node(self) -> str:
        """Return a wiki node token."""
        return self._new("wik", 24)

    def event(self) -> str:
        """Return an event_id."""
        return self._new("", 32, _HEX)

    def log(self, now: float) -> str:
        """Return a log id, as sent in X-Tt-Logid."""
        return self._new(f"{int(now * 1000):016d}", 18, _HEX.upper())
