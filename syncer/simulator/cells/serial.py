"""Auto numbers: counted up by record, dressed by the field's rules."""
# ruff: noqa: ARG002 - every kind is asked in the same words, whether it needs all of them or not

import datetime as dt
from typing import Any

from syncer.simulator.cells.kind import LIST_OPERATORS, SPAN_OPERATORS, Kind, Reading
from syncer.simulator.model import Field, Record, Stored

_DATE_FORMS = {"yyyyMMdd": "%Y%m%d", "yyyyMM": "%Y%m", "yyyy": "%Y", "MMdd": "%m%d", "MM": "%m", "dd": "%d"}


class AutoNumber(Kind):
    """A string that nobody writes; filters compare the running number only. [doc]"""

    writable = False
    operators = (LIST_OPERATORS - {"contains", "doesNotContain"}) | SPAN_OPERATORS

    def stored(self, record: Record, of: Field, reading: Reading) -> Stored | None:
        """Return the record's number and its time, which a rule may show."""
        return record.number, record.created_ms

    def show(self, stored: Stored, of: Field, reading: Reading) -> Any:
        """Return the number, dressed."""
        serial = of.property.get("auto_serial") or {}
        if serial.get("type") != "custom":
            return str(stored[0])
        return "".join(self._part(rule, stored, reading) for rule in serial.get("options", []))

    def told(self, stored: Stored, of: Field, reading: Reading) -> Any:
        """Return the number, dressed, and the running number it is made of. [seen]"""
        return {"number": self.show(stored, of, reading), "sequence": stored[0]}

    def _part(self, rule: dict[str, Any], stored: Stored, reading: Reading) -> str:
        if rule["type"] == "system_number":
            return str(stored[0]).zfill(int(rule["value"]))
        if rule["type"] == "created_time":
            day = dt.datetime.fromtimestamp(stored[1] / 1000, reading.world.zone(reading.base))
            return day.strftime(_DATE_FORMS.get(rule["value"], "%Y%m%d"))
        return str(rule["value"])

    def words(self, stored: Stored, of: Field, reading: Reading) -> list[str]:
        """Compare the running number."""
        return [str(stored[0])]

    def order(self, stored: Stored, of: Field, reading: Reading) -> Any:
        """Sort by the running number."""
        return stored[0]
