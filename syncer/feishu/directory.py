"""What the contact calls answer, page by page: departments of a tree, members of a department, some by id."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from syncer.core.sources import ROOT
from syncer.errors import FeishuError, FeishuSetupError, VanishedError
from syncer.feishu.calls import Answer
from syncer.feishu.listing import items, pages

PER_PAGE = 50
NO_AUTHORITY = frozenset({40004, 40014, 41050})
"""Outside the app's contact range: of a department, of what is above it, of a person."""
_TOO_BIG = 43010
_SCOPES_PER_PAGE = 100

Body = Mapping[str, Any]
Ask = Callable[[str, str, Mapping[str, "str | Sequence[str]"]], Answer]


class OutOfRangeError(Exception):
    """The app may not see what it asked for; whether it is there, nobody tells."""


class DirectoryCalls:
    """The calls of one app; ``ask`` sends one (api, path, query)."""

    def __init__(self, ask: Ask, where: str) -> None:
        self._ask, self._where = ask, where

    # Departments.

    def below(self, place: str) -> Iterator[Sequence[Body]]:
        """All departments below one, at any depth, as they come. Raises ``OutOfRangeError``."""
        try:
            yield from self._children(place, deep=True)
        except FeishuError as error:
            if error.code != _TOO_BIG:
                raise
            yield from self._level_by_level(place)

    def _level_by_level(self, place: str) -> Iterator[Sequence[Body]]:
        """For an organisation too large for Feishu to walk through by itself (43010)."""
        for page in self._children(place, deep=False):
            yield page
            for each in page:
                yield from self._level_by_level(str(each["open_department_id"]))

    def _children(self, place: str, *, deep: bool) -> Iterator[Sequence[Body]]:
        path = f"contact/v3/departments/{quote(place, safe='')}/children"
        yield from self._paged("contact.department.children", path, {"fetch_child": "true" if deep else "false"})

    def department(self, place: str) -> Body | None:
        """One department, ``None`` if there is none. Raises ``OutOfRangeError``."""
        return self._one("contact.department.get", f"contact/v3/departments/{quote(place, safe='')}", "department")

    def departments(self, ids: Sequence[str]) -> list[Body]:
        """Those of some departments that are there and in range."""
        return self._batch("contact.department.batch", "contact/v3/departments/batch", {"department_ids": ids})

    # People.

    def members(self, place: str) -> Iterator[Sequence[Body]]:
        """The people directly in a department."""
        path = "contact/v3/users/find_by_department"
        yield from self._paged("contact.user.find_by_department", path, {"department_id": place})

    def user(self, open_id: str) -> Body | None:
        """One person, ``None`` if there is none. Raises ``OutOfRangeError``."""
        return self._one("contact.user.get", f"contact/v3/users/{quote(open_id, safe='')}", "user")

    def users(self, ids: Sequence[str]) -> list[Body]:
        """Those of some people that are there and in range."""
        return self._batch("contact.user.batch", "contact/v3/users/batch", {"user_ids": ids})

    # The range.

    def granted(self) -> tuple[list[str], list[str]]:
        """The departments and the people the app was granted one by one."""
        places, people = list[str](), list[str]()
        token: str | None = ""
        while token is not None:
            query = {"page_size": str(_SCOPES_PER_PAGE), **({"page_token": token} if token else {})}
            data = self._ask("contact.scope.list", "contact/v3/scopes", query).data
            places += map(str, data.get("department_ids") or ())
            people += map(str, data.get("user_ids") or ())
            token = str(data["page_token"]) if data.get("has_more") and data.get("page_token") else None
        return list(dict.fromkeys(places)), list(dict.fromkeys(people))

    # One call.

    def _paged(self, api: str, path: str, query: Mapping[str, str]) -> Iterator[Sequence[Body]]:
        try:
            for answer in pages(lambda place: self._ask(api, path, {**query, **place}), PER_PAGE, self._where):
                yield items(answer)
        except FeishuSetupError as error:
            raise _narrowed(error) from error

    def _one(self, api: str, path: str, key: str) -> Body | None:
        try:
            found = self._ask(api, path, {}).data.get(key)
        except VanishedError:
            return None
        except FeishuSetupError as error:
            raise _narrowed(error) from error
        return found if isinstance(found, dict) else None

    def _batch(self, api: str, path: str, ids: Mapping[str, Sequence[str]]) -> list[Body]:
        return list(items(self._ask(api, path, ids)))


def _narrowed(error: FeishuSetupError) -> Exception:
    return OutOfRangeError(str(error)) if error.code in NO_AUTHORITY else error


def path_of(place: str, tree: Mapping[str, tuple[str, str]]) -> str:
    """The names from the root down to a department; ``tree``: name and parent by id. A ring ends where it began."""
    names, met = list[str](), set[str]()
    while place in tree and place not in met and place != ROOT:
        met.add(place)
        name, place = tree[place]
        names.append(name)
    return "/".join(reversed(names))
