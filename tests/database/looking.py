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


class Reading:
    """A reader that goes on and on: what it was told at each step."""

    def __init__(self, watch):
        self.capture = watch.capture()
        self.cursor = self.capture.start()

    def step(self, limit=1000):
        found = self.capture.changes(self.cursor, limit)
        if not found.whole:
            self.cursor = found.cursor
        return found

    def __call__(self):
        """All there is, as ``{key: (action, columns)}``; ``whole`` where that is the answer."""
        told = {}
        while True:
            found = self.step()
            if found.whole:
                return "whole"
            told |= {one.key: (one.action, one.columns and set(one.columns)) for one in found.keys}
            if not found.more:
                self.capture.read(self.cursor)
                return told
