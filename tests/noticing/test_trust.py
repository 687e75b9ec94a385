"""A long run whose table somebody else moved: it is careful until it is told why, and then as fast as before."""

from collections import Counter

from syncer.engine.tools import Options
from tests.noticing.stage import MAPPING, until

MANY, BATCH = 3200, 400
LONG = Options(full=True, batch=BATCH)


class Story:
    """What happens after the nth step of a kind: ``{3: act}``. ``calls``: what Feishu had been called by then."""

    def __init__(self, stage, kind, acts):
        self.stage, self.kind, self.acts = stage, kind, acts
        self.steps, self.calls = 0, {}

    def __call__(self, when, step):
        if when == "after" and step == self.kind:
            self.steps += 1
            self.calls[self.steps] = Counter(self.stage.control.counts())
            self.acts.get(self.steps, lambda: None)()

    def spent(self, first, last, verb):
        """Calls between two steps."""
        name = f"bitable.record.{verb}"
        return self.calls[last][name] - self.calls[first][name]


class Untold:
    """Edits of which no event comes until ``told``."""

    def __init__(self, stage, pair):
        self.stage, self.pair, self.numbers = stage, pair, []

    def edit(self, order, *edits):
        control, record = self.stage.control, self.pair.by("订单号")[order]
        before = {event["number"] for event in control.events()}
        control.set_switches(event_loss=1.0)
        for cells in edits:
            self.pair.edit(record, **cells)
        control.set_switches(event_loss=0.0)
        self.numbers += [event["number"] for event in control.events() if event["number"] not in before]

    def told(self):
        assert self.numbers
        self.stage.control.replay_events(numbers=self.numbers)
        self.stage.quiet()
        self.stage.syncer.clock.sleep(1)  # so that the run draws breath


def insert(pair):
    pair.sql("INSERT INTO {t} (order_no, amount) SELECT 'N-' || n, n FROM generate_series(1, %s) n", MANY)


def test_a_load_looks_for_its_lines_only_until_it_is_told_why_the_table_moved(stage, pair):
    insert(pair)
    untold = Untold(stage, pair)
    edits = [{"备注": "人"}, {"备注": "人 ✏️"}]  # a single one may pass for the batch that is on its way
    story = Story(stage, "records.create", {2: lambda: untold.edit("N-7", *edits), 5: untold.told})
    with stage.tapped(story):
        assert stage.syncer.sync(pair.name, LONG).status == "done"
    assert story.steps == MANY // BATCH
    assert story.spent(2, 5, "search") >= BATCH // 50  # each new line was looked for by its match
    assert story.spent(7, 8, "search") == 0
    assert pair.sql("SELECT order_no FROM {t} WHERE note = '人 ✏️'") == [("N-7",)]
    stage.quiet()
    pair.settle_signals()
    assert len(pair.equal()) == MANY


def test_a_run_that_trusts_its_table_again_still_overwrites_no_edit_that_nobody_told_of(stage):
    pair = stage.listened(mapping=f"conflicts: {{default: manual}}\n{MAPPING}")
    insert(pair)
    assert stage.syncer.sync(pair.name, LONG).status == "done"
    stage.quiet()
    pair.settle_signals()
    pair.sql("UPDATE {t} SET amount = amount + 0.5")
    order, untold, last = [], Untold(stage, pair), Untold(stage, pair)

    def late():
        left = [cells["订单号"] for cells in pair.plain().values() if cells["金额"] == int(cells["金额"])]
        assert len(left) == BATCH
        order.append(left[-1])
        last.edit(left[-1], {"金额": 99999})

    acts = {1: lambda: untold.edit("N-7", {"备注": "人 ✏️"}), 3: untold.told, 7: late}
    story = Story(stage, "records.update", acts)
    with stage.tapped(story):
        stage.syncer.sync(pair.name, LONG)
    assert story.spent(1, 2, "batch_get") >= BATCH // 100  # read anew, for the table had moved
    assert story.spent(5, 7, "batch_get") <= 1  # the record that was told of
    assert pair.full().status == "failed_lines"  # a conflict waits for a person
    (conflict,) = pair.conflicts()
    assert (conflict.field, conflict.feishu) == ("金额", 99999)
    assert pair.plain()[pair.by("订单号")[order[0]]]["金额"] == 99999
    assert until(lambda: pair.sql("SELECT order_no FROM {t} WHERE note = '人 ✏️'"), "the edit") == [("N-7",)]
