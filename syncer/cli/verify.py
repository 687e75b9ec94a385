"""``syncer verify``: both sides compared field by field."""

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from syncer.cli import console, running, shown
from syncer.cli.main import app
from syncer.cli.options import AsJson, Name
from syncer.cli.session import syncer
from syncer.engine.tools import Options
from syncer.engine.verify import Verified, Verify
from syncer.wiring import Syncer

DONE, DIFFERS = 0, 3

_SHOWN = 20


@app.command()
def verify(
    name: Name,
    repair: Annotated[
        bool, typer.Option("--repair", help="Then make a full run in which the policies decide about what differs.")
    ] = False,
    as_json: AsJson = False,
) -> int:
    """Compare both sides field by field, whatever the syncer remembers; status 0 if all is equal, else 3.

    Lists linked lines that differ, also where neither side changed (nothing else finds those), lines whose other half
    is gone, lines that nothing belongs to, and unlinked lines that would match. Changes nothing without --repair.
    """
    work = Verify(repair=repair)
    with syncer() as living:
        told = running.run(
            living, name, Options(full=True, dry=not repair), as_json=as_json, work=work, kind="repair", show=repair
        )
        document = _document(living, name, work.found, told)
    if as_json:
        console.emit(document)
    elif told.document is not None and not told.error:
        _show(document)
    if repair or told.status not in (DONE, DIFFERS):
        return told.status
    return DIFFERS if work.found.differs or document["drift"] else DONE


def _document(living: Syncer, name: str, found: Verified, told: running.Told) -> dict[str, Any]:
    columns = shown.key_columns(living.store.mapping(name).document)
    lines = [_line(line, columns) for line in found.lines if isinstance(line, Mapping)]
    run = told.document or {}
    result: dict[str, Any] = {
        "mapping": name,
        "status": "differs" if found.differs else "equal" if found.complete else "unknown",
        "compared": found.compared,
        "silent": found.silent,
        "counts": dict(found.counts),
        "lines": lines,
        "read": run.get("read"),
        "guard": run.get("guard"),
        "doubts": list(found.doubts),
        "drift": run.get("drift", []),
    }
    return {**result, "repair": run} if "written" in run else result


def _line(line: Mapping[str, Any], columns: Any) -> dict[str, Any]:
    fields = {
        pair: {**values, **{side: shown.stored(values[side]) for side in ("feishu", "database")}}
        for pair, values in line["fields"].items()
    }
    return {**line, "key": shown.key(line["key"], columns), "fields": fields}


def _show(document: Mapping[str, Any]) -> None:
    counts = ", ".join(f"{count} {kind}" for kind, count in document["counts"].items())
    if document["status"] == "unknown":
        counts = counts or "whether both sides are equal is not known"
    before = "before the repair " if "repair" in document else ""
    compared = f"{before}{document['compared']} linked lines compared"
    console.say(f"{document['mapping']}: {compared}: {counts or 'both sides are equal'}")
    for sentence in [] if "repair" in document else document["drift"]:
        console.complain(f"{document['mapping']}: {sentence}", style="yellow")
    for line in document["lines"][:_SHOWN]:
        console.say(f"  {line['kind']} {line['record_id'] or '-'} {shown.told(line['key'])}: {_what(line)}")
    if document["doubts"]:
        why = "; ".join(document["doubts"])
        console.complain(f"guard short_reading: the listing of records cannot be believed whole: {why}")
    if len(document["lines"]) > _SHOWN:
        console.hint("`--json` tells more of them")


def _what(line: Mapping[str, Any]) -> str:
    fields = [
        f"{pair} Bitable {shown.told(held['feishu'])} | database {shown.told(held['database'])} ({held['why']})"
        for pair, held in line["fields"].items()
    ]
    return "; ".join(fields) or line["why"]
