"""Who is who for one app: open_ids and what a column holds of people, asked of the contact calls and kept a while.

Fifty people a call; whoever is not among the answers is asked for alone, because only then Feishu says why: nobody of
that id, an id of another app or tenant, or somebody the app may not see (platform.md 6). An ``employee_no`` can be
asked for by nobody: everybody in the app's range is listed once for it.
"""

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeAlias
from urllib.parse import quote

from syncer.core.mapping import Misfit
from syncer.core.sources import ROOT
from syncer.errors import FeishuError, FeishuSetupError, RefusedError
from syncer.feishu.calls import Answer, Call
from syncer.feishu.client import FeishuClient
from syncer.feishu.directory import NO_AUTHORITY, PER_PAGE, DirectoryCalls, OutOfRangeError

KEPT = timedelta(minutes=10)
"""How long an answer is believed; what was answered once is told longer where nobody is about to carry it."""
_FOREIGN = frozenset({99992361, 99992364, 99992381})
_ID_TYPES = ("union_id", "user_id")
_SCOPES = {
    "email": "contact:user.email:readonly",
    "user_id": "contact:user.employee_id:readonly",
    "employee_no": "contact:user.employee_number:read",
}
_WHERE = "the directory"

Body: TypeAlias = Mapping[str, Any]


class People:
    """A directory (``fields.people.Directory``) of one Feishu app. Safe for threads."""

    def __init__(self, client: FeishuClient, *, kept: timedelta = KEPT) -> None:
        self._client, self._kept = client, kept
        self._lock = threading.RLock()
        self._by_open_id: dict[str, tuple[datetime, Body | str]] = {}
        self._by_name: dict[tuple[str, str], tuple[datetime, str, bool]] = {}
        self._listed: datetime | None = None
        self._calls = DirectoryCalls(self._get, _WHERE)

    def said(self, open_id: str, what: str) -> str:
        """What a person is called in a column. Raises ``Misfit`` for one who is not known, errors of the door."""
        with self._lock:
            if open_id not in self._by_open_id:
                self.meet([open_id], (), what)
            found = self._by_open_id[open_id][1]
        if isinstance(found, str):
            raise Misfit(found)
        name = found.get(what)
        if name is None and what in _SCOPES:
            raise Misfit(f"Feishu does not show this app the {what} of {open_id}; grant the app {_SCOPES[what]}")
        if not name:
            raise Misfit(f"{found.get('name') or open_id} has no {what} in Feishu; fill it in there")
        return str(name)

    def found(self, text: str, what: str) -> str:
        """The open_id of whom a column names. Raises ``Misfit`` for nobody, errors of the door."""
        key = _key(text, what)
        with self._lock:
            if key not in self._by_name:
                self.meet((), [text], what)
            _, said, known = self._by_name[key]
        if not known:
            raise Misfit(said)
        return said

    def meet(self, open_ids: Iterable[str], texts: Iterable[str], what: str) -> None:
        """Look up all of these that are not known yet, or were asked for long ago."""
        with self._lock:
            since = self._client.clock.now() - self._kept
            people = [one for one in dict.fromkeys(open_ids) if not _fresh(self._by_open_id.get(one), since)]
            names = [one for one in dict.fromkeys(texts) if not _fresh(self._by_name.get(_key(one, what)), since)]
            for some in _chunks(people):
                self._meet_ids(some)
            if names:
                self._meet_names(names, what, since)

    # By open_id.

    def _meet_ids(self, ids: Sequence[str]) -> None:
        right = [id_ for id_ in ids if id_.startswith("ou_")]
        found = {str(body.get("open_id")): body for body in self._batch(right, "open_id")}
        now = self._client.clock.now()
        for id_ in ids:
            body = found.get(id_) or (self._alone(id_, "open_id") if id_ in right else _no_such(id_, "open_id"))
            self._by_open_id[id_] = (now, body)

    # By what a column holds.

    def _meet_names(self, names: Sequence[str], what: str, since: datetime) -> None:
        if what == "employee_no":
            self._list(since)
        ways: dict[str, Callable[[Sequence[str]], Mapping[str, str]]] = {"email": self._mails, "open_id": self._open}
        for some in _chunks(names):
            found = {} if what == "employee_no" else ways.get(what, self._ids_of(what))(some)
            now = self._client.clock.now()
            for name in some:
                key, kept = _key(name, what), self._by_name.get(_key(name, what))
                if what == "employee_no" and kept is not None and kept[2]:
                    continue
                open_id = found.get(key[0])
                self._by_name[key] = (now, open_id or self._why_not(name, what), open_id is not None)

    def _open(self, ids: Sequence[str]) -> Mapping[str, str]:
        self._meet_ids(ids)
        return {id_: id_ for id_ in ids if not isinstance(self._by_open_id[id_][1], str)}

    def _ids_of(self, what: str) -> Callable[[Sequence[str]], Mapping[str, str]]:
        def ask(ids: Sequence[str]) -> Mapping[str, str]:
            right = [id_ for id_ in ids if what != "union_id" or id_.startswith("on_")]
            bodies = self._batch(right, what)
            return {str(body.get(what)): str(body["open_id"]) for body in bodies if body.get(what)}

        return ask

    def _mails(self, mails: Sequence[str]) -> Mapping[str, str]:
        call = Call(
            "contact.user.batch_get_id",
            "POST",
            "/open-apis/contact/v3/users/batch_get_id",
            query={"user_id_type": "open_id"},
            body={"emails": list(mails)},
            where=_WHERE,
        )
        listed = self._client.call(call).data.get("user_list") or ()
        return {str(each.get("email")).lower(): str(each["user_id"]) for each in listed if each.get("user_id")}

    def _why_not(self, name: str, what: str) -> str:
        if what == "open_id":
            return str(self._by_open_id[name][1])
        if what in _ID_TYPES and (what != "union_id" or name.startswith("on_")):
            answer = self._alone(name, what)
            return answer if isinstance(answer, str) else _unshown(what)
        return _no_such(name, what)

    def _list(self, since: datetime) -> None:
        """Everybody in the app's range, by employee number."""
        if self._listed is not None and self._listed >= since:
            return
        now = self._client.clock.now()
        for body in self._everybody():
            self._by_open_id[str(body["open_id"])] = (now, body)
            if number := body.get("employee_no"):
                self._by_name[_key(str(number), "employee_no")] = (now, str(body["open_id"]), True)
        self._listed = now

    def _everybody(self) -> Iterator[Body]:
        places, people = self._calls.granted()
        try:
            below = [str(one["open_department_id"]) for page in self._calls.below(ROOT) for one in page]
            tops = [ROOT, *below]
        except OutOfRangeError:
            tops = [
                *places,
                *(str(one["open_department_id"]) for top in places for page in self._calls.below(top) for one in page),
            ]
        for place in dict.fromkeys(tops):
            for page in self._calls.members(place):
                yield from page
        for some in _chunks(people):
            yield from self._batch(some, "open_id")

    # One call.

    def _batch(self, ids: Sequence[str], id_type: str) -> Sequence[Body]:
        """Those of some people that are there and in range; one that Feishu takes offence at spoils no other."""
        if not ids:
            return []
        try:
            query = {"user_ids": list(ids), "user_id_type": id_type}
            return list(self._get("contact.user.batch", "contact/v3/users/batch", query).data.get("items") or ())
        except RefusedError:
            if len(ids) == 1:
                return []
            return [body for id_ in ids for body in self._batch([id_], id_type)]

    def _alone(self, id_: str, id_type: str) -> Body | str:
        """One person, or why there is none."""
        path = f"contact/v3/users/{quote(id_, safe='')}"
        try:
            found = self._get("contact.user.get", path, {"user_id_type": id_type}).data.get("user")
        except (RefusedError, FeishuSetupError) as error:
            return _reason(id_, id_type, error)
        return found if isinstance(found, dict) else _no_such(id_, id_type)

    def _get(self, api: str, path: str, query: Mapping[str, "str | Sequence[str]"]) -> Answer:
        return self._client.call(Call(api, "GET", f"/open-apis/{path}", query=query, where=_WHERE))


def _reason(id_: str, id_type: str, error: FeishuError) -> str:
    """Why there is nobody. Raises the error where it says nothing of the person."""
    if error.code in _FOREIGN:
        other = "app: an open_id is good in its own app alone" if id_type == "open_id" else "tenant"
        return f"{id_} belongs to another {other}; use the union_id, user_id or email"
    if error.code in NO_AUTHORITY:
        return f"the app may not see {id_}: widen its contact range in Feishu's developer console"
    if isinstance(error, RefusedError):
        return _no_such(id_, id_type)
    raise error


def _no_such(name: str, what: str) -> str:
    return f"nobody in Feishu whom the app may see has the {what} {name!r}"


def _unshown(what: str) -> str:
    return f"Feishu does not show this app the {what} of people; grant the app {_SCOPES.get(what, 'its scope')}"


def _key(name: str, what: str) -> tuple[str, str]:
    return (name.lower() if what == "email" else name), what


def _fresh(kept: tuple[Any, ...] | None, since: datetime) -> bool:
    return kept is not None and kept[0] >= since


def _chunks(names: Sequence[str]) -> Iterator[Sequence[str]]:
    yield from (names[start : start + PER_PAGE] for start in range(0, len(names), PER_PAGE))
