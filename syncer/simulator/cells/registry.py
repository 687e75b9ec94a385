"""Every field type there is: its number, its ui_types, its kind, and whether the API can create it."""

from dataclasses import dataclass

from syncer.simulator.cells.attachment import Attachment
from syncer.simulator.cells.checkbox import Checkbox
from syncer.simulator.cells.computed import Button, Computed, Stage
from syncer.simulator.cells.contact import GroupChat, Location, Phone, Url
from syncer.simulator.cells.kind import Kind
from syncer.simulator.cells.link import DuplexLink, SingleLink
from syncer.simulator.cells.moment import CreatedTime, Date, ModifiedTime
from syncer.simulator.cells.number import Number
from syncer.simulator.cells.person import CreatedUser, ModifiedUser, User
from syncer.simulator.cells.select import MultiSelect, SingleSelect
from syncer.simulator.cells.serial import AutoNumber
from syncer.simulator.cells.text import Email, Text


@dataclass(frozen=True, slots=True)
class FieldType:
    """One row of the documentation's list of field types; the first ui_type is the default."""

    number: int
    kinds: dict[str, Kind]
    by_api: bool = True

    @property
    def ui_type(self) -> str:
        """Return the ui_type of a field that was created without one."""
        return next(iter(self.kinds))


_number = Number()

TYPES: dict[int, FieldType] = {
    each.number: each
    for each in (
        FieldType(1, {"Text": Text(), "Email": Email(), "Barcode": Text()}),
        FieldType(2, dict.fromkeys(("Number", "Progress", "Currency", "Rating"), _number)),
        FieldType(3, {"SingleSelect": SingleSelect()}),
        FieldType(4, {"MultiSelect": MultiSelect()}),
        FieldType(5, {"DateTime": Date()}),
        FieldType(7, {"Checkbox": Checkbox()}),
        FieldType(11, {"User": User()}),
        FieldType(13, {"Phone": Phone()}),
        FieldType(15, {"Url": Url()}),
        FieldType(17, {"Attachment": Attachment()}),
        FieldType(18, {"SingleLink": SingleLink()}),
        FieldType(19, {"Lookup": Computed()}, by_api=False),
        FieldType(20, {"Formula": Computed()}),
        FieldType(21, {"DuplexLink": DuplexLink()}),
        FieldType(22, {"Location": Location()}),
        FieldType(23, {"GroupChat": GroupChat()}),
        FieldType(24, {"Stage": Stage()}, by_api=False),
        FieldType(1001, {"CreatedTime": CreatedTime()}),
        FieldType(1002, {"ModifiedTime": ModifiedTime()}),
        FieldType(1003, {"CreatedUser": CreatedUser()}),
        FieldType(1004, {"ModifiedUser": ModifiedUser()}),
        FieldType(1005, {"AutoNumber": AutoNumber()}),
        FieldType(3001, {"Button": Button()}, by_api=False),
    )
}

PRIMARY_TYPES = frozenset({1, 2, 5, 13, 15, 20, 22})
"""What a table's first field may be; anything else is 1254012. [doc]"""
