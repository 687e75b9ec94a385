"""Files of attachments: who carries them for a run, and whether their folders can be used."""

from collections.abc import Iterator
from typing import Any

from syncer.core.mapping import Direction, Rules, SyncMapping
from syncer.engine.files import Files, with_files
from syncer.errors import MendError
from syncer.fields.bytes import Codec
from syncer.files.storage import Folders
from syncer.ports.files import Contents
from syncer.state.store import Store


def carried_by(store: Store, records: Any, rows: Contents, rules: Rules) -> tuple[Rules, Files]:
    """The rules of a run and who carries the files that they speak of. ``records`` is the table in Feishu."""
    if not any(isinstance(pair.translator, Codec) for pair in rules.pairs):
        return rules, Files()
    ledger = store.ledger(records.app_token)
    return with_files(rules, records.media(), ledger, rows, lambda codec: Folders(codec.folder, codec.sources))


def unusable_folders(mapping: SyncMapping) -> Iterator[tuple[int, str]]:
    """What is wrong with the folders of a mapping's files, by the place of their pair."""
    for at, pair in enumerate(mapping.pairs):
        if pair.manner.files is None:
            continue
        try:
            folders = Folders(pair.manner.files, pair.manner.file_sources)
            if pair.direction is not Direction.TO_FEISHU:
                folders.demand_writable()
        except MendError as error:
            yield at, str(error)
