"""A form made read only: what Feishu alone writes, or what an API shows and does not take."""

from dataclasses import dataclass

from syncer.core.mapping import Misfit
from syncer.core.values import Json, Value
from syncer.fields.forms import FieldForm, Kind, excerpt


@dataclass(frozen=True, slots=True)
class ReadOnly:
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

    def fit(self, value: Value) -> Value:
        """Never."""
        return read_only(value)

    def write(self, value: Value) -> Json:
        """Never."""
        read_only(value)
        return None

    def scalar(self, raw: object) -> Value:
        """Never."""
        return read_only(raw)


def read_only(value: object) -> Value:
    """No value fits into what Feishu alone writes. Always raises ``Misfit``."""
    raise Misfit(f"Feishu alone writes this field, so it cannot receive {excerpt(value)}")
