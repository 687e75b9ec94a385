"""The end: quiet runs, and the comparison of both sides."""

from syncer.cli.demo.story import Story
from syncer.cli.demo.tables import Pair


def quiet(story: Story) -> None:
    """Runs that have nothing to do do nothing."""
    story.tell.step(
        "When nothing changed, nothing is written",
        "Even when both sides are read whole: what the syncer wrote itself is not taken for an edit.",
    )
    reports = [story.sync(name, full=True) for name in ("orders", "products")]
    story.expect(not any(report.writes for report in reports), "no write on either side")


def comparison(story: Story) -> None:
    """Both sides compared, field by field, by looking at what they really hold."""
    story.tell.step(
        "Are both sides really equal?",
        "Compared field by field: what the simulator holds against what PostgreSQL holds, without the syncer.",
    )
    pairs = (story.stage.orders, story.stage.products)
    story.tell.table(("table", "records", "rows", "fields compared", "differences"), [_row(pair) for pair in pairs])
    for pair in pairs:
        found = pair.differences()
        story.wrong += [f"{pair.shape.title}: {one}" for one in found[:10]]
        if len(found) > 10:
            story.wrong.append(f"{pair.shape.title}: and {len(found) - 10} more differences")


def verdict(story: Story, seconds: float) -> int:
    """The last words, and the exit status: 0 only if both sides are equal and every claim of the acts held."""
    if not story.wrong:
        story.tell.good(f"Both sides are equal. {seconds:.0f} seconds; nothing was left behind.")
        return 0
    story.tell.bad("Not everything came out as promised:")
    for sentence in story.wrong:
        story.tell.bad(sentence)
    return 1


def _row(pair: Pair) -> tuple[object, ...]:
    records, rows = pair.lines()
    compared = len(records) * len(pair.shape.columns)
    name = f"{pair.shape.title} / {pair.shape.schema}.{pair.shape.table}"
    return name, f"{len(records):,}", f"{len(rows):,}", f"{compared:,}", len(pair.differences())
