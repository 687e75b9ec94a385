"""No notice at all: every answer is "read everything". Rows that did not change are known by their fingerprints."""

from collections.abc import Collection, Mapping

from syncer.core.records import Told
from syncer.core.values import Json
from syncer.ports.capture import Captured


class ScanCapture:
    """The capture of a table that nothing watches; a ``ports.capture.Capture``."""

    def start(self) -> Mapping[str, Json]:
        """A cursor that holds nothing."""
        return {"kind": "scan"}

    def changes(self, cursor: Mapping[str, Json], limit: int) -> Captured:  # noqa: ARG002 - the port's shape
        """Everything."""
        return Captured(whole=True, blind=True, reason="the table is scanned")

    def told(
        self,
        cursor: Mapping[str, Json],  # noqa: ARG002 - the port's shape
        keys: Collection[str],  # noqa: ARG002 - the port's shape
    ) -> Mapping[str, Mapping[str, Told]]:
        """Nothing."""
        return {}

    def read(self, cursor: Mapping[str, Json]) -> None:
        """Nothing was kept."""
