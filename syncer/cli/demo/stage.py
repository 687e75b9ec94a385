"""Where the demo plays: servers in a temporary folder, a simulator in this process, two tables, one syncer.

Everything is made for the demo alone and is gone when it ends; settings and folders of the user are never touched.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from syncer.cli.demo import orders, products
from syncer.cli.demo.tables import Pair, connect
from syncer.cli.demo.teller import Teller
from syncer.embedded.postgres import EmbeddedPostgres
from syncer.embedded.redis import EmbeddedRedis
from syncer.errors import MendError
from syncer.feishu.transport import sdk
from syncer.settings import load_settings
from syncer.simulator.control import Control
from syncer.simulator.server import SimulatorServer
from syncer.wiring import Syncer

FILES = ("orders.yaml", "products.yaml")


@dataclass(frozen=True, slots=True)
class Stage:
    """Everything the acts play with. ``variables`` is what the mapping files name as ``${NAME}``."""

    syncer: Syncer
    simulator: Control
    orders: Pair
    products: Pair
    files: tuple[Path, ...]
    variables: dict[str, str]


@contextmanager
def opened(teller: Teller) -> Iterator[Stage]:
    """The stage, set up and told as the first step; everything stops and is removed at the end.

    Raises ``MendError`` if the demo's mapping files are not found.
    """
    files = mapping_files()
    with ExitStack() as stack:
        teller.step(
            "Two real servers and a small Feishu, all on this machine",
            "PostgreSQL and Redis run in a temporary folder. The simulator answers over HTTP as Feishu's Bitable does,",
            "with the documented quotas and error codes. No account is needed and nothing leaves this machine.",
        )
        yield _set_up(stack, teller, files)
        with teller.busy("stopping the servers and removing their folder"):
            stack.close()


def mapping_files() -> tuple[Path, ...]:
    """The mapping files of the checkout this package runs from, or of the folder it is run in."""
    here = Path(__file__).parents[3] / "mappings"
    for folder in (here, Path("mappings").absolute()):
        if all((folder / name).is_file() for name in FILES):
            return tuple(folder / name for name in FILES)
    raise MendError(
        f"the demo applies {' and '.join(f'mappings/{name}' for name in FILES)} of syncer's source tree, and they are "
        "not here; run it in a checkout: git clone the repository, then `make demo` there"
    )


def _set_up(stack: ExitStack, teller: Teller, files: tuple[Path, ...]) -> Stage:
    home = Path(stack.enter_context(TemporaryDirectory(prefix="syncer-demo-", ignore_cleanup_errors=True)))
    with teller.busy("starting PostgreSQL, Redis and the simulator"):
        database = stack.enter_context(EmbeddedPostgres(home, durable=False))
        stack.enter_context(EmbeddedRedis(home))
        simulator = stack.enter_context(SimulatorServer(seed=1))
        url = database.create_database("erp")
        erp = stack.enter_context(connect(url))
    with teller.busy("loading Feishu's official SDK (a few seconds)"):
        sdk()
    control = simulator.control
    base = control.create_base("销售")
    sales, stock = Pair(orders.SHAPE, control, base, erp), Pair(products.SHAPE, control, base, erp)
    environment = {
        "SYNCER_HOME": str(home),
        "SYNCER_CONNECTIONS__ERP": url,
        "FEISHU_APP_ID": simulator.app_id,
        "FEISHU_APP_SECRET": simulator.app_secret,
        "FEISHU_DOMAIN": simulator.url,
    }
    variables = {
        "DEMO_APP_TOKEN": base,
        "ORDERS_TABLE_ID": sales.table_id,
        "PRODUCTS_TABLE_ID": stock.table_id,
    }
    syncer = stack.enter_context(Syncer(load_settings(environment, None)))
    return Stage(syncer, control, sales, stock, files, variables)
