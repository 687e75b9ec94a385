"""Plays one cell of ``decisions.yaml`` in a world, and compares what came of it with what is expected."""

from syncer.core.records import Side

NUMBER, BYSTANDER = "A1", {"no": "B1", "amount": 3, "note": "旁观"}
CONDITIONS = ("policy", "deletes", "from_feishu", "from_database")


def expected(cell, rules):
    """The first expectation whose conditions hold."""
    for one in cell["expect"]:
        if all(getattr(rules, name) in _words(one[name]) for name in CONDITIONS if name in one):
            return one
    raise AssertionError(f"no expectation of {cell['cell']!r} is for {rules}")


def _words(given):
    return [given] if isinstance(given, str) else given


def play(world, cell, agreed):
    """Everything up to and including the run that decides."""
    line = {"no": NUMBER, **agreed}
    world.add(Side.FEISHU, BYSTANDER, *([line] if cell.get("start", "linked") == "linked" else []))
    assert world.sync().exit_status == 0
    later = Side(cell.get("later", "feishu"))
    for side in (later.other, later):
        world.pass_time()
        act(world, side, cell.get(side.value), line)
    return world.sync()


def act(world, side, deed, line):
    """What people do on one side."""
    if deed in ("delete", "anew"):
        world.drop(side, NUMBER)
    if deed in ("anew", "add", "double"):
        world.add(side, line)
    if deed == "nameless":
        world.add(side, {**line, "no": None})
    if isinstance(deed, dict) and "add" in deed:
        world.add(side, {**line, **deed["add"]})
    elif isinstance(deed, dict):
        world.edit(side, NUMBER, dict(deed))


def check(world, cell, wanted):
    """What came of it, and that it stays so."""
    before = {side: world.held(side) for side in Side}
    for full in (True, False):
        report = world.sync(full=full)
        assert not report.writes, f"a quiet run still writes {dict(report.written)}"
    assert {side: world.held(side) for side in Side} == before
    for side in Side:
        meant = None if wanted.get("nameless") else NUMBER
        line = before[side].get(meant)
        assert before[side]["B1"] == {"amount": 3.0, "note": "旁观", "marked": False}
        hoped = wanted.get("both", wanted.get(side.value))
        if hoped == "gone":
            assert line is None, f"{side} still holds {line}"
            continue
        marked = bool(wanted.get("marked"))
        amount = None if hoped["amount"] is None else float(hoped["amount"])
        assert line == {"amount": amount, "note": hoped["note"], "marked": marked}, f"in {side}"
        assert world.numbers(side)[meant] == (2 if cell.get(side.value) == "double" else 1)
    conflict = wanted.get("conflict")
    hoped = [] if conflict is None else [("open", None)] if conflict == "open" else [("settled", conflict)]
    assert world.conflicts() == hoped
    assert world.failures() == ([wanted["failure"]] if "failure" in wanted else [])
    assert world.severed() == (1 if wanted.get("severed") else 0)
