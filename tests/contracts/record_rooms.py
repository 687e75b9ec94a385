"""One way to a table of records, over the twin and over the real door with the simulator behind it."""

from datetime import UTC, datetime
from uuid import uuid4

from syncer.batching.writer import LocalWriter
from syncer.feishu.bitable import BitableRecords
from syncer.ports import FieldInfo
from syncer.testing import BitableTable, FakeClock, InMemoryRecords
from tests.feishu.stage import WallClock, client_of

TYPES = {"订单号": 1, "金额": 2, "状态": 3, "标签": 4, "日期": 5, "已付": 7}
NAMES = [*TYPES]


def token():
    return str(uuid4())


class TwinRoom:
    """The twin, with a clock that stands still."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        fields = [FieldInfo(f"fld{name}", name, kind, "", is_primary=name == "订单号") for name, kind in TYPES.items()]
        fields.append(FieldInfo("fldModified", "改于", 1002, ""))
        self.table = BitableTable(tuple(fields), self.clock, page=500)
        self.records = InMemoryRecords(self.table)

    def add(self, *records):
        return [self.table.add(cells) for cells in records]

    def edit(self, record, cells):
        self.table.edit(record, cells)

    def drop(self, record):
        self.table.drop(record)

    def rename(self, old, new):
        self.table.rename(old, new)

    def count(self):
        return len(self.table.records)

    def step(self, kind):
        self.table.step = kind

    def lose(self, verb, *, applied):
        self.table.lose(verb, "done" if applied else "none")

    def now(self):
        return self.clock.now()

    def pass_time(self, seconds):
        self.clock.move(seconds)

    def close(self):
        pass


class SimulatorRoom:
    """``BitableRecords`` through the SDK over real HTTP."""

    def __init__(self, simulator) -> None:
        self.control = simulator.control
        app_token = self.control.create_base("订单", time_zone="Asia/Shanghai")
        fields = [{"field_name": name, "type": kind} for name, kind in {**TYPES, "改于": 1002}.items()]
        self.where = (app_token, self.control.create_table(app_token, "table", fields).table_id)
        self.client = client_of(simulator)
        self.records = BitableRecords(self.client, *self.where, LocalWriter(WallClock(), patience=5))

    def add(self, *records):
        return self.control.add_records(*self.where, records)

    def edit(self, record, cells):
        self.control.edit_record(*self.where, record, cells)

    def drop(self, record):
        self.control.delete_records(*self.where, [record])

    def rename(self, old, new):
        self.control.rename_field(*self.where, old, new)

    def count(self):
        return self.control.table(*self.where)["count"]

    def step(self, kind):
        self.control.set_switches(revision_step=kind)

    def lose(self, verb, *, applied):
        self.control.fault(f"bitable.record.batch_{verb}", "reset", applied=applied)

    def now(self):
        return datetime.now(UTC)

    def pass_time(self, seconds):
        self.control.advance_clock(seconds)

    def close(self):
        self.client.close()
