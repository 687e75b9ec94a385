"""The command ``syncer demo``."""

from time import perf_counter

from syncer.cli.demo.teller import Teller
from syncer.cli.main import app


@app.command()
def demo() -> int:
    """Show the whole thing on this machine, step by step; needs no account, changes nothing of yours."""
    began = perf_counter()
    teller = Teller()
    teller.title("syncer keeps Feishu/Lark Bitable tables and database tables equal, in both directions")

    from syncer.cli.demo import acts, ending  # noqa: PLC0415 - after the first words: loading takes a moment
    from syncer.cli.demo.stage import opened  # noqa: PLC0415 - likewise
    from syncer.cli.demo.story import Story  # noqa: PLC0415 - likewise

    with opened(teller) as stage:
        story = Story(stage, teller)
        for act in acts.ALL:
            act(story)
    return ending.verdict(story, perf_counter() - began)
