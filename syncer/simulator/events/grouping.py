"""How the changes of one write are spread over events. [silent]: neither grouping nor the most actions are told."""

from itertools import groupby

from syncer.simulator.events.snapshot import Line
from syncer.simulator.switches import Switches


def groups(lines: list[Line], switches: Switches) -> list[list[Line]]:
    """Return the lines of each event, in order: by `event_grouping`, at most `event_most_actions` in one."""
    most = 1 if switches.event_grouping == "record" else switches.event_most_actions or len(lines)
    whole = [lines]
    if switches.event_grouping == "revision":
        whole = [list(same) for _, same in groupby(lines, key=lambda line: line.revision)]
    return [each[start : start + most] for each in whole for start in range(0, len(each), most)]
