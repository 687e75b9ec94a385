"""Trouble: quotas that run out, and one record that Feishu refuses."""

from syncer.cli.demo.orders import number
from syncer.cli.demo.story import Story

_POISON = "☠️ 这条备注飞书不收"


def storm(story: Story) -> None:
    """Feishu answers 429 again and again."""
    story.tell.step(
        "A storm of 429: Feishu says `too many requests`",
        "The ERP changes 600 orders. During the run the simulator refuses every second call or so, four times,",
        "and each time asks to wait a second. The syncer waits as asked and goes on.",
    )
    here, simulator = story.stage.orders, story.stage.simulator
    here.raise_amounts([number(place) for place in range(100, 700)])
    simulator.clear_calls()
    simulator.fault("bitable.record.*", "rate_limit", times=4, probability=0.5, reset=1)
    report = story.sync("orders")
    simulator.clear_faults()
    refused = sum(call["status"] == 429 for call in simulator.calls())
    story.expect(
        refused > 0 and report.status == "done" and not here.differences(),
        f"{refused} calls were refused, and still every change arrived once",
    )


def poison(story: Story) -> None:
    """One record that cannot be written, among others that can."""
    bad, good = number(60), [number(61), number(62), number(63)]
    story.tell.step(
        "One bad line fails alone",
        f"The ERP changes four notes. Feishu refuses the one of {bad}; a batch is all or nothing, so the syncer",
        "finds the culprit, writes everything else, and sets that one note aside with its reason.",
    )
    here, simulator, store = story.stage.orders, story.stage.simulator, story.stage.syncer.store
    simulator.fault("bitable.record.*", "poison", field="备注", value=_POISON)
    here.update_row(bad, note=_POISON)
    for key in good:
        here.update_row(key, note="四月促销 🌸")
    report = story.sync("orders")
    story.tell.command("syncer failures list")
    found = store.failures("orders")
    for one in found:
        story.tell.say(f"{one.id}: {one.field}: {one.message}")
    arrived = all(here.cells(key)["备注"] == "四月促销 🌸" for key in good)
    alone = len(found) == 1 and found[0].record == here.record_id(bad) and bool(found[0].log_id)
    story.expect(
        arrived and alone and report.exit_status == 3,
        "three arrived, one waits with code and log id; the exit status is 3",
    )
    story.tell.say("Somebody corrects the note in the ERP:")
    here.update_row(bad, note="四月促销（已更正）")
    report = story.sync("orders")
    corrected = here.cells(bad)["备注"] == "四月促销（已更正）" and not store.failures("orders")
    story.expect(corrected and report.exit_status == 0, "the corrected line went through and the failure is closed")
    simulator.clear_faults()
