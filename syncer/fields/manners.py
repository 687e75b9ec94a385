"""What a mapping file asks for beyond two types (``core.mapping.Manner``): how that changes the forms and the way.

The order on the way to the column: the text is tidied, then one of ``values``, ``scale``, ``format``, ``split`` and
``join`` is done, then the column's text is tidied; the way back is the other way round.
"""

from collections.abc import Mapping
from dataclasses import replace
from zoneinfo import ZoneInfo

from syncer.core.mapping import Manner
from syncer.fields.bridges import bridge
from syncer.fields.columns.catalog import Columns
from syncer.fields.forms import Bridge, ColumnForm, FieldForm, ImpossiblePair, Kind, one_after_the_other
from syncer.fields.labels import labelled
from syncer.fields.linked import LINK_TYPES, Lines, by_links
from syncer.fields.options import ANY, options
from syncer.fields.people import PERSON_TYPES, Directory, known_as
from syncer.fields.select import MultiSelectField, SingleSelectField
from syncer.fields.transforms import Tidied, demand_texts, joined_by, power_of_ten, scaled, split_by
from syncer.fields.wordings import worded
from syncer.ports import FieldInfo

_LINKABLE = frozenset(
    {
        *(Columns.TEXT, Columns.UUID, Columns.INTEGER, Columns.NUMERIC, Columns.DATE, Columns.ENUM),
        *(Columns.ARRAY, Columns.NUMBERS, Columns.JSON),
    }
)
"""What may hold the keys of another mapping's rows."""
_BECOMES = {"format": Kind.MOMENT, "split": Kind.CHOICES, "join": Kind.TEXT}
"""What a field must hold for a transform whose column is of another kind."""
_COLUMNS = {"format": (Columns.TEXT,), "split": (Columns.TEXT,), "join": (Columns.ARRAY, Columns.ENUMS)}


def transform(manner: Manner) -> str | None:
    """The one transform that changes the kind of a value, or its number. Raises ``ImpossiblePair`` for several."""
    asked = [name for name in ("format", "split", "join", "scale") if getattr(manner, name) is not None]
    if len(asked) > 1:
        raise ImpossiblePair(f"`{asked[0]}:` and `{asked[1]}:` cannot both be done; leave one of them out")
    return asked[0] if asked else None


def wanted(manner: Manner, held: Kind) -> Kind:
    """The kind a field's form is to hold, where the column holds ``held``."""
    return Kind.CHOICES if manner.link is not None else _BECOMES.get(transform(manner) or "", held)


def bears(manner: Manner, family: Columns, here: Kind) -> bool:
    """Whether a transform lets a field of this kind stand against columns it could not stand against as it is.

    Raises ``ImpossiblePair`` for a transform that is not for such columns.
    """
    if manner.link is not None:
        return family in _LINKABLE
    name = transform(manner)
    if name not in _COLUMNS:
        return False
    if family not in _COLUMNS[name]:
        raise _not_for(name)
    return here is _BECOMES[name]


def with_options(form: FieldForm, field: FieldInfo, manner: Manner) -> FieldForm:
    """The form of a select that knows its options, if anything is asked of them. Raises ``ImpossiblePair``."""
    if isinstance(form, SingleSelectField | MultiSelectField):
        known = options(field, manner)
        return form if known is ANY else replace(form, options=known)
    if manner.link is not None and field.type not in LINK_TYPES:
        raise ImpossiblePair("`link:` is for link fields; leave it out")
    if manner.person is not None and field.type not in PERSON_TYPES:
        raise ImpossiblePair("`person:` is for person fields; leave it out")
    if manner.unknown is not None and manner.person is None:
        raise ImpossiblePair("`unknown:` is for select fields, and for people with `person:`; leave it out")
    if manner.unknown == "create":
        raise ImpossiblePair("`unknown: create` makes options, and no people; write reject, empty or {default: ...}")
    return form


def way(
    here: FieldForm,
    there: ColumnForm,
    values: Mapping[str, str] | None,
    manner: Manner,
    zone: ZoneInfo,
    directory: Directory,
    lines: Lines,
) -> Bridge | None:
    """The bridge of a pair; ``None`` where both forms hold the same. Raises ``ImpossiblePair``."""
    if manner.link is not None:
        if values is not None or transform(manner) or Tidied.of(manner):
            raise ImpossiblePair("a key is carried as it is; leave out what would change it beside `link:`")
        return by_links(manner, there, lines)
    inner = _inner(here, there, values, manner, zone)
    if manner.person is not None:
        inner = one_after_the_other(known_as(manner, directory), inner)
    tidied = Tidied.of(manner)
    if tidied is None:
        return inner
    demand_texts(here.kind, there.kind)
    return tidied.around(inner)


def _inner(
    here: FieldForm, there: ColumnForm, values: Mapping[str, str] | None, manner: Manner, zone: ZoneInfo
) -> Bridge | None:
    name = transform(manner)
    if values is not None:
        if name is not None:
            raise ImpossiblePair(f"`values:` and `{name}:` cannot both be done; leave one of them out")
        return labelled(values, there, dict(manner.otherwise))
    if manner.otherwise:
        raise ImpossiblePair("`otherwise:` is for what `values:` does not name; leave it out, or add `values:`")
    if name is None:
        if manner.parse:
            raise ImpossiblePair("`parse:` needs `format:`, by which the column is written")
        return bridge(here.kind, there.kind, zone)
    _demand(name, here.kind, there.kind)
    if name == "format":
        return worded(str(manner.format), manner.parse, zone)
    if name == "scale":
        return scaled(power_of_ten(str(manner.scale)))
    return split_by(str(manner.split)) if name == "split" else joined_by(str(manner.join))


_KINDS = {
    "format": ((Kind.MOMENT, Kind.TEXT), "a date against a text column"),
    "split": ((Kind.CHOICES, Kind.TEXT), "a field of several values against a text column"),
    "join": ((Kind.TEXT, Kind.JSON), "a text field against an array of texts"),
    "scale": ((Kind.NUMBER, Kind.NUMBER), "numbers on both sides"),
}


def _demand(name: str, here: Kind, there: Kind) -> None:
    if (here, there) != _KINDS[name][0]:
        raise _not_for(name)


def _not_for(name: str) -> ImpossiblePair:
    return ImpossiblePair(f"`{name}:` is for {_KINDS[name][1]}; leave it out")
