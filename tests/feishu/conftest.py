"""A table in the simulator, and a client for it."""

from types import SimpleNamespace

import pytest

from syncer.batching.writer import LocalWriter
from syncer.feishu.bitable import BitableRecords
from tests.feishu.stage import FIELDS, Waits, WallClock, client_of


@pytest.fixture
def waits():
    return Waits()


@pytest.fixture
def client(simulator, waits):
    client = client_of(simulator, waits)
    yield client
    client.close()


@pytest.fixture
def place(simulator):
    """A table of orders: ``app_token``, ``table_id``, ``fields``."""
    app_token = simulator.control.create_base("订单", time_zone="Asia/Shanghai")
    made = simulator.control.create_table(app_token, "订单表", FIELDS)
    where = (app_token, made.table_id)
    return SimpleNamespace(app_token=app_token, table_id=made.table_id, fields=made.fields, where=where)


@pytest.fixture
def records(client, place):
    return BitableRecords(client, place.app_token, place.table_id, LocalWriter(WallClock(), patience=5))


@pytest.fixture(params=["canonical-legacy200", "lower-new4xx"])
def dialect(request, simulator):
    """Both cases of header names and both habits of HTTP statuses."""
    header_names, status_mode = request.param.split("-")
    simulator.control.set_switches(header_names=header_names, status_mode=status_mode)
    return request.param
