"""The one family of errors, split by what the caller can do about it.

``SyncerError`` -> ``MendError`` (mend a file, a setting or an argument; exit 2), ``OutsideError`` (somebody else did
not answer; exit 5), ``FaultError`` (a fault of ours; exit 1). A run that a guard stops is no error but an outcome.
"""

from collections.abc import Sequence
from datetime import datetime


class SyncerError(Exception):
    """Any error the syncer raises on purpose; its text is one clear sentence for a person."""

    exit_status = 1


class FaultError(SyncerError):
    """A promise inside the syncer was broken: please report it."""


class MendError(SyncerError):
    """Something the user can mend: a file, a setting or an argument. Nothing was changed on either side."""

    exit_status = 2


class FaultsError(MendError):
    """Several faults found in one look, told all at once, one sentence each."""

    def __init__(self, faults: Sequence[str]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(self.faults))


class SettingsError(FaultsError):
    """Environment variables or ``.env`` hold something that cannot be used."""


class MappingError(FaultsError):
    """A mapping file cannot be used; each fault names file, line, key and what would be right."""


class SchemaError(FaultsError):
    """The real tables do not carry the mapping: a missing field or column, a wrong type, a right that is lacking."""


class NotAppliedError(MendError):
    """A command names a mapping that was never applied."""


class OutsideError(SyncerError):
    """The outside did not answer as it should; trying again later may help."""

    exit_status = 5


class UnreachableError(OutsideError):
    """A database, Redis or Feishu could not be reached."""


class UsedUpError(UnreachableError):
    """What Feishu allows of a call in a day is used up; nothing was done. ``until``: when it is worth asking again."""

    def __init__(self, message: str, until: datetime) -> None:
        self.until = until
        super().__init__(message)


class BusyError(OutsideError):
    """Another run holds the mapping, or another worker the table."""


class FencedError(OutsideError):
    """This run was overtaken by a newer one and must not write any more."""


class FeishuError(OutsideError):
    """Feishu refused or failed a call. ``code`` is the body's code, ``log_id`` what Feishu's support asks for."""

    def __init__(self, message: str, *, code: int | None = None, log_id: str | None = None, api: str = "") -> None:
        self.code, self.log_id, self.api = code, log_id, api
        super().__init__(message + (f" (Feishu's log id: {log_id})" if log_id else ""))


class FeishuSetupError(FeishuError):
    """Feishu refused for a reason only a person can mend: credentials, a scope, a right, a missing table."""

    exit_status = 2


class RefusedError(FeishuError):
    """Feishu refused the content of a batch: some line in it, or its size, is bad; the others may be good."""


class StaleNameError(FeishuError):
    """A field name is no longer known (1254045): read the field list again, then plan again."""


class VanishedError(RefusedError):
    """A record of the batch is gone (1254043); nothing was written. Plan again."""


class TableMovedError(FeishuError):
    """The table no longer stood where it was read when our turn to write came; nothing was sent. Read, plan again.

    ``revision`` is where it stood by then.
    """

    def __init__(self, message: str, revision: int | None) -> None:
        self.revision = revision
        super().__init__(message)


class UnknownOutcomeError(FeishuError):
    """The call may or may not have taken effect: look before doing it again.

    ``over``: Feishu itself answered that it failed, so that it is not under way any more.
    """

    over = False


class TooLargeError(FeishuError):
    """The batch or the answer was too large: use a smaller one."""


class RefusedEventError(OutsideError):
    """A delivery to the webhook was not taken. ``kind`` names why in one word: it is counted, and never sent back."""

    def __init__(self, kind: str, message: str, *, unproven: bool) -> None:
        self.kind, self.unproven = kind, unproven
        super().__init__(message)
