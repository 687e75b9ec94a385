"""One more pair in the text of a mapping file: everything else of it, comments and all, stays as it stands. Pure."""

import re

from ruamel.yaml import YAML
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from syncer.catalog.drafting.text import scalar
from syncer.core.mapping import Direction
from syncer.errors import MendError

_DASH = re.compile(r"(\s*)-(\s+)")


def pair_line(field: str, column: str, direction: Direction) -> str:
    """A pair as an entry of ``fields`` says it."""
    way = f", direction: {direction.value}" if direction is not Direction.BOTH else ""
    return f"{{field: {scalar(field)}, column: {scalar(column)}{way}}}"


def with_pair(text: str, pair: str) -> tuple[str, int]:
    """The text with a pair after the last of ``fields``, and the line on which it stands.

    Raises ``MendError`` for ``fields`` that are not written one under the other.
    """
    fields = _fields(YAML(typ="rt", pure=True).compose(text))
    if fields is None or fields.flow_style or not fields.value:
        raise MendError(f"fields: are not written one under the other; write the pair in by hand: {pair}")
    lines, last = text.splitlines(keepends=True), fields.value[-1]
    dash = _DASH.match(lines[last.start_mark.line])
    if dash is None:
        raise MendError(f"fields: are written in a way that cannot be added to; write the pair in by hand: {pair}")
    at = _last_line(last) + 1
    if not lines[at - 1].endswith("\n"):
        lines[at - 1] += "\n"
    lines.insert(at, f"{dash[1]}-{dash[2]}{pair}\n")
    return "".join(lines), at + 1


def _fields(node: Node) -> SequenceNode | None:
    pairs = node.value if isinstance(node, MappingNode) else []
    found = next((value for name, value in pairs if isinstance(name, ScalarNode) and name.value == "fields"), None)
    return found if isinstance(found, SequenceNode) else None


def _last_line(node: Node) -> int:
    """The last line of a node; a block's own end is where the next thing begins, comments passed over."""
    if isinstance(node, MappingNode) and not node.flow_style and node.value:
        return _last_line(node.value[-1][1])
    if isinstance(node, SequenceNode) and not node.flow_style and node.value:
        return _last_line(node.value[-1])
    end = node.end_mark
    return int(end.line - 1 if end.column == 0 and end.line > node.start_mark.line else end.line)
