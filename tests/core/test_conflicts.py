"""Who wins when both sides changed one field."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncer.core.conflicts import POLICIES, Clash, Moment, settle
from syncer.core.mapping import Policy
from tests.core.toys import DATABASE, FEISHU, NOON, seen

SECOND = timedelta(seconds=1)


def clash(feishu="甲", database="乙", at_feishu=None, at_database=None, tie=Policy.MANUAL, estimated=True) -> Clash:
    moments = {FEISHU: Moment(at_feishu, not estimated), DATABASE: Moment(at_database, not estimated)}
    return Clash(feishu, database, moments, tie, 2 * SECOND)


TABLE = [
    # policy             what is known                                                        winner
    (Policy.FEISHU, clash(), FEISHU),
    (Policy.FEISHU, clash(feishu=None), FEISHU),
    (Policy.DATABASE, clash(), DATABASE),
    (Policy.DATABASE, clash(at_feishu=NOON + 9 * SECOND, at_database=NOON), DATABASE),
    (Policy.MANUAL, clash(at_feishu=NOON + 9 * SECOND, at_database=NOON), None),
    (Policy.FILL_EMPTY, clash(feishu=None), DATABASE),
    (Policy.FILL_EMPTY, clash(feishu=""), DATABASE),
    (Policy.FILL_EMPTY, clash(database=frozenset()), FEISHU),
    (Policy.FILL_EMPTY, clash(), None),
    (Policy.FILL_EMPTY, clash(feishu=None, database=""), None),
    (Policy.LATEST, clash(at_feishu=NOON + 3 * SECOND, at_database=NOON), FEISHU),
    (Policy.LATEST, clash(at_feishu=NOON, at_database=NOON + 3 * SECOND), DATABASE),
    (Policy.LATEST, clash(at_feishu=NOON, at_database=NOON + 2 * SECOND), None),
    (Policy.LATEST, clash(at_feishu=NOON, at_database=NOON + 2 * SECOND, tie=Policy.FEISHU), FEISHU),
    (Policy.LATEST, clash(at_feishu=NOON), None),
    (Policy.LATEST, clash(at_database=NOON, tie=Policy.DATABASE), DATABASE),
    (Policy.LATEST, clash(), None),
]


@pytest.mark.parametrize(("policy", "met", "winner"), TABLE)
def test_a_policy_names_the_winner(policy, met, winner):
    assert settle(met, policy).winner is winner


def test_every_policy_has_its_rule():
    assert set(POLICIES) == set(Policy)


@pytest.mark.parametrize(
    ("policy", "met", "words"),
    [
        (Policy.LATEST, clash(at_feishu=NOON), "the time of the change in database is not known; tie: manual"),
        (Policy.LATEST, clash(at_database=NOON), "the time of the change in feishu is not known; tie: manual"),
        (Policy.LATEST, clash(at_feishu=NOON, at_database=NOON, tie=Policy.FEISHU), "within 2 s; tie: feishu"),
        (Policy.LATEST, clash(at_feishu=NOON + 9 * SECOND, at_database=NOON), "by line times"),
        (Policy.FILL_EMPTY, clash(feishu=None), "feishu was empty"),
        (Policy.FILL_EMPTY, clash(), "neither side is empty"),
        (Policy.FILL_EMPTY, clash(feishu=None, database=""), "both sides are empty"),
    ],
)
def test_a_verdict_says_why(policy, met, words):
    assert words in settle(met, policy).reason


def test_only_a_guess_of_the_time_is_called_a_guess():
    later = {"at_feishu": NOON + 9 * SECOND, "at_database": NOON}
    assert settle(clash(**later), Policy.LATEST).estimated
    exact = settle(clash(**later, estimated=False), Policy.LATEST)
    assert not exact.estimated
    assert "line times" not in exact.reason
    assert not settle(clash(**later), Policy.FEISHU).estimated


@given(st.timedeltas(timedelta(0), timedelta(days=1)), st.booleans())
def test_two_clocks_are_never_ordered_inside_the_tolerance(apart, feishu_later):
    later, earlier = NOON + apart, NOON
    at = (later, earlier) if feishu_later else (earlier, later)
    winner = settle(clash(at_feishu=at[0], at_database=at[1]), Policy.LATEST).winner
    assert (winner is None) == (apart <= 2 * SECOND)
    if winner is not None:
        assert winner is (FEISHU if feishu_later else DATABASE)


@pytest.mark.parametrize("policy", list(Policy))
def test_a_persons_word_stands_above_every_policy(policy):
    verdict = settle(clash(), policy, seen(DATABASE, "甲", "乙"))
    assert verdict.winner is DATABASE
    assert verdict.reason == "resolved by a person"


@pytest.mark.parametrize(("feishu", "database"), [("甲", "丙"), ("丙", "乙"), (None, "乙")])
def test_a_resolution_holds_only_for_what_the_person_was_shown(feishu, database):
    assert settle(clash(feishu, database), Policy.MANUAL, seen(DATABASE, "甲", "乙")).winner is None
