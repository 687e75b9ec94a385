"""A form made read only: what Feishu alone writes, or what an API shows and does not take."""

from dataclasses import dataclass
from typing import NoReturn

from syncer.core.mapping import Misfit
from syncer.core.values import Json, Value
from syncer.fields.forms import FieldForm, Kind, excerpt


class ReceivesNothing:
    """The half of a form that writes, for a field that Feishu alone writes: no value fits. Always raises ``Misfit``."""

    __slots__ = ()

    def fit(self, value: Value) -> Value:
        """Never."""
        _refuse(value)

    def write(self, value: Value) -> Json:
        """Never."""
        _refuse(value)

    def scalar(self, raw: object) -> Value:
        """Never."""
        _refuse(raw)


def _refuse(value: object) -> NoReturn:
    raise Misfit(f"Feishu alone writes this field, so it cannot receive {excerpt(value)}")


@dataclass(frozen=True, slots=True)
class ReadOnly(ReceivesNothing):
    """A field whose cells are read as ``form`` reads them, and that receives nothing."""

    form: FieldForm

    @property
    def kind(self) -> Kind:
        """What its values are."""
        return self.form.kind

    @property
    def version(self) -> int:
        """Rises when the same cell is read differently."""
        return self.form.version

    def read(self, cell: Json) -> Value:
        """As the form reads it."""
        return self.form.read(cell)
