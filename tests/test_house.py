"""Keeps the house in order: which room may import which, what stays pure, how long things grow, what is never written.

Reads the sources; nothing here needs a service. A failure names the file and line and what would be right.
"""

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from statistics import median

import pytest

ROOT = Path(__file__).parent.parent
HOUSE = ROOT / "syncer"

BOTTOM = {"errors"}
CORE = {"core"}
PORTS = CORE | BOTTOM
FIELDS = PORTS | {"ports"}
LOW = FIELDS | {"fields"}
DOOR = LOW | {"settings", "batching"}
WIRING = DOOR | {
    "nature",
    "testing",
    "batching.redis",
    "catalog",
    "database",
    "embedded",
    "engine",
    "feishu",
    "files",
    "jobs",
    "mirrors",
    "simulator",
    "state",
}
FACE = WIRING | {"wiring"}

MAY_IMPORT: dict[str, set[str]] = {
    "errors": set(),
    "simulator": set(),
    "core": set(),
    "settings": BOTTOM,
    "nature": set(),
    "fields": FIELDS,
    "ports": PORTS,
    "testing": LOW | {"batching"},
    "batching": LOW,
    "batching.redis": DOOR,
    "feishu": DOOR,
    "database": DOOR,
    "state": DOOR,
    "files": DOOR,
    "catalog": DOOR,
    "embedded": DOOR,
    "engine": LOW | {"batching"},
    "jobs": LOW | {"database", "engine", "feishu", "state"},
    "mirrors": LOW | {"database", "state"},
    "wiring": WIRING,
    "listening": FACE,
    "worker": FACE | {"listening"},
    "web": FACE | {"worker", "listening"},
    "cli": FACE | {"worker", "web", "listening"},
    "__main__": FACE | {"cli"},
}
"""Room -> the rooms it may import, beside itself. Arrows only go down; doors know neither each other nor the engine."""

PURE_ROOMS = ("core", "fields", "ports")
PURE_MODULES = {
    "__future__", "abc", "bisect", "collections", "contextlib", "cronsim", "dataclasses", "datetime", "decimal",
    "enum", "fractions",
    "functools", "hashlib", "heapq", "itertools", "json", "math", "operator", "orjson", "re", "string", "struct",
    "types", "typing", "typing_extensions", "unicodedata", "uuid", "zoneinfo",
}  # fmt: skip
IMPURE_CALLS = {
    "open",
    "print",
    "input",
    "exec",
    "eval",
    "now",
    "utcnow",
    "today",
    "getenv",
    "system",
    "urandom",
    "uuid1",
    "uuid4",
}
BUILT_FOR_ALL = ("core", "fields", "ports", "catalog", "errors", "settings")
"""What may be imported before anything talks to Feishu."""

MOST_LINES_OF_A_FUNCTION, MOST_LINES_OF_A_FILE, MEDIAN_BODY = 45, 400, 10


@dataclass(frozen=True)
class Source:
    """One module of the house."""

    path: Path
    text: str
    tree: ast.Module

    @property
    def where(self) -> str:
        return self.path.relative_to(ROOT).as_posix()

    @property
    def module(self) -> str:
        parts = self.path.relative_to(ROOT).with_suffix("").parts
        return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)

    @property
    def room(self) -> str:
        return room_of(self.module)


@cache
def sources() -> list[Source]:
    found = []
    for path in sorted(HOUSE.rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        try:
            found.append(Source(path, text, ast.parse(text)))
        except SyntaxError as error:
            pytest.fail(f"{path.relative_to(ROOT)}:{error.lineno}: not Python yet: {error.msg}", pytrace=False)
    return found


def room_of(module: str) -> str:
    """The room of a module of ours: ``syncer.core.merge`` is in ``core``; batching's Redis is a door of its own."""
    parts = module.split(".")
    room = parts[1] if len(parts) > 1 else "__init__"
    return "batching.redis" if room == "batching" and len(parts) > 2 and parts[2].startswith("redis") else room


def imports(source: Source) -> Iterator[tuple[int, str]]:
    """Every module a source imports, wherever in it: line and absolute name."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{source.where}:{node.lineno}: write imports with their full name"
            assert node.module is not None
            yield from ((node.lineno, name) for name in _imported(node.module, node.names))


def _imported(module: str, names: list[ast.alias]) -> set[str]:
    """``from syncer import core`` imports ``syncer.core``; ``from syncer.core import x`` imports ``syncer.core``."""
    if module != "syncer":
        return {module}
    rooms = {path.stem for path in HOUSE.iterdir()}
    return {f"syncer.{alias.name}" if alias.name in rooms else "syncer" for alias in names}


def tell(faults: list[str]) -> None:
    if faults:
        pytest.fail(f"{len(faults)} found:\n" + "\n".join(faults), pytrace=False)


# Floors ---------------------------------------------------------------------------------------------------------------


def test_every_room_has_its_floor():
    rooms = {source.room for source in sources()} - {"__init__"}
    tell([f"syncer/{room}: give this room its floor in MAY_IMPORT" for room in sorted(rooms - MAY_IMPORT.keys())])


def test_the_floors_themselves_lead_only_downward():
    for room, below in MAY_IMPORT.items():
        for other in below & MAY_IMPORT.keys():
            assert room not in MAY_IMPORT[other], f"{room} and {other} may import each other"


def test_imports_only_go_down_the_floors():
    faults = []
    for source in sources():
        allowed = MAY_IMPORT.get(source.room, set())
        for line, name in imports(source):
            if name.split(".")[0] != "syncer" or room_of(name) in allowed | {source.room, "__init__"}:
                continue
            rooms = ", ".join(sorted(allowed)) or "nothing of ours"
            faults.append(f"{source.where}:{line}: {source.room} imports {name}; it may import {rooms}")
    tell(faults)


def test_rooms_do_not_import_each_other_in_a_circle():
    arrows = {
        (source.room, room_of(name))
        for source in sources()
        for _, name in imports(source)
        if name.startswith("syncer.")
    }
    tell(
        [
            f"{one} and {other} import each other"
            for one, other in sorted(arrows)
            if one < other and (other, one) in arrows
        ]
    )


def test_only_the_feishu_room_speaks_through_lark_oapi():
    tell(
        [
            f"{source.where}:{line}: imports {name}; only syncer/feishu may"
            for source in sources()
            for line, name in imports(source)
            if name.split(".")[0] == "lark_oapi" and source.room != "feishu"
        ]
    )


def test_tests_and_benchmarks_are_never_imported_by_the_house():
    outside = {"tests", "benchmarks", "migrations", "pytest", "hypothesis"}
    tell(
        [
            f"{source.where}:{line}: imports {name}"
            for source in sources()
            for line, name in imports(source)
            if name.split(".")[0] in outside
        ]
    )


# Purity ---------------------------------------------------------------------------------------------------------------


def test_pure_rooms_import_nothing_that_can_do_io():
    tell(
        [
            f"{source.where}:{line}: imports {name}; {source.room} is pure (add it to PURE_MODULES if it does no I/O)"
            for source in sources()
            if source.room in PURE_ROOMS
            for line, name in imports(source)
            if name.split(".")[0] not in PURE_MODULES | {"syncer"}
        ]
    )


def test_pure_rooms_do_not_look_at_the_clock_or_the_world():
    tell(
        [
            f"{source.where}:{node.lineno}: calls {name}(); {source.room} is pure: let the caller hand it in"
            for source in sources()
            if source.room in PURE_ROOMS
            for node in ast.walk(source.tree)
            if isinstance(node, ast.Call) and (name := called(node)) in IMPURE_CALLS
        ]
    )


def called(call: ast.Call) -> str:
    """The last name of what is called: ``datetime.now()`` is ``now``."""
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


# What is loaded -------------------------------------------------------------------------------------------------------


def loads_lark(code: str) -> bool:
    """Whether a fresh interpreter has ``lark_oapi`` loaded after running ``code``."""
    script = f"import sys\n{code}\nprint('LOADED' if 'lark_oapi' in sys.modules else 'CLEAN')"
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, env=env, capture_output=True, text=True, timeout=60, check=False
    )
    verdict = done.stdout.strip().splitlines()[-1:]
    if done.returncode or verdict not in (["LOADED"], ["CLEAN"]):
        pytest.fail(f"this does not run yet:\n{code}\n{done.stderr[-2000:]}", pytrace=False)
    return verdict == ["LOADED"]


def test_the_probe_sees_lark_oapi_when_it_is_there():
    assert loads_lark("sys.modules['lark_oapi'] = sys")


def test_what_decides_translates_and_keeps_mappings_loads_without_lark_oapi():
    modules = [source.module for source in sources() if source.room in BUILT_FOR_ALL]
    assert {"syncer.core.planner", "syncer.errors"} <= set(modules)
    assert not loads_lark("\n".join(f"import {module}" for module in modules))


@pytest.mark.parametrize("command", ["--help", "schema"])
def test_a_command_that_talks_to_nobody_does_not_load_lark_oapi(command):
    if not (HOUSE / "cli" / "main.py").exists():
        pytest.skip("there is no syncer/cli/main.py yet")
    run = f"sys.argv = ['syncer', {command!r}]\nfrom syncer.cli.main import main\ntry:\n    main()\n"
    assert not loads_lark(run + "except SystemExit as left:\n    assert not left.code, left.code\n")


# Measure --------------------------------------------------------------------------------------------------------------


def functions() -> Iterator[tuple[Source, ast.FunctionDef | ast.AsyncFunctionDef]]:
    for source in sources():
        for node in ast.walk(source.tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield source, node


def length(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


def body_length(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """The lines of a function without its head and its docstring; 0 for a mere promise (``...``)."""
    body = node.body[ast.get_docstring(node) is not None :]
    if not body or (isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant)):
        return 0
    return (body[-1].end_lineno or 0) - body[0].lineno + 1


def test_no_function_is_too_long_to_be_read_at_once():
    tell(
        [
            f"{source.where}:{node.lineno}: {node.name} has {length(node)} lines, the most: {MOST_LINES_OF_A_FUNCTION}"
            for source, node in functions()
            if length(node) > MOST_LINES_OF_A_FUNCTION
        ]
    )


def test_no_file_is_too_long_to_be_one_noun():
    lines = {source.where: len(source.text.splitlines()) for source in sources()}
    tell(
        [
            f"{where}: {count} lines, at most {MOST_LINES_OF_A_FILE} may be"
            for where, count in lines.items()
            if count > MOST_LINES_OF_A_FILE
        ]
    )


def test_half_of_all_functions_are_short():
    bodies = [size for _, node in functions() if (size := body_length(node))]
    assert median(bodies) < MEDIAN_BODY


def test_every_module_says_what_it_is_for():
    tell(
        [
            f"{source.where}: begins without a docstring"
            for source in sources()
            if source.text.strip() and not ast.get_docstring(source.tree)
        ]
    )


# What never is written ------------------------------------------------------------------------------------------------

UNFINISHED = re.compile(r"\b(TO[D]O|FIX[M]E|X[X]X|HAC[K])\b|NotImplemented[E]rror")
NOT_OF_THIS_PROJECT = {
    "a path of one machine": re.compile(
        r"(?<![\w.:])/(home|[U]sers)/[a-z][\w-]*/|(?<![\w.])/[r]oot/\w|(?<![\w.])/[w]ork/\w|\b[A-Z]:\\[U]sers\\"
    ),
    "the address of a package registry": re.compile(
        r"index-[u]rl[ =]+\S*://|[p]ypi\.org/simple|[f]iles\.pythonhosted\.org|\b(artifactory|nexus|devpi)\.[a-z]"
        r"|//mirrors?(\.[a-z]+)+\.(com|org|edu|cn)|[r]egistry\.npmjs"
    ),
    "an address in a private network": re.compile(r"https?://(10\.\d+|192\.168|172\.(1[6-9]|2\d|3[01]))\.\d+"),
}


@cache
def tracked() -> list[tuple[str, str]]:
    """Every text that git keeps: name and content."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("this is no git working tree")
    names = [name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]
    found = []
    for name in names:
        try:
            found.append((name, (ROOT / name).read_text(encoding="utf-8")))
        except UnicodeDecodeError:
            continue
    return found


def lines_with(pattern: re.Pattern[str], texts: list[tuple[str, str]]) -> Iterator[str]:
    for name, text in texts:
        for number, line in enumerate(text.splitlines(), 1):
            if match := pattern.search(line):
                yield f"{name}:{number}: {match.group()!r}"


def test_nothing_is_left_unfinished():
    tell(list(lines_with(UNFINISHED, [(source.where, source.text) for source in sources()])))


@pytest.mark.parametrize("what", NOT_OF_THIS_PROJECT)
def test_nothing_of_one_machine_or_network_is_kept(what):
    tell([f"{found} is {what}" for found in lines_with(NOT_OF_THIS_PROJECT[what], tracked())])


@pytest.mark.parametrize(
    ("what", "line"),
    [
        ("a path of one machine", "cd /" + "home/anna/syncer"),
        ("a path of one machine", "see /" + "work/main/x"),
        ("a path of one machine", "C:\\" + "Users\\anna"),
        ("the address of a package registry", "--index" + "-url https://somewhere"),
        ("the address of a package registry", "https://py" + "pi.org/simple"),
        ("the address of a package registry", "https://mirrors" + ".tuna.tsinghua.edu.cn"),
        ("an address in a private network", "http://10" + ".0.0.7:8080"),
    ],
)
def test_the_patterns_find_what_they_are_for(what, line):
    assert NOT_OF_THIS_PROJECT[what].search(line)


@pytest.mark.parametrize(
    "line",
    [
        "https://open.feishu.cn/open-apis/",
        "/feishu/events/default",
        "a simple/plain thing",
        "http://127.0.0.1:8080",
        "network/worker",
    ],
)
def test_the_patterns_leave_the_rest_alone(line):
    assert not any(pattern.search(line) for pattern in NOT_OF_THIS_PROJECT.values())
