"""Reads one YAML 1.2 file into plain data, and remembers on which line every key stands.

Scalars follow the core schema (``on``, ``yes`` and dates are text). ``${NAME}`` in a text takes its value from the
environment; what is shown in a message is always the text as written, never what stood in the environment.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import isfinite
from pathlib import Path
from typing import TypeAlias

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from syncer.catalog.faults import Fault, Key, Place, Places

Data: TypeAlias = "None | str | bool | int | float | list[Data] | dict[str, Data]"

_VARIABLE = re.compile(r"\$\{([^}]*)\}?")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_TAG = "tag:yaml.org,2002:"
_INTEGERS = (
    (re.compile(r"[-+]?[0-9]{1,99}"), 10),
    (re.compile(r"0o[0-7]{1,99}"), 8),
    (re.compile(r"0x[0-9a-fA-F]{1,99}"), 16),
)
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")


@dataclass(frozen=True, slots=True)
class Sheet:
    """A file as data. ``broken`` are keys whose value could not be read, so that nothing else is said about them."""

    data: Data
    places: Places
    faults: tuple[Fault, ...] = ()
    broken: frozenset[Key] = frozenset()


def read_file(path: Path, env: Mapping[str, str]) -> Sheet:
    """Read a file, with ``${NAME}`` filled in from ``env``."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return _unreadable(path, error.object[: error.start].count(b"\n") + 1, "is not UTF-8; save the file as UTF-8")
    except OSError as error:
        return _unreadable(path, 0, f"cannot be read ({error.strerror}); name a mapping file")
    return read_text(text, path, env)


def read_text(text: str, path: Path, env: Mapping[str, str]) -> Sheet:
    """Read the text of a file; ``path`` is for messages."""
    try:
        node = YAML(typ="rt", pure=True).compose(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = text.splitlines()[mark.line] if mark and mark.line < len(text.splitlines()) else ""
        return _unreadable(path, mark.line + 1 if mark else 1, _syntax(error, line))
    except (YAMLError, RecursionError) as error:
        return _unreadable(path, 0, f"is not YAML ({error})".replace("\n", " "))
    if node is None:
        return _unreadable(path, 1, "is empty; a mapping begins with 'version: 1' and 'name: ...'")
    if not isinstance(node, MappingNode):
        return _unreadable(
            path, node.start_mark.line + 1, "is no mapping file; it must hold keys such as 'name: orders'"
        )
    return _Reader(path, env).sheet(node)


def _syntax(error: MarkedYAMLError, line: str) -> str:
    problem = error.problem or ""
    if problem.endswith("got '{'") and "${" in line:
        return 'has ${NAME} bare inside braces; put it in quotes there: "${NAME}"'
    if "another document" in problem:
        return "holds a second document; put every mapping in a file of its own"
    if "'\\t'" in problem:
        return "has a tab where YAML wants blanks; indent with blanks"
    if "undefined alias" in problem:
        return f"{problem.replace('found ', '')}; write the value out"
    return (
        f"is not YAML: {', '.join(part for part in (error.context, problem) if part)}; put text with : # or [ in quotes"
    )


def _unreadable(path: Path, line: int, message: str) -> Sheet:
    return Sheet(None, Places(str(path), {(): Place(max(line, 1))}), (Fault(str(path), line, "", message),))


@dataclass(slots=True)
class _Reader:
    """Walks the nodes of one file."""

    path: Path
    env: Mapping[str, str]
    places: dict[Key, Place] = field(default_factory=dict)
    wrong: list[tuple[Key, int, str]] = field(default_factory=list)
    around: list[Node] = field(default_factory=list)

    def sheet(self, node: MappingNode) -> Sheet:
        data = self._value(node, ())
        places = Places(str(self.path), self.places)
        faults = tuple(Fault(places.path, line, places.dotted(key), message) for key, line, message in self.wrong)
        return Sheet(data, places, faults, frozenset(key for key, _, _ in self.wrong))

    def _value(self, node: Node, key: Key) -> Data:
        self.places.setdefault(key, Place(_line(node), node.value if isinstance(node, ScalarNode) else None))
        if any(node is outer for outer in self.around):
            return self._fault(key, node, "contains itself; write the value out")
        self.around.append(node)
        try:
            return self._content(node, key)
        finally:
            self.around.pop()

    def _content(self, node: Node, key: Key) -> Data:
        if isinstance(node, ScalarNode):
            return self._scalar(node, key)
        if isinstance(node, SequenceNode):
            return [self._value(item, (*key, place)) for place, item in enumerate(node.value)]
        return self._keys(node, key)

    def _keys(self, node: Node, key: Key) -> Data:
        result: dict[str, Data] = {}
        first: dict[str, int] = {}
        for name_node, value_node in node.value:
            name = self._name(name_node, key)
            if name is None:
                continue
            inner = (*key, name)
            if name in first:
                self._fault(
                    inner, name_node, f"stands here a second time (first on line {first[name]}); keep one of them"
                )
                continue
            first[name] = _line(name_node)
            self.places[inner] = Place(
                _line(name_node), value_node.value if isinstance(value_node, ScalarNode) else None
            )
            result[name] = self._value(value_node, inner)
        return result

    def _name(self, node: Node, key: Key) -> str | None:
        if isinstance(node, ScalarNode) and not _UNSTORABLE.search(node.value):
            return str(node.value)
        self._fault(key, node, "has a key that is no plain text; keys are words")
        return None

    def _scalar(self, node: ScalarNode, key: Key) -> Data:
        tag = str(node.tag).removeprefix(_TAG)
        if tag not in {"str", "null", "bool", "int", "float", "timestamp"}:
            return self._fault(key, node, f"carries the tag {node.tag}, which means nothing here; leave it out")
        if _UNSTORABLE.search(node.value):
            return self._fault(key, node, "holds a NUL or half a character, which nothing can store; take it out")
        value = _resolve(tag, node.value)
        if isinstance(value, float) and not isfinite(value):
            return self._fault(key, node, f"is {node.value}, which no field and no column holds; write a number")
        return self._filled(value, key, node) if isinstance(value, str) else value

    def _filled(self, text: str, key: Key, node: ScalarNode) -> Data:
        missing = [message for match in _VARIABLE.finditer(text) if (message := self._lack(match))]
        if missing:
            self._fault(key, node, "; ".join(missing))
            return text
        return _VARIABLE.sub(lambda match: self.env[match[1]], text)

    def _lack(self, match: re.Match[str]) -> str | None:
        name = match[1]
        if not match[0].endswith("}") or not _NAME.fullmatch(name):
            return f"{match[0]} names no environment variable; write ${{NAME}}"
        if name not in self.env:
            return f"the environment variable {name} is not set; set it or write the value here"
        return None if self.env[name] else f"the environment variable {name} is empty; give it a value"

    def _fault(self, key: Key, node: Node, message: str) -> Data:
        self.wrong.append((key, _line(node), message))
        return None


def _line(node: Node) -> int:
    return int(node.start_mark.line) + 1


def _resolve(tag: str, text: str) -> None | str | bool | int | float:
    """A scalar by the core schema of YAML 1.2; what older YAML would read as a number or a date stays text."""
    if tag == "null":
        return None
    if tag == "bool" and text.lower() in {"true", "false"}:
        return text.lower() == "true"
    if tag == "int":
        return next((int(text, base) for form, base in _INTEGERS if form.fullmatch(text)), text)
    if tag == "float":
        return _float(text)
    return text


def _float(text: str) -> str | float:
    if _FLOAT.fullmatch(text):
        return float(text)
    special = text.lower().lstrip("+-")
    return float(text.lower().replace(".", "")) if special in {".inf", ".nan"} else text
