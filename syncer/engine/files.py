"""Carries the files of attachments: fetched before their row is written, uploaded before their record is.

The planner only decides about names of files (``fields.filed``). What a plan is about to write is made true here, right
before it is written down as an intent: files are fetched to their places, and places are replaced by the tokens of what
was uploaded from them. A file that cannot be carried is a failure of its pair, and the rest of the line goes on. A
content is uploaded once: whoever is killed afterwards finds it by its digest.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from contextvars import copy_context
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from threading import Lock
from urllib.parse import unquote, urlsplit

from syncer.core.mapping import Misfit, Pending, Rules
from syncer.core.plan import Action, LinePlan, Operation, Unfit
from syncer.core.records import Base, Side
from syncer.core.values import Value
from syncer.engine.line import Line
from syncer.engine.overheard import Heard, Overheard
from syncer.errors import UsedUpError
from syncer.fields.bytes import BytesCodec, Codec, digest_of
from syncer.fields.filed import CellFile, FiledCodec, awaited_in, files_in, safe_name
from syncer.ports.files import Content, Contents, FileNote, Found, Ledger, Media, Readable, Storage, UnusableFileError

AT_ONCE = 4
"""Files under way together: what one of them waits for, another may use; Feishu allows five calls a second."""
_PIECE = 1 << 18
_UNKNOWN = frozenset({1254027, 1254303})
"""Feishu's codes for a file that is not, or not any more, one of the base (bitable.md 4.5)."""
_REMEMBERED = 20_000
"""Files of which a run keeps in mind what the state store said of them."""

Opened = Callable[[], AbstractContextManager[Readable]]


class Whereabouts:
    """What a run knows of the files of its base; a ``fields.filed.Whereabouts``. Safe for threads."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.bad: dict[str, UnusableFileError] = {}
        """What could not be carried in this run, by place or token."""
        self.later: dict[str, UsedUpError] = {}
        """What Feishu does not take before the day's allowance is renewed, by place."""
        self._at = lru_cache(_REMEMBERED)(ledger.at)
        self._of = lru_cache(_REMEMBERED)(ledger.of)

    def place_of(self, token: str) -> str | None:
        """Where a file stands, if that is remembered. Raises ``Misfit`` for one that could not be fetched."""
        self._demand_good(token)
        found = self._of(token)
        return found.place if found else None

    def file_at(self, place: str) -> CellFile | None:
        """The file that stands at a place. Raises ``Misfit`` for one that could not be uploaded."""
        self._demand_good(place)
        found = self._at(place)
        return CellFile(found.token, found.name, found.size) if found else None

    def note(self, note: FileNote) -> None:
        """Remember a file at once."""
        self.ledger.note([note])
        self._renew()

    def forget(self, place: str) -> None:
        """Nothing stands there any more."""
        self.ledger.forget([place])
        self._renew()

    def _renew(self) -> None:
        self._at.cache_clear()
        self._of.cache_clear()

    def _demand_good(self, name: str) -> None:
        if (later := self.later.get(name)) is not None:
            raise Pending(str(later))
        if (bad := self.bad.get(name)) is not None:
            raise Misfit(bad.reason)


@dataclass(frozen=True, slots=True)
class Shelves:
    """The files of one pair: how they are named, and where those of a row are kept."""

    codec: Codec
    storage: Callable[[str | None], Storage]
    field: str
    required: bool = False


@dataclass(frozen=True, slots=True)
class CellStorage:
    """A cell that holds a file itself; it is only read."""

    contents: Contents
    key: str
    column: str

    def find(self, place: str) -> Found:
        """What stands in the cell."""
        with self.open(place) as content:
            return Found(content.size, place)

    def open(self, _place: str) -> AbstractContextManager[Content]:
        """The bytes."""
        return self.contents.content(self.key, self.column)

    def put(self, place: str, _pieces: Iterator[bytes]) -> None:
        """Never done: no pair of such files is carried to the database."""
        raise UnusableFileError(f"{place} cannot be written", final=True)


class Files:
    """Makes true what plans say of files. Without pairs it does nothing."""

    def __init__(
        self,
        shelves: Mapping[str, Shelves] | None = None,
        media: Media | None = None,
        whereabouts: Whereabouts | None = None,
    ) -> None:
        self._shelves, self._media, self._whereabouts = shelves or {}, media, whereabouts
        self._one_at_a_time: dict[str, Lock] = {}

    def __bool__(self) -> bool:
        return bool(self._shelves)

    def carry(self, lines: Sequence[Line]) -> None:
        """Fetch and upload what the plans of these lines are about to write, and let the plans say what came of it."""
        works = [(line, operation, name) for line in lines for operation, name in self._filed(line)]
        if not works:
            return
        jobs = {key: job for line, operation, name in works for key, job in self._jobs(line, operation, name)}
        self._do(list(jobs.values()))
        for line in {id(line): line for line, _, _ in works}.values():
            line.plan = self._made_true(line.plan)
            line.pending = line.pending or bool(line.plan.pending)

    def told(self) -> Iterator[str]:
        """That files wait for Feishu's next day, in one sentence for all of them."""
        if self._whereabouts is not None and (later := self._whereabouts.later):
            yield f"{len(later)} {'file waits' if len(later) == 1 else 'files wait'}: {next(iter(later.values()))}"

    def lacks(self, line: Line) -> bool:
        """Whether a plan would write a file that was not uploaded."""
        operation = line.operation(Side.FEISHU)
        return operation is not None and any(
            awaited_in(operation.values[name]) for name in self._shelves if operation.values.get(name) is not None
        )

    def refused(self, operation: Operation, code: int | None) -> None:
        """Feishu refused what was to be written: files that it does not know any more are uploaded anew next time."""
        if code not in _UNKNOWN or self._whereabouts is None:
            return
        for name in self._shelves:
            for file in files_in(operation.values.get(name)):
                while (known := self._whereabouts.ledger.of(file.token)) is not None:
                    self._whereabouts.forget(known.place)

    def _filed(self, line: Line) -> Iterator[tuple[Operation, str]]:
        for operation in line.plan.operations:
            for name in self._shelves:
                if operation.values.get(name) is not None:
                    yield operation, name

    def _jobs(self, line: Line, operation: Operation, name: str) -> Iterator[tuple[str, Callable[[], None]]]:
        """What has to be done for a value, by what tells it from the same for another line."""
        shelves, base = self._shelves[name], operation.after.get(name)
        storage = shelves.storage(line.id_on(Side.DATABASE))
        if operation.side is Side.DATABASE:
            source = base.feishu if base is not None else None
            for file in files_in(source):
                yield file.token, partial(self._try, file.token, partial(self._fetch, shelves.codec, storage, file))
        else:
            source = base.database if base is not None else None
            for place in shelves.codec.places(source):
                yield place, partial(self._try, place, partial(self._upload, storage, place))

    def _do(self, jobs: Sequence[Callable[[], None]]) -> None:
        """Do all of these, some together; each as urgent, and as entitled to act, as the run itself."""
        if not jobs:
            return
        with ThreadPoolExecutor(max_workers=AT_ONCE, thread_name_prefix="files") as pool:
            futures = [pool.submit(copy_context().run, job) for job in jobs]
            try:
                for future in futures:
                    future.result()
            except BaseException:
                pool.shutdown(wait=True, cancel_futures=True)
                raise

    def _try(self, name: str, job: Callable[[], None]) -> None:
        assert self._whereabouts is not None
        try:
            job()
        except UnusableFileError as error:
            self._whereabouts.bad[name] = error
        except UsedUpError as error:
            self._whereabouts.later[name] = error

    # To the database.

    def _fetch(self, codec: Codec, storage: Storage, file: CellFile) -> None:
        """Have a file at its place: where it came from if it is there still, else in the folder."""
        assert self._media is not None
        assert self._whereabouts is not None
        known = self._whereabouts.ledger.of(file.token)
        if known is not None and _stands(storage, known):
            return
        if known is not None:
            self._whereabouts.forget(known.place)
        assert isinstance(codec, FiledCodec), "bytes are carried to Feishu alone"
        place, heard = codec.default_place(file), Heard()
        self._media.download(file.token, lambda pieces: storage.put(place, heard.listening(pieces)))
        found = storage.find(place)
        stamp = found.stamp if found else ""
        note = FileNote(place, file.token, file.name, heard.size, heard.digest.hexdigest(), stamp)
        self._whereabouts.note(note)

    # To Feishu.

    def _upload(self, storage: Storage, place: str) -> None:
        """Have what stands at a place among the base's files: nothing to do if it was uploaded as it is."""
        assert self._media is not None
        assert self._whereabouts is not None
        ledger, found = self._whereabouts.ledger, storage.find(place)
        if found is None:
            raise UnusableFileError(f"there is no file {place}; put it there, or correct the column")
        known = ledger.at(place)
        if known is not None and known.size == found.size and known.stamp == found.stamp:
            return
        if self._whereabouts.later:  # one was refused: the others are not even read
            raise next(iter(self._whereabouts.later.values()))
        opened = partial(storage.open, place)
        heard = Heard()
        with opened() as source:
            for _ in heard.listening(iter(partial(source.read, _PIECE), b"")):
                pass
        digest, name = heard.digest.hexdigest(), _name(place)
        if isinstance(storage, CellStorage) and digest != digest_of(place):
            raise UnusableFileError("the bytes changed since the row was read; the next run looks at them again")
        with self._one_at_a_time.setdefault(digest, Lock()):
            same = known if known is not None and known.digest == digest else ledger.like(digest, name)
            token = same.token if same else self._sent(place, name, heard, opened)
            self._whereabouts.note(FileNote(place, token, same.name if same else name, heard.size, digest, found.stamp))

    def _sent(self, place: str, name: str, weighed: Heard, opened: Opened) -> str:
        """Upload what was weighed, and nothing else: a file that changed since is not noted under its old digest."""
        assert self._media is not None
        sent = Heard()

        @contextmanager
        def overheard() -> Iterator[Readable]:
            sent.begin()
            with opened() as source:
                yield Overheard(source, sent)

        token = self._media.upload(name, weighed.size, overheard)
        if (sent.size, sent.digest.digest()) != (weighed.size, weighed.digest.digest()):
            raise UnusableFileError(f"{place} changed while it was read; retry the failure once it is whole")
        return token

    # What came of it.

    def _made_true(self, plan: LinePlan) -> LinePlan:
        unfit: list[Unfit] = []
        late: list[str] = []
        operations = [made for each in plan.operations if (made := self._true(each, unfit, late)) is not None]
        held = [self._shelves[name].field for name in late if self._holds(plan, name)]
        if held:
            operations = []
        return replace(
            plan,
            operations=tuple(operations),
            unfit=(*plan.unfit, *unfit),
            pending=(*plan.pending, *(self._shelves[name].field for name in late)),
            held=(*plan.held, *held),
        )

    def _holds(self, plan: LinePlan, name: str) -> bool:
        """Whether a new record cannot be made before its files are there."""
        operation = plan.operation(Side.FEISHU)
        return self._shelves[name].required and operation is not None and operation.action is Action.CREATE

    def _true(self, operation: Operation, unfit: list[Unfit], late: list[str]) -> Operation | None:
        """An operation whose files are there; without the pairs whose files could not be carried."""
        values, after, before = dict(operation.values), dict(operation.after), dict(operation.before)
        for name in self._shelves:
            if values.get(name) is None:
                continue
            try:
                values[name], after[name] = self._carried(operation, name)
            except Pending:
                late.append(name)
                for part in (values, after, before):
                    part.pop(name, None)
                if operation.action is Action.CREATE:  # as if the row were given its files later
                    after[name] = Base(self._shelves[name].codec.to_feishu(None), None)
            except Misfit as misfit:
                unfit.append(self._refused(operation, name, misfit))
                for part in (values, after, before):
                    part.pop(name, None)
        made = replace(operation, values=values, after=after, before=before)
        if len(values) == len(operation.values) or set(operation.values) - set(values) <= set(late):
            return made if values or operation.action is Action.CREATE or operation.mark else None
        return made if operation.action is Action.UPDATE and (values or operation.mark) else None

    def _carried(self, operation: Operation, name: str) -> tuple[Value, Base]:
        codec, base = self._shelves[name].codec, operation.after[name]
        if operation.side is Side.DATABASE:
            value = codec.to_database(base.feishu)
            return value, replace(base, database=value)
        value = codec.to_feishu(base.database)
        return value, replace(base, feishu=value)

    def _refused(self, operation: Operation, name: str, misfit: Misfit) -> Unfit:
        """A file that may be good later is tried again by every run that looks at the line, any other is not."""
        base = operation.after[name]
        value = base.feishu if operation.side is Side.DATABASE else base.database
        return Unfit(operation.side, name, misfit.reason, value)


def with_files(
    rules: Rules, media: Media, ledger: Ledger, contents: Contents, storage_of: Callable[[FiledCodec], Storage]
) -> tuple[Rules, Files]:
    """Rules whose pairs of files know where these are, and who carries them; as they are where no pair has any."""
    whereabouts = Whereabouts(ledger)
    pairs, shelves = [], dict[str, Shelves]()
    for pair in rules.pairs:
        codec = pair.translator
        if isinstance(codec, Codec):
            codec = codec.knowing(whereabouts)
            storage = _storage(codec, pair.name, contents, storage_of)
            shelves[pair.name] = Shelves(codec, storage, pair.field, pair.required)
            pair = replace(pair, translator=codec)  # noqa: PLW2901 - the pair, which knows more now
        pairs.append(pair)
    return replace(rules, pairs=tuple(pairs)), Files(shelves, media, whereabouts)


def _storage(
    codec: Codec, column: str, contents: Contents, storage_of: Callable[[FiledCodec], Storage]
) -> Callable[[str | None], Storage]:
    """Where the files of a row's cell are, by the row's key."""
    if isinstance(codec, BytesCodec):
        return lambda key: CellStorage(contents, key or "", column)
    folders = storage_of(codec)
    return lambda _key: folders


def _stands(storage: Storage, known: FileNote) -> bool:
    """Whether a file is still where it was noted, whole. What stands outside of the pair's folders is not looked at."""
    try:
        found = storage.find(known.place)
    except UnusableFileError:
        return False
    return found is not None and found.size == known.size


def _name(place: str) -> str:
    """What a file is called in Feishu: the last part of its place; of an address without what follows a ``?``."""
    parts = urlsplit(place)
    plain = unquote(parts.path) if parts.scheme in ("http", "https") else place
    return safe_name(plain.rsplit("/", 1)[-1])
