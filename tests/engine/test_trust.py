"""Laws of the trust in a table: never while a write of others is unknown, and again once all of them are known."""

from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from syncer.engine.trust import Doubt, apart, dealt_with, lose, regain, wrote


@dataclass
class Ground:
    """A table that others write to as well, and what a run knows of where it stands."""

    stands: int = 7
    unknown: list[int] = field(default_factory=list)
    """The revisions of others' writes that nobody dealt with."""
    revisions: set[int] = field(default_factory=lambda: {7})
    doubt: Doubt | None = None

    @property
    def records(self):
        return self

    def revision(self):
        return self.stands

    def look(self):
        """What a run does before it writes; whether the table is trusted."""
        regain(self)
        if self.stands not in self.revisions and self.doubt is None:
            lose(self, self.stands)
        return self.stands in self.revisions

    def do(self, step):
        kind, number = step
        if kind == "ours":
            self.stands += 1
            wrote(self, number)
        elif kind == "theirs":
            self.stands += 1
            self.unknown.append(self.stands)
        elif kind == "told":
            dealt_with(self, {self.unknown.pop(number % len(self.unknown))} if self.unknown else ())
        else:
            assert not (self.look() and self.unknown)

    def aside(self, steps):
        """A look at some lines, with writes of its own: it deals with nothing that it is not told of."""
        with apart(self, self.stands):
            self.revisions = {self.stands}
            for kind, number in steps:
                if kind == "look" and self.stands not in self.revisions and self.doubt is None:
                    lose(self, self.stands)
                elif kind in ("ours", "theirs"):
                    self.do((kind, number))


STEPS = st.tuples(st.sampled_from(["ours", "theirs", "told", "look", "look"]), st.sampled_from([1, 1000, 1000]))
STORIES = st.lists(st.one_of(STEPS, st.lists(STEPS, max_size=4)), max_size=25)


@given(STORIES)
def test_a_table_is_trusted_only_while_every_write_of_others_is_known_and_always_again_when_all_are(story):
    ground = Ground()
    for step in story:
        if isinstance(step, list):
            ground.aside(step)
        else:
            ground.do(step)
        assert not (ground.look() and ground.unknown)
    while ground.unknown:
        ground.do(("told", 0))
    assert ground.look()
    ground.do(("theirs", 1))
    assert not ground.look()


@given(STORIES)
def test_a_table_whose_every_line_is_a_step_is_never_trusted_with_a_write_unknown_either(story):
    ground = Ground()
    for step in story:
        for kind, number in step if isinstance(step, list) else [step]:
            ground.do((kind, number))
            ground.stands += number - 1 if kind == "ours" else 0
        assert not (ground.look() and ground.unknown)


def test_more_writes_of_others_than_the_table_moved_end_all_trust():
    ground = Ground()
    ground.do(("theirs", 1))
    assert not ground.look()
    dealt_with(ground, {5, 6})
    assert (ground.look(), ground.doubt) == (False, None)
    ground.unknown.clear()
    assert not ground.look()


def test_a_table_that_tells_no_revision_is_never_trusted():
    ground = Ground(stands=None, revisions=set())
    with apart(ground, None):
        wrote(ground, 3)
    lose(ground, None)
    assert (regain(ground), ground.revisions, ground.doubt) == (None, set(), None)
