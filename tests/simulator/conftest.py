from collections.abc import Iterator
from types import ModuleType

import pytest

from syncer.simulator.control import Control, TablePlace
from syncer.simulator.server import SimulatorServer
from tests.simulator.api import Api, TableApi

ORDERS = [
    {"field_name": "订单号", "type": 1},
    {"field_name": "金额", "type": 2, "property": {"formatter": "0.00"}},
    {"field_name": "状态", "type": 3, "property": {"options": [{"name": "待处理"}, {"name": "已发货"}]}},
    {"field_name": "标签", "type": 4},
    {"field_name": "日期", "type": 5},
    {"field_name": "完成", "type": 7},
    {"field_name": "负责人", "type": 11},
    {"field_name": "电话", "type": 13},
    {"field_name": "网址", "type": 15},
    {"field_name": "附件", "type": 17},
    {"field_name": "地点", "type": 22},
    {"field_name": "群", "type": 23},
    {"field_name": "邮箱", "type": 1, "ui_type": "Email"},
    {"field_name": "条码", "type": 1, "ui_type": "Barcode"},
    {"field_name": "创建于", "type": 1001},
    {"field_name": "修改于", "type": 1002},
    {"field_name": "创建人", "type": 1003},
    {"field_name": "修改人", "type": 1004},
    {"field_name": "编号", "type": 1005},
    {"field_name": "公式", "type": 20},
]


@pytest.fixture
def simulator() -> Iterator[SimulatorServer]:
    with SimulatorServer(seed=7, quota_scale=0) as server:
        yield server


@pytest.fixture
def control(simulator: SimulatorServer) -> Control:
    return simulator.control


@pytest.fixture
def api(simulator: SimulatorServer) -> Api:
    return Api(simulator.url, simulator.app_id, simulator.app_secret)


@pytest.fixture
def place(control: Control) -> TablePlace:
    """A table with a field of every simple type."""
    return control.create_table(control.create_base("销售"), "订单", ORDERS)


@pytest.fixture
def orders(api: Api, place: TablePlace) -> TableApi:
    return api.at(place)


@pytest.fixture(scope="session")
def lark() -> ModuleType:
    import lark_oapi  # three seconds: only for the tests that need it

    return lark_oapi


@pytest.fixture
def client(lark: ModuleType, simulator: SimulatorServer):
    """The real SDK; its token cache belongs to the process, so every test starts with an empty one."""
    from lark_oapi.core.cache import LocalCache

    builder = lark.Client.builder().app_id(simulator.app_id).app_secret(simulator.app_secret)
    return builder.domain(simulator.url).cache(LocalCache()).log_level(lark.LogLevel.ERROR).build()
