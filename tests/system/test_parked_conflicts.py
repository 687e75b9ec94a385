"""A conflict that the clocks could not order stays with the person, whatever the syncer then writes to the line."""

from pathlib import Path

from syncer.catalog.files import load_file
from syncer.catalog.revisions import digest
from syncer.cli.demo import orders
from syncer.cli.demo.tables import Pair, connect
from syncer.engine.report import Report
from syncer.engine.tools import Options
from syncer.settings import load_settings
from syncer.simulator.server import SimulatorServer
from syncer.wiring import Syncer

MAPPING = Path(__file__).parents[2] / "mappings" / "orders.yaml"


def test_a_parked_conflict_is_not_settled_by_the_times_of_our_own_writes(
    simulator: SimulatorServer, database: str, second_database: str, redis_url: str, tmp_path: Path
) -> None:
    control = simulator.control
    base = control.create_base()
    environment = {
        "SYNCER_HOME": str(tmp_path),
        "SYNCER_DATABASE_URL": second_database,
        "SYNCER_REDIS_URL": redis_url,
        "SYNCER_CONNECTIONS__ERP": database,
        "FEISHU_APP_ID": simulator.app_id,
        "FEISHU_APP_SECRET": simulator.app_secret,
        "FEISHU_DOMAIN": simulator.url,
        "SYNCER_QUOTA_SCALE": "0",
    }
    with connect(database) as erp, Syncer(load_settings(environment, None)) as syncer:
        here = Pair(orders.SHAPE, control, base, erp)
        one = load_file(MAPPING, {"DEMO_APP_TOKEN": base, "ORDERS_TABLE_ID": here.table_id})
        syncer.apply(syncer.look(one.mapping), one.document, digest(one.document), "new")

        def sync() -> Report:
            return syncer.sync("orders", Options(full=True))

        here.add_records([{"订单号": "A-1", "备注": "原来 📝", "数量": 1}])
        assert sync().status == "done"
        here.edit_records({"A-1": {"备注": "周一送"}})
        here.update_row("A-1", note="周二送", quantity=5)
        control.advance_clock(60)  # our write of the quantity makes the record look edited a minute later
        first = sync()
        assert (first.conflicts, first.open_conflicts, here.cells("A-1")["数量"]) == (1, 1, 5)
        again = sync()
        assert (again.writes, again.conflicts, again.open_conflicts, again.status) == (0, 0, 1, "failed_lines")
        assert (here.cells("A-1")["备注"], here.row("A-1")["note"]) == ("周一送", "周二送")
        (conflict,) = syncer.store.conflicts("orders")
        syncer.store.resolve(conflict.id, "database", conflict.version)
        assert sync().status == "done"
        assert here.cells("A-1")["备注"] == here.row("A-1")["note"] == "周二送"
        assert here.differences() == []
