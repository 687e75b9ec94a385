"""Where commands are run: a folder with a mapping, real servers behind it, and people on both sides."""

import json
import os
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg

from syncer.cli import ending
from syncer.cli.main import _status
from syncer.settings import known

WRITES = ("create", "update", "delete", "patch")

FIELDS = [
    {"field_name": "订单号", "type": 1},
    {"field_name": "金额", "type": 2},
    {"field_name": "备注", "type": 1},
    {"field_name": "合计", "type": 20, "property": {"result_type": 2}},
]

TABLE = """
CREATE SCHEMA sales;
CREATE TABLE sales.orders (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, order_no varchar(20) UNIQUE NOT NULL, amount numeric(12,2),
  note text, total numeric, loose text)
"""

MAPPING = """\
version: 1
name: orders
feishu:
  bitable: {app_token: "${ORDERS_APP_TOKEN}", table_id: "${ORDERS_TABLE_ID}"}
database:
  connection: erp
  table: sales.orders
  key: [id]
match: [order_no]
fields:
  - {field: 订单号, column: order_no, required: true}
  - {field: 金额, column: amount}
  - {field: 备注, column: note, conflict: manual}
"""


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    status: int
    out: str
    err: str

    @property
    def document(self):
        """The one JSON object on stdout."""
        return json.loads(self.out)


class Room:
    """A folder with ``.env`` unset, one mapping file, both tables empty. ``run`` runs a command in this process."""

    def __init__(self, folder, simulator, erp_url, state_url, redis_url, monkeypatch, capsys):
        self.folder, self.control, self.simulator = folder, simulator.control, simulator
        self.erp_url, self.state_url = erp_url, state_url
        self._monkeypatch, self._capsys = monkeypatch, capsys
        self._erp = psycopg.connect(erp_url.replace("+psycopg", ""), autocommit=True)
        self.sql(TABLE)
        self.base = self.control.create_base("销售")
        self.place = self.control.create_table(self.base, "订单", FIELDS)
        self.clean()
        monkeypatch.chdir(folder)
        self.set(
            SYNCER_HOME=str(folder / "home"),
            SYNCER_DATABASE_URL=state_url,
            SYNCER_REDIS_URL=redis_url,
            SYNCER_CONNECTIONS__ERP=erp_url,
            SYNCER_QUOTA_SCALE="0",
            FEISHU_APP_ID=simulator.app_id,
            FEISHU_APP_SECRET=simulator.app_secret,
            FEISHU_DOMAIN=simulator.url,
            ORDERS_APP_TOKEN=self.base,
            ORDERS_TABLE_ID=self.place.table_id,
        )
        self.write(MAPPING)

    def clean(self):
        """No setting of whoever runs the tests."""
        for name in list(os.environ):
            if known(name) and not name.startswith("SYNCER_TEST_"):
                self._monkeypatch.delenv(name)

    def set(self, **variables):
        for name, value in variables.items():
            if value is None:
                self._monkeypatch.delenv(name, raising=False)
            else:
                self._monkeypatch.setenv(name, value)

    def write(self, text, name="orders.yaml"):
        path = self.folder / "mappings" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def rewrite(self, *changes):
        """The first mapping file with pieces of it replaced."""
        text = MAPPING
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        return self.write(text)

    def run(self, *arguments):
        self._capsys.readouterr()
        status = _status([str(one) for one in arguments])
        out, err = self._capsys.readouterr()
        ending.debug(on=False)
        return Ended(status, out, err)

    def json(self, *arguments, status=0):
        """The object a command prints, and nothing but it; the command ends with this status."""
        ended = self.run(*arguments, "--json")
        assert ended.status == status, ended
        return ended.document

    def ok(self, *arguments, status=0):
        ended = self.run(*arguments)
        assert ended.status == status, ended
        return ended

    def sql(self, statement, *values):
        cursor = self._erp.execute(statement, values or None)
        return cursor.fetchall() if cursor.description else None

    def add(self, *records):
        return self.control.add_records(self.base, self.place.table_id, list(records))

    def edit(self, record, **cells):
        self.control.edit_record(self.base, self.place.table_id, record, cells)

    def truth(self):
        """All that both tables hold, and whether anything was ever written to them."""
        table = self.control.table(self.base, self.place.table_id)
        rows = self.sql("SELECT xmin::text, t::text FROM sales.orders t ORDER BY 2")
        return self.control.plain(self.base, self.place.table_id), table["revision"], rows

    def close(self):
        self._erp.close()

    @contextmanager
    def untouched(self):
        """Inside, no command changes anything on either side."""
        before = self.truth()
        self.control.clear_calls()
        yield
        assert self.truth() == before
        writes = [call["api"] for call in self.control.calls() if call["api"].endswith(WRITES)]
        assert writes == []
