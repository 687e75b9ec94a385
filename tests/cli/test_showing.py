"""How values, errors and tables are shown: whole, unchanged, and harmless to a terminal."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncer.cli import console, ending, shown
from syncer.core.values import dump


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        (None, None),
        ("很长 😀", "很长 😀"),
        (True, True),
        (Decimal(3), 3),
        (Decimal("1.5"), 1.5),
        (Decimal("0.1"), 0.1),
        (Decimal(2) ** 53 + 1, 9007199254740993),
        (Decimal("12345678901234567890.12"), "12345678901234567890.12"),
        (datetime(2026, 3, 1, 8, 0, 0, 123000, tzinfo=UTC), "2026-03-01T08:00:00.123Z"),
        (date(2026, 3, 1), "2026-03-01"),
        (frozenset({"b", "a"}), ["a", "b"]),
        (("b", "a"), ["b", "a"]),
    ],
)
def test_a_stored_value_is_told_as_plain_json(value, plain):
    told = shown.stored(dump(value))
    assert told == plain
    assert type(told) is type(plain)


@given(st.decimals(allow_nan=False, allow_infinity=False, places=4))
def test_no_digit_of_a_number_is_lost(number):
    assert Decimal(str(shown.natural(number))) == number


def test_the_gravest_of_several_ends_decides():
    assert ending.worst([]) == 0
    assert ending.worst([0, 3, 0]) == 3
    assert ending.worst([3, 5]) == 5
    assert ending.worst([5, 4, 0]) == 4
    assert ending.worst([4, 2, 5]) == 2
    assert ending.worst([2, 1]) == 1


def test_what_stands_in_a_cell_is_neither_markup_nor_a_command_to_the_terminal(capsys):
    wild = "[red]x[/foo] :smile: \x1b[2J\x07"
    console.say(wild)
    console.complain(wild)
    console.table(["a"], [[wild]])
    out, err = capsys.readouterr()
    assert out.count("[red]x[/foo] :smile:") == 2
    assert "[red]x[/foo] :smile:" in err
    assert "\x1b" not in out + err
    assert "\x07" not in out + err


def test_a_secret_of_the_environment_never_stands_in_a_traceback(monkeypatch, capsys):
    monkeypatch.setenv("FEISHU_APP_SECRET", "h0-näh-密码-🙂")
    ending.debug()
    try:
        assert ending.told(RuntimeError("it was h0-näh-密码-🙂")) == 1
    finally:
        ending.debug(on=False)
    err = capsys.readouterr().err
    assert "RuntimeError" in err
    assert "h0-näh" not in err
