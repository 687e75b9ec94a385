"""The options of a select: which of them a field knows, what becomes of others, and how a renamed one is still known.

An option is told apart by its id; records speak of names alone (bitable.md 4.5). A mapping file names an option as it
was called when the mapping was applied, and every value keeps that name: only at the cell is it turned into the present
one and back. So renaming an option is a change of no record.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from syncer.core.mapping import Manner, Misfit
from syncer.fields.characters import sound
from syncer.fields.forms import excerpt
from syncer.ports import FieldInfo

_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Options:
    """What a select knows of its options. ``known`` is ``None`` where a name that is new makes an option of it."""

    known: frozenset[str] | None = None
    instead: str | None = None
    empties: bool = False
    named: Mapping[str, str] = field(default_factory=dict)
    """The name in the mapping file by the present name, of options that were renamed."""
    shown: Mapping[str, str] = field(default_factory=dict)
    """The present name by the name in the mapping file."""

    def read(self, name: str) -> str:
        """The name in the mapping file of an option as a record shows it."""
        if name in self.shown and name not in self.named:
            now = self.shown[name]
            raise Misfit(
                f"{excerpt(name)} is another option than the one so called before, which is now {excerpt(now)}"
            )
        return self.named.get(name, name)

    def write(self, name: str) -> str:
        """The present name of an option as the mapping file calls it."""
        return self.shown.get(name, name)

    def fit(self, name: str) -> str | None:
        """The option that a name becomes; ``None`` leaves the field empty. Raises ``Misfit`` for one not taken."""
        if self.known is None or sound(name) in self.known:
            return sound(name)
        if self.instead is not None or self.empties:
            return self.instead
        few = ", ".join(sorted(self.known)[:_SHOWN]) or "it has none"
        raise Misfit(f"{excerpt(name)} is no option of the field, and `unknown: reject` makes none; there are: {few}")


ANY = Options()


def options(of: FieldInfo, manner: Manner) -> Options:
    """The options of a field, told apart by the ids they had under the names in the mapping file."""
    present = dict(zip(of.option_ids, of.options, strict=False))
    shown = {name: present[id_] for name, id_ in manner.option_ids if present.get(id_, name) != name}
    named = {now: name for name, now in shown.items()}
    if manner.unknown in (None, "create"):
        return Options(named=named, shown=shown) if shown else ANY
    known = frozenset(named.get(name, name) for name in of.options)
    given = {manner.instead} if manner.instead else set[str]()
    return Options(known | given, manner.instead, manner.unknown == "empty", named, shown)
