"""One line that is to be created: its values carried over pair by pair, and what stands in the way of that."""

from syncer.core.mapping import Misfit, Pair, Pending, Rules
from syncer.core.plan import Unfit
from syncer.core.records import Base, Owed, Side, Unreadable, Version
from syncer.core.values import Value, is_empty


class Newborn:
    """A line to be created on one side, while its pairs are carried over one after the other.

    ``values`` are what the side will hold and ``after`` the bases once it does; ``held`` names required fields that are
    empty and ``pending`` those that name lines which are not linked yet, ``unfit`` tells of what cannot be carried.
    ``everything`` also fills pairs that are not carried that way, so that a revived line is whole again.
    """

    def __init__(self, on: Side, source: Version, *, everything: bool) -> None:
        self.on, self.source, self.everything = on, source, everything
        self.values: dict[str, Value] = {}
        self.after: dict[str, Base] = {}
        self.unfit: list[Unfit] = []
        self.held: list[str] = []
        self.pending: list[str] = []

    def take(self, rules: Rules) -> None:
        """Carry all of it over."""
        self.held += rules.lacking.get(self.on, ())
        for pair in rules.pairs:
            self._take(pair, rules)

    def _take(self, pair: Pair, rules: Rules) -> None:
        assert self.source.values is not None
        given = self.source.values.get(pair.name)
        needed = self.on in pair.targets
        accepts = needed or (self.everything and self.on in pair.writable)
        if isinstance(given, Unreadable):
            if needed:
                self.unfit.append(Unfit(self.on, pair.name, given.reason))
            return
        if needed and pair.required and is_empty(given) and self.on not in pair.defaults:
            self.held.append(pair.field)
        try:
            value = self._carry(pair, given, needed=needed) if accepts else None
        except Pending:
            self._wait(pair, rules)
            return
        owed = None
        if accepts and self.on in pair.defaults and is_empty(value):
            value = pair.defaults[self.on]
            owed = _owed_default(pair, value, self.on.other)
        self._keep(pair, given, value, owed)

    def _keep(self, pair: Pair, given: Value, value: Value, owed: Owed | None = None) -> None:
        self.after[pair.name] = Base(given, value, owed) if self.on is Side.DATABASE else Base(value, given, owed)
        if value is not None:
            self.values[pair.name] = value

    def _carry(self, pair: Pair, given: Value, *, needed: bool) -> Value:
        """The value for the new line; what only makes a revived line whole again keeps nobody from living.

        A column that cannot be empty and has a default gets that, and the next look carries it back.
        """
        try:
            return pair.carry(given, self.on)
        except Pending:
            raise
        except Misfit as misfit:
            if needed and not (is_empty(given) and self.on is Side.DATABASE and pair.fills_itself):
                self.unfit.append(Unfit(self.on, pair.name, misfit.reason, given))
            return None

    def _wait(self, pair: Pair, rules: Rules) -> None:
        """Leave out what names a line that is not linked yet, as if it were filled in later; hold what cannot be."""
        self.pending.append(pair.field)
        try:
            self._keep(pair, None, pair.carry(None, self.on))
        except Misfit:
            self.held.append(pair.field)
            return
        if pair.required or pair.name in (*rules.match, *rules.key):
            self.held.append(pair.field)


def _owed_default(pair: Pair, default: Value, to: Side) -> Owed | None:
    """What a default filled on one side is new to the other, which has the field empty."""
    if not pair.accepts(to):
        return None
    try:
        return Owed(to, pair.carry(default, to))
    except Misfit:
        return None
