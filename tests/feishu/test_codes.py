"""The table of codes, and what is made of an answer."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncer.errors import SyncerError, UnknownOutcomeError
from syncer.feishu.calls import Call, read_answer
from syncer.feishu.codes import CODES, Kind
from syncer.feishu.errors import kind_of, refusal, safe, short
from syncer.simulator.errors import CODES as SIMULATED

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SCHEMA_ONLY = frozenset(
    {*range(1254080, 1254097), 1254008, 1254012, 1254013, 1254014, *range(1254019, 1254024), 1254026, 1254028, 1254029}
    | {1254031, 1254034, 1254046, 1254070, 1254100, 1254101, 1254800}
)
NO_RECORD_CALL = frozenset({1, 403, 514, 1000040343, 1000040344, 1000040350, 212100})
"""Of the long connection, and of the app's own page."""


def answered(code, message="", status=200):
    return read_answer(status, {}, b'{"code":%d,"msg":"%s"}' % (code, message.encode()), NOW)


def test_every_code_a_record_call_can_meet_is_in_the_table():
    assert SIMULATED.keys() - CODES.keys() <= SCHEMA_ONLY | NO_RECORD_CALL


def test_every_code_says_how_to_mend_it():
    assert all(code.mend[0].isupper() and not code.mend.endswith(".") for code in CODES.values())
    assert all(number == code.number for number, code in CODES.items())


@given(st.sampled_from(sorted(CODES)), st.booleans())
def test_every_code_becomes_an_error_of_the_family_that_names_api_and_code(number, writes):
    call = Call("bitable.record.search", "POST", "/x", writes=writes, where="table tblX")
    answer = answered(number)
    kind = kind_of(answer, writes=writes)
    if kind is not Kind.FINE:
        error = refusal(call, answer, kind)
        assert isinstance(error, SyncerError)
        assert str(number) in str(error)
        assert "bitable.record.search on table tblX" in str(error)
        assert writes or not isinstance(error, UnknownOutcomeError)


@given(st.binary(max_size=60))
def test_any_body_is_an_answer_with_or_without_a_code(content):
    answer = read_answer(200, {}, content, NOW)
    assert answer.code is None or isinstance(answer.code, int)
    assert not answer.succeeded or answer.code == 0


@pytest.mark.parametrize("case", [str.lower, str.upper, str.title, str])
def test_headers_are_found_in_any_case(case):
    headers = {case("x-tt-logid"): "L1", case("x-ogw-ratelimit-reset"): "7"}
    answer = read_answer(429, headers, b'{"code":99991400}', NOW)
    assert (answer.log_id, answer.reset) == ("L1", 7.0)


def test_the_log_id_of_the_body_serves_where_the_header_is_missing():
    assert read_answer(400, {}, b'{"code":1,"error":{"log_id":"L2"}}', NOW).log_id == "L2"


def test_a_reset_that_is_no_number_says_nothing():
    assert read_answer(429, {"x-ogw-ratelimit-reset": "soon"}, b"{}", NOW).reset is None


def test_half_an_emoji_in_one_cell_does_not_make_an_answer_unreadable():
    answer = read_answer(200, {}, rb'{"code":0,"data":{"items":[{"fields":{"a":"x\ud83d"}}]}}', NOW)
    assert answer.data["items"][0]["fields"]["a"] == "x?"


@pytest.mark.parametrize(
    ("code", "message", "writes", "kind"),
    [
        (1254002, "Fail", False, Kind.AGAIN),
        (1254002, "changeset size exceed the limit, len:1", True, Kind.SPLIT),
        (1254030, "TooLargeResponse", False, Kind.SPLIT),
        (1254030, "InvalidPageToken", False, Kind.AGAIN),
        (1254608, "", False, Kind.AGAIN),
        (1254608, "", True, Kind.LOOK),
        (1254199, "new", True, Kind.SKIP),
        (42, "new", True, Kind.LOOK),
        (42, "new", False, Kind.STRANGE),
    ],
)
def test_a_code_with_two_meanings_is_told_apart(code, message, writes, kind):
    assert kind_of(answered(code, message), writes=writes) is kind


@pytest.mark.parametrize(
    ("status", "kind"),
    [(200, Kind.AGAIN), (302, Kind.STOP), (404, Kind.STOP), (408, Kind.AGAIN), (429, Kind.WAIT), (502, Kind.AGAIN)],
)
def test_a_page_that_is_not_feishus_is_judged_by_what_it_proves(status, kind):
    assert kind_of(read_answer(status, {}, b"<html>", NOW), writes=True) is kind


@pytest.mark.parametrize("token", ["t-g1044ghJRUIJJ5ELPOH", "u-g1044ghJRUIJJ5ELPOH", "eyJhbGciOiJSUzI1NiIsInR5cCI6.x"])
def test_what_looks_like_a_token_is_struck_out(token):
    assert safe(f"token {token} is bad") == "token (token) is bad"


def test_an_app_token_is_shown_in_part():
    assert short("AW3Qbtr2cakCnesXzXVbbsrIcVT") == "AW3Q…IcVT"
