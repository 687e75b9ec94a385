"""People and departments as lines: listed along the tree, read again one by one.

What an app may not see is absent: a line that is in no list is gone only if Feishu says so when asked for it; else it
is out of range, and stays. A field without its scope keeps what was last seen of it (platform.md 6).
"""

from abc import abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from syncer.batching.askers import ANYONE, Asker
from syncer.core.sources import ROOT, ContactsSource, place_of
from syncer.errors import FeishuSetupError
from syncer.feishu.client import FeishuClient
from syncer.feishu.contact_fields import DEPARTMENTS, OUT_OF_RANGE, PATH, PRIVATE, keys_of, user_fields
from syncer.feishu.directory import PER_PAGE, DirectoryCalls, OutOfRangeError, path_of
from syncer.feishu.scopes import lacking_of
from syncer.feishu.source import SourceField, SourceRecords, chunks, with_flag
from syncer.ports.shelf import Kept, Shelf

_STILL = 1
"""The revision of a directory, which has none: it moves by events alone, and by what a full run finds."""
_EMPTY = "member_count"

Body = Mapping[str, Any]


def contacts(
    client: FeishuClient, source: ContactsSource, shelf: Shelf, who: Asker = ANYONE
) -> "UserRecords | DepartmentRecords":
    """The records of a source of people or departments."""
    made = UserRecords if source.kind == "users" else DepartmentRecords
    return made(client, source, shelf, who)


class ContactRecords(SourceRecords):
    """What people and departments have in common; a ``ports.Records`` that is only read. Safe for threads."""

    scopes_matter = True

    def __init__(self, client: FeishuClient, source: ContactsSource, shelf: Shelf, who: Asker = ANYONE) -> None:
        super().__init__(client, shelf, who)
        self.source = source
        self.app_token, self.table_id = place_of(source)
        self._calls = DirectoryCalls(self._call, self._name())

    def _name(self) -> str:
        below = "" if self.source.department == ROOT else f" below department {self.source.department}"
        return f"the {self.source.kind} of the organisation{below}"

    def revision(self) -> int | None:
        """Always the same: nothing tells beside events."""
        return _STILL

    # Reading some.

    def _read(self, ids: Sequence[str]) -> Sequence[Kept]:
        """Lines as they are now; what is out of range as it was last seen."""
        known = self._shelf.get(ids)
        here = {str(body[self.identity]): body for body in self._found(ids)}
        missing = [line for line in dict.fromkeys(ids) if line not in here]
        asked = [line for line in missing if len(ids) == 1 or not _is_out(known.get(line))]
        told = dict(zip(asked, self._side_by_side(self._one, asked), strict=True))
        kept = [self._now(line, here.get(line, told.get(line)), known.get(line)) for line in dict.fromkeys(ids)]
        there = [each for each in kept if each is not None]
        self._shelf.put(there)
        self._shelf.drop(sorted(set(ids) - {each.line for each in there}))
        return there

    def _found(self, ids: Sequence[str]) -> Sequence[Body]:
        """Those of many lines that are in range; a single one is asked for by itself."""
        if len(ids) < 2:
            return []
        found = self._side_by_side(self._batch, list(chunks(ids, PER_PAGE)))
        return [body for bodies in found for body in bodies]

    def _one(self, line: str) -> Body | OutOfRangeError | None:
        try:
            return self._get(line)
        except OutOfRangeError as error:
            return error

    def _now(self, line: str, told: Body | OutOfRangeError | None, known: Kept | None) -> Kept | None:
        """A line as it is to be kept; ``None`` if it is gone."""
        if isinstance(told, OutOfRangeError) or (told is None and _is_out(known)):
            hidden = None if line in self._shelf.told_gone([line]) else known
            return hidden and with_flag(hidden, OUT_OF_RANGE, on=True)
        if told is None or self._is_gone(told):
            return None
        return self._kept(line, told, known)

    def _kept(self, line: str, body: Body, known: Kept | None) -> Kept:
        """A line from what was told of it; what the app cannot see stays as it was last seen."""
        unseen = self._unseen()
        before = known.body if known is not None else {}
        hidden = {name: before[name] for name in before if name in unseen}
        return Kept(line, self._allowed({**hidden, **body}))

    def _unseen(self) -> frozenset[str]:
        """The keys of a body that say nothing where they are absent."""
        fields = list(self._known.values())
        lacking = lacking_of({each.info.name: each.scopes for each in fields}, self._granted)
        if self._granted is None:
            lacking = {each.info.name: "" for each in fields if each.scopes}
        return keys_of(fields, lacking)

    def _allowed(self, body: Body) -> Body:
        return body

    # Reading all.

    def _renewed(self, listed: set[str]) -> Iterator[Sequence[Kept]]:
        """Whatever is known and was in no list: gone, out of range, or missed."""
        for lines in chunks(sorted(self._shelf.standing().keys() - listed), 10 * PER_PAGE):
            yield self._read(lines)

    def _taken(self, bodies: Sequence[Body], listed: set[str]) -> Sequence[Kept]:
        """Keep what a list told of, each line once."""
        fresh = {str(body[self.identity]): body for body in bodies if body[self.identity] not in listed}
        listed.update(fresh)
        known = self._shelf.get(list(fresh))
        kept = [self._kept(line, body, known.get(line)) for line, body in fresh.items()]
        self._shelf.put([each for each in kept if known.get(each.line) != each])
        return kept

    # What people and departments differ in.

    @abstractmethod
    def _get(self, line: str) -> Body | None:
        """One line, ``None`` if there is none. Raises ``OutOfRangeError``."""

    @abstractmethod
    def _batch(self, ids: Sequence[str]) -> Sequence[Body]:
        """Those of some lines that are in range."""

    def _is_gone(self, body: Body) -> bool:
        status = body.get("status")
        return isinstance(status, Mapping) and bool(status.get("is_resigned") or status.get("is_deleted"))

    def _places(self) -> Iterator[tuple[Sequence[Body], Sequence[str] | None]]:
        """All departments, page by page; where the app may not see everything, at last the people granted by name.

        The root is tried first: who may see everything needs no list of what it may see.
        """
        place, whole = self.source.department, True
        try:
            yield from ((page, None) for page in self._calls.below(place))
            if place != ROOT and (top := self._calls.department(place)):
                yield [top], None
        except OutOfRangeError as error:
            if place != ROOT:
                raise FeishuSetupError(f"{self._name()}: {error}") from error
            whole = False
        if not whole:
            yield from self._granted_places()

    def _granted_places(self) -> Iterator[tuple[Sequence[Body], Sequence[str] | None]]:
        places, people = self._calls.granted()
        for each in places:
            yield from ((page, None) for page in self._calls.below(each))
        for some in chunks(places, PER_PAGE):
            yield self._calls.departments(some), None
        yield (), people


class DepartmentRecords(ContactRecords):
    """Departments, each with the path that leads to it."""

    identity = "open_department_id"

    def _fields(self) -> Sequence[SourceField]:
        return DEPARTMENTS

    def _get(self, line: str) -> Body | None:
        return self._calls.department(line)

    def _batch(self, ids: Sequence[str]) -> Sequence[Body]:
        return self._calls.departments(ids)

    def _list(self) -> Iterator[Sequence[Kept]]:
        """All of them at once: a path is known only when everything above it is."""
        listed = set[str]()
        for bodies, _ in self._places():
            self._taken(bodies, listed)
        for _ in self._renewed(listed):
            pass
        for lines in chunks(sorted(self._shelf.standing()), 10 * PER_PAGE):
            yield list(self._shelf.get(lines).values())

    def _records(self, kept: Iterable[Kept], names: Sequence[str]) -> list[Any]:
        kept = list(kept)
        if PATH not in names:
            return super()._records(kept, names)
        tree = self._tree(kept)
        return super()._records(
            [replace(each, body={**each.body, PATH: path_of(each.line, tree)}) for each in kept], names
        )

    def _tree(self, fresh: Sequence[Kept]) -> Mapping[str, tuple[str, str]]:
        everything = {**self._shelf.get(list(self._shelf.standing())), **{each.line: each for each in fresh}}
        return {
            line: (str(each.body.get("name") or ""), str(each.body.get("parent_department_id") or ROOT))
            for line, each in everything.items()
        }


class UserRecords(ContactRecords):
    """People, each once, whatever departments they are in."""

    identity = "open_id"

    def _fields(self) -> Sequence[SourceField]:
        return user_fields(private=self.source.private)

    def _get(self, line: str) -> Body | None:
        return self._calls.user(line)

    def _batch(self, ids: Sequence[str]) -> Sequence[Body]:
        return self._calls.users(ids)

    def _allowed(self, body: Body) -> Body:
        """Phone numbers and e-mail addresses are not even kept unless they were asked for."""
        return body if self.source.private else {name: held for name, held in body.items() if name not in PRIVATE}

    def _list(self) -> Iterator[Sequence[Kept]]:
        listed, places, loose = set[str](), list[str](), list[str]()
        root = self.source.department == ROOT
        for bodies, people in self._places():
            places += [str(each["open_department_id"]) for each in bodies if each.get(_EMPTY) != 0]
            root = root and people is None
            loose += people or ()
        self._shelf.advance({"places": list(dict.fromkeys(places))})
        for page in self._side_by_side(
            partial(_all_of, self._calls), [*([ROOT] if root else []), *dict.fromkeys(places)]
        ):
            yield self._taken(page, listed)
        for some in chunks(loose, PER_PAGE):
            yield self._taken(self._calls.users(some), listed)
        yield from self._renewed(listed)

    def _is_gone(self, body: Body) -> bool:
        """Gone also from what is read: a person who moved to where this mapping does not look."""
        if super()._is_gone(body):
            return True
        there, places = body.get("department_ids"), self._shelf.note().get("places")
        if self.source.department == ROOT or not isinstance(there, list) or not isinstance(places, list):
            return False
        return not set(there) & {*places, self.source.department}


def _all_of(calls: DirectoryCalls, place: str) -> list[Body]:
    """The people of a department; of one that is gone by now, nobody."""
    try:
        return [body for page in calls.members(place) for body in page]
    except OutOfRangeError:
        return []


def _is_out(known: Kept | None) -> bool:
    return known is not None and bool(known.body.get(OUT_OF_RANGE))
