"""Plain HTTP against the simulator, to look at what is really on the wire."""

from dataclasses import dataclass
from typing import Any

import requests


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Any
    json: dict[str, Any]

    @property
    def code(self) -> int:
        return self.json["code"]

    @property
    def data(self) -> Any:
        assert self.json["code"] == 0, self.json
        return self.json["data"]


class Api:
    """Calls with the token of one app."""

    def __init__(self, url: str, app_id: str, secret: str) -> None:
        self.url, self.app_id, self.secret = url, app_id, secret
        self.token = self.sign_in().json.get("tenant_access_token", "")

    def sign_in(self) -> Answer:
        body = {"app_id": self.app_id, "app_secret": self.secret}
        return _answer(
            requests.post(f"{self.url}/open-apis/auth/v3/tenant_access_token/internal", json=body, timeout=10)
        )

    def raw(self, method: str, path: str, *, headers: dict[str, str] | None = None, timeout: float = 10, **rest: Any):
        bearer = {"Authorization": f"Bearer {self.token}"} if headers is None else headers
        return requests.request(method, f"{self.url}/open-apis{path}", headers=bearer, timeout=timeout, **rest)

    def call(self, method: str, path: str, json: Any = None, **query: Any) -> Answer:
        return _answer(self.raw(method, path, json=json, params=query))

    def at(self, place: Any) -> "TableApi":
        return TableApi(self, f"/bitable/v1/apps/{place.app_token}/tables/{place.table_id}")


class TableApi:
    """Record calls of one table."""

    def __init__(self, api: Api, path: str) -> None:
        self.api, self.path = api, path

    def call(self, method: str, path: str, json: Any = None, **query: Any) -> Answer:
        return self.api.call(method, f"{self.path}{path}", json, **query)

    def search(self, body: Any = None, **query: Any) -> Answer:
        return self.call("POST", "/records/search", body or {}, **query)

    def get(self, *ids: str, **body: Any) -> Answer:
        return self.call("POST", "/records/batch_get", {"record_ids": list(ids), **body})

    def create(self, fields: Any, **query: Any) -> Answer:
        return self.call("POST", "/records", {"fields": fields}, **query)

    def batch_create(self, lines: Any, **query: Any) -> Answer:
        return self.call("POST", "/records/batch_create", {"records": [{"fields": each} for each in lines]}, **query)

    def update(self, record_id: str, fields: Any, **query: Any) -> Answer:
        return self.call("PUT", f"/records/{record_id}", {"fields": fields}, **query)

    def batch_update(self, lines: dict[str, Any], **query: Any) -> Answer:
        records = [{"record_id": record_id, "fields": cells} for record_id, cells in lines.items()]
        return self.call("POST", "/records/batch_update", {"records": records}, **query)

    def batch_delete(self, *ids: str, **query: Any) -> Answer:
        return self.call("POST", "/records/batch_delete", {"records": list(ids)}, **query)

    def read(self, record_id: str, **body: Any) -> dict[str, Any]:
        return self.get(record_id, **body).data["records"][0]["fields"]

    def pages(self, body: Any = None, **query: Any) -> list[list[dict[str, Any]]]:
        """Follow the pages to their end."""
        pages, token = [], ""
        while True:
            data = self.search(body, **query, **({"page_token": token} if token else {})).data
            pages.append(data.get("items") or [])
            if not data["has_more"]:
                return pages
            token = data["page_token"]

    def ids(self, body: Any = None, **query: Any) -> list[str]:
        return [item["record_id"] for page in self.pages(body, **query) for item in page]


def _answer(response: requests.Response) -> Answer:
    return Answer(response.status_code, response.headers, response.json())
