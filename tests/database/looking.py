"""What several tests ask of a side."""

from syncer.ports import Moved, Refusal, Written


def all_rows(rows):
    """Every row read, by its stored key."""
    return {row.key: row for page in rows.read() for row in page.rows}


def kinds(outcomes):
    """Outcomes as short words: the key of a written row, ``moved``, or the code of a refusal."""
    return {id_: _kind(outcome) for id_, outcome in outcomes.items()}


def _kind(outcome):
    if isinstance(outcome, Moved):
        return "moved"
    if isinstance(outcome, Refusal):
        return outcome.code
    assert isinstance(outcome, Written)
    return outcome.row.key if outcome.row else "gone"
