"""The floors: bare loops that make the same record calls and preflight calls, and nothing else. No state, no safety.

One pooled ``requests`` session and orjson towards Feishu, COPY towards PostgreSQL. ``python -m benchmarks.floors`` is
one measurement.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import orjson
import psycopg
import requests

from benchmarks import table
from benchmarks.measure import Order, measured, serve

PAGE, BATCH = 500, 1000

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Line:
    """One kept connection to Feishu."""

    def __init__(self, domain: str, app_token: str, table_id: str, credentials: tuple[str, str]) -> None:
        self._session = requests.Session()
        self._root = f"{domain}/open-apis/bitable/v1/apps/{app_token}"
        self._table = f"{self._root}/tables/{table_id}"
        body = orjson.dumps({"app_id": credentials[0], "app_secret": credentials[1]})
        answer = self._session.post(f"{domain}/open-apis/auth/v3/tenant_access_token/internal", data=body)
        self._session.headers["Authorization"] = f"Bearer {orjson.loads(answer.content)['tenant_access_token']}"
        self._session.headers["Content-Type"] = "application/json; charset=utf-8"

    def look(self) -> None:
        """The calls with which every run looks at the table."""
        for url in (self._root, f"{self._root}/tables?page_size=100", f"{self._table}/fields?page_size=100"):
            orjson.loads(self._session.get(url).content)

    def records(self) -> Iterator[list[Any]]:
        """All records, page by page."""
        query = {"page_size": str(PAGE), "user_id_type": "open_id"}
        body = orjson.dumps({"automatic_fields": True, "field_names": table.NAMES})
        while True:
            content = self._session.post(f"{self._table}/records/search", params=query, data=body).content
            data = orjson.loads(content)["data"]
            yield data.get("items") or []
            if not data["has_more"]:
                return
            query["page_token"] = data["page_token"]

    def create(self, records: list[Any], token: str) -> list[str]:
        """Create records under an idempotency token."""
        query = {"client_token": token, "user_id_type": "open_id"}
        body = orjson.dumps({"records": records})
        content = self._session.post(f"{self._table}/records/batch_create", params=query, data=body).content
        return [record["record_id"] for record in orjson.loads(content)["data"]["records"]]


def to_database(line: Line, database: str) -> int:
    """Copy every record into an empty table."""
    line.look()
    count = 0
    statement = f"COPY orders ({', '.join(table.COLUMNS)}) FROM STDIN"
    with psycopg.connect(database) as connection, connection.cursor() as cursor, cursor.copy(statement) as copy:
        for page in line.records():
            for item in page:
                copy.write_row(_row(item["fields"]))
            count += len(page)
    line.look()
    return count


def _row(cells: dict[str, Any]) -> list[Any]:
    get = cells.get
    return [_held(type_, get(name)) for name, type_, _, _ in table.FIELDS]


def _held(type_: int, cell: Any) -> Any:
    if type_ == table.TEXT and cell is not None:
        return "".join([part["text"] for part in cell])
    if type_ == table.DATE and cell is not None:
        return _EPOCH + timedelta(milliseconds=cell)
    return cell


def to_feishu(line: Line, database: str) -> int:
    """Create a record for every row."""
    line.look()
    next(line.records())
    line.look()
    count = 0
    with psycopg.connect(database) as connection:
        for some in _batches(connection):
            line.create([{"fields": table.cells(row)} for row in some], str(uuid4()))
            count += len(some)
    return count


def _batches(connection: psycopg.Connection[Any]) -> Iterator[list[tuple[Any, ...]]]:
    with connection.cursor() as cursor:
        types = [column.type_code for column in cursor.execute(_rows("LIMIT 0")).description or ()]
        with cursor.copy(f"COPY ({_rows()}) TO STDOUT") as copy:
            copy.set_types(types)
            batch = []
            for row in copy.rows():
                batch.append(row)
                if len(batch) == BATCH:
                    yield batch
                    batch = []
            if batch:
                yield batch


def _rows(rest: str = "") -> str:
    plain = [f"{column}::float8" if column == "amount" else column for column in table.COLUMNS]
    return f"SELECT {', '.join(plain)} FROM orders {rest}"


def no_op(line: Line, database: str) -> int:
    """Read both sides and compare nothing."""
    line.look()
    count = sum(len(page) for page in line.records())
    line.look()
    statement = f"COPY ({_rows()}) TO STDOUT"
    with psycopg.connect(database) as connection, connection.cursor() as cursor, cursor.copy(statement) as copy:
        return count + sum(1 for _ in copy)


FLOORS = {"to_database": to_database, "to_feishu": to_feishu, "no_op": no_op}


def floor(order: Order) -> dict[str, Any]:
    """Measure one of them."""

    def work() -> int:
        line = Line(order["feishu"], order["app_token"], order["table_id"], tuple(order["credentials"]))
        return FLOORS[order["case"]](line, order["database"])

    return measured(work)


if __name__ == "__main__":
    serve(floor)
