"""Lines that name lines of their own table: what a run knows of links, as its own book tells."""

from syncer.core.mapping import Pending

LINK = "boss"
"""The column of the pair that links."""


class WorldLines:
    """Which record and which row are one line (``fields.linked.Lines``); what a run asked for once it keeps."""

    def __init__(self, machine, *, keeps: bool) -> None:
        self._machine, self._keeps, self._known = machine, keeps, {}

    def key(self, _mapping, record):
        return self._ask("record", record)

    def record(self, _mapping, key):
        return self._ask("key", key)

    def meet(self, mapping, records, keys):
        for record in records:
            self.key(mapping, record)
        for key in keys:
            self.record(mapping, key)

    def forget(self):
        self._known = {asked: found for asked, found in self._known.items() if found is not None}

    def _ask(self, by, name):
        if not self._keeps or (by, name) not in self._known:
            self._known[by, name] = self._look(by, name)
        return self._known[by, name]

    def _look(self, by, name):
        memory = self._machine.memory
        links = [remembered.link for remembered, _ in memory.book.links.values()] if memory else []
        whole = [one for one in links if one.severed is None and one.record is not None and one.key is not None]
        return next((one.key if by == "record" else one.record for one in whole if getattr(one, by) == name), None)


def pends(pair, feishu, database):
    """Whether one of the halves names a line that is not linked."""
    for carry, value in ((pair.translator.to_database, feishu), (pair.translator.to_feishu, database)):
        try:
            carry(value)
        except Pending:
            return True
    return False
