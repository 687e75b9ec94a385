"""A grid view of some records of a table, kept by its name. Only what a person asked for comes here.

A view cannot name records by their ids; it filters by what a field holds (``filter_info`` of the view's property, with
field ids and JSON-encoded values). Source: bitable.md 3, rows on views; the number of conditions is that of search.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote

import orjson

from syncer.core.values import Json
from syncer.errors import FeishuSetupError
from syncer.feishu.calls import Answer, Call
from syncer.feishu.client import FeishuClient
from syncer.feishu.errors import short
from syncer.feishu.listing import items, pages
from syncer.feishu.quotas import CONDITIONS_PER_SEARCH, ITEMS_PER_PAGE

MOST_VALUES = CONDITIONS_PER_SEARCH
LONGEST_NAME = 100


@dataclass(frozen=True, slots=True)
class Views:
    """The views of one table."""

    client: FeishuClient
    app_token: str
    table_id: str

    def find(self, name: str) -> str | None:
        """The id of the view of a name, if there is one."""
        ask = lambda query: self._call("bitable.view.list", "GET", "", query=query)  # noqa: E731 - passed on, not kept
        for answer in pages(ask, ITEMS_PER_PAGE, self._where):
            for view in items(answer):
                if view.get("view_name") == name:
                    return str(view.get("view_id"))
        return None

    def create(self, name: str) -> str:
        """A new grid view; its id. Raises ``FeishuSetupError``."""
        answer = self._call("bitable.view.create", "POST", "", body={"view_name": name, "view_type": "grid"})
        view = answer.data.get("view")
        if not isinstance(view, Mapping) or not isinstance(view.get("view_id"), str):
            raise FeishuSetupError(
                f"{self._where}: Feishu made a view and did not say which", api="bitable.view.create"
            )
        return str(view["view_id"])

    def show(self, view_id: str, name: str, field_id: str, values: Sequence[str]) -> None:
        """Have a view show the records whose field holds one of the values, and no others."""
        property_: Json = {"filter_info": _filter(field_id, values)}
        body: Json = {"view_name": name, "property": property_}
        self._call("bitable.view.patch", "PATCH", f"/{quote(view_id)}", body=body)

    @property
    def _where(self) -> str:
        return f"base {short(self.app_token)}, table {self.table_id}"

    def _call(
        self, api: str, method: str, path: str, *, query: Mapping[str, str] | None = None, body: Json = None
    ) -> Answer:
        views = f"/open-apis/bitable/v1/apps/{quote(self.app_token)}/tables/{quote(self.table_id)}/views{path}"
        writes = method != "GET"
        return self.client.call(Call(api, method, views, query or {}, body, writes=writes, where=self._where))


def _filter(field_id: str, values: Sequence[str]) -> Json:
    """Any of the values; of none, what holds of no record: the field is empty and is not."""
    if not values:
        empty = [_condition(field_id, operator, []) for operator in ("isEmpty", "isNotEmpty")]
        return {"conjunction": "and", "conditions": empty}
    return {"conjunction": "or", "conditions": [_condition(field_id, "is", [value]) for value in values]}


def _condition(field_id: str, operator: str, value: Sequence[str]) -> Json:
    return {"field_id": field_id, "operator": operator, "value": orjson.dumps(value).decode()}
