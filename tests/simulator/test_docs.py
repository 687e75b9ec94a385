"""The page about the simulator is true: its tables are those of the code."""

import ast
import inspect
from itertools import pairwise
from pathlib import Path

from syncer.simulator import switches
from syncer.simulator.control import Control
from syncer.simulator.faults import KINDS
from syncer.simulator.routes import ROUTES
from syncer.simulator.steps import OPS
from syncer.simulator.switches import Switches

PAGE = Path(__file__).parents[2] / "docs" / "simulator.md"
PAGE_TEXT = PAGE.read_text(encoding="utf-8")


def cell(text):
    return " ".join(text.split()).replace("|", "\\|")


def switch_table():
    """One line a switch: its name, default, and what its docstring in the source says."""
    tree = ast.parse(inspect.getsource(switches))
    (body,) = [each.body for each in tree.body if isinstance(each, ast.ClassDef)]
    defaults = Switches()
    for entry, told in pairwise(body):
        if isinstance(entry, ast.AnnAssign) and isinstance(told, ast.Expr):
            name = entry.target.id
            yield f"| `{name}` | `{getattr(defaults, name)!r}` | {cell(told.value.value)} |"


def route_table():
    for each in ROUTES:
        path = each.path.removeprefix("/open-apis").replace("{", ":").replace("}", "")
        yield f"| `{each.api}` | {each.method} `{path}` |"


def fault_table():
    for name, kind in KINDS.items():
        yield f"| `{name}` | {cell(kind.does)} |"


def test_every_switch_stands_on_the_page_with_its_default_and_meaning():
    lines = list(switch_table())
    assert len(lines) == len(Switches.__dataclass_fields__)
    assert [line for line in lines if line not in PAGE_TEXT.splitlines()] == []


def test_every_route_and_fault_stands_on_the_page():
    assert [line for line in [*route_table(), *fault_table()] if line not in PAGE_TEXT.splitlines()] == []


def test_every_step_stands_on_the_page_and_has_a_method_of_its_own():
    assert [name for name in OPS if f"`{name}" not in PAGE_TEXT] == []
    assert [name for name in OPS if not callable(getattr(Control, name, None))] == []
