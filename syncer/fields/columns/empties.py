"""What a column that takes no NULL does with an empty value."""

from syncer.core.mapping import Misfit
from syncer.core.values import Value


def null(*, nullable: bool) -> Value:
    """NULL for a column that takes it. Raises ``Misfit`` for one that does not."""
    if nullable:
        return None
    raise Misfit("the column takes no NULL (NOT NULL), and the value is empty; fill it in")
