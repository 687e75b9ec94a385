"""What the tests of this room share: a clock of the wall, a table with every kind of field, a client."""

import time
from datetime import UTC, datetime

from syncer.batching.local_pacer import LocalPacer
from syncer.feishu.client import FeishuClient
from syncer.feishu.patience import Patience

FIELDS = [
    {"field_name": "订单号", "type": 1},
    {"field_name": "金额", "type": 2},
    {"field_name": "状态", "type": 3, "property": {"options": [{"name": "待处理"}, {"name": "已发货"}]}},
    {"field_name": "标签", "type": 4, "property": {"options": [{"name": "急"}, {"name": "大客户"}]}},
    {"field_name": "日期", "type": 5},
    {"field_name": "已付", "type": 7},
    {"field_name": "负责人", "type": 11},
    {"field_name": "电话", "type": 13},
    {"field_name": "网址", "type": 15},
]
NAMES = [field["field_name"] for field in FIELDS]


class WallClock:
    def now(self):
        return datetime.now(UTC)

    def sleep(self, seconds):
        time.sleep(seconds)


class Waits(list):
    """Collects what a client says before it waits."""

    def __call__(self, api, seconds, reason):
        self.append((api, seconds, reason))


def hasty(attempts=6):
    """Patience for tests: short waits, no jitter."""
    return Patience(attempts=attempts, first=0.01, longest=0.05, advised=0.01, jitter=lambda: 0.0)


def client_of(simulator, waits=None, *, clock=None, scale=0, silent=True, **others):
    clock = clock or WallClock()
    settings = {"timeout": 5.0, "patience": hasty(), "domain": simulator.url, **others}
    return FeishuClient(
        simulator.app_id,
        settings.pop("app_secret", simulator.app_secret),
        clock=clock,
        pacer=LocalPacer(clock, scale),
        on_wait=Waits() if silent and waits is None else waits,
        **settings,
    )
