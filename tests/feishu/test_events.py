"""What is delivered to the webhook: only what is proven and fresh is opened, and it is opened whole."""

import hashlib
import json
from base64 import b64decode, b64encode
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncer.errors import RefusedEventError
from syncer.feishu.events import MOST_BYTES, Challenge, open_event, open_frame
from syncer.feishu.seal import Keys, Signature, decrypt, is_signed, moment
from syncer.ports.signals import ParsedEvent
from tests.feishu.sealing import BASE, ENCRYPT_KEY, RECORD_CHANGED, TABLE, TOKEN, record_event, sealed, signed

NOW = datetime(2026, 1, 1, tzinfo=UTC)
BOTH = Keys(ENCRYPT_KEY, TOKEN)
KEY_ALONE, TOKEN_ALONE = Keys(encrypt_key=ENCRYPT_KEY), Keys(verification_token=TOKEN)
URL_CHECK = {"challenge": 'ajls384kdjx98XX"\n', "token": TOKEN, "type": "url_verification"}


def delivered(content: object, keys: Keys = BOTH, at: datetime = NOW, headers: dict[str, str] | None = None):
    """What comes of a body that is sealed as it should be."""
    body = sealed(content) if keys.encrypt_key else json.dumps(content).encode()
    return open_event(body, signed(body, at) if headers is None else headers, keys, NOW)


def refused(*arguments, **options) -> RefusedEventError:
    with pytest.raises(RefusedEventError) as caught:
        (open_event if isinstance(arguments[0], bytes) else delivered)(*arguments, **options)
    return caught.value


# The seal


def test_feishus_example_of_an_encrypted_text():
    assert decrypt("test key", "P37w+VZImNgPEO1RBhJ6RtKl7n6zymIbEG1pReEzghk=") == b"hello world"


def test_the_signature_covers_timestamp_nonce_key_and_raw_body():
    digest = "cdfd6d6bedd674c949dda3671af354c0173a209c8b1ae042336132dcc2f67423"
    assert is_signed(Signature("1700000000", "nonce1", digest), "ek", b'{"encrypt":"abc"}')
    assert not is_signed(Signature("1700000000", "nonce1", digest), "ek", b'{"encrypt": "abc"}')


@given(st.binary(max_size=200))
def test_what_was_encrypted_is_decrypted(content):
    assert decrypt(ENCRYPT_KEY, json.loads(sealed(content))["encrypt"]) == content


@given(st.text(max_size=80))
def test_what_was_not_encrypted_with_the_key_is_no_error(text):
    assert decrypt(ENCRYPT_KEY, text) is None


@pytest.mark.parametrize(
    ("told", "right"),
    [
        ("1608725989", datetime(2020, 12, 23, 12, 19, 49, tzinfo=UTC)),
        ("1608725989123", datetime(2020, 12, 23, 12, 19, 49, 123000, tzinfo=UTC)),
        ("1608725989123456", datetime(2020, 12, 23, 12, 19, 49, 123456, tzinfo=UTC)),
        (1608725989, datetime(2020, 12, 23, 12, 19, 49, tzinfo=UTC)),
        ("1502199207.7171419", datetime(2017, 8, 8, 13, 33, 27, tzinfo=UTC)),
        ("", None),
        ("soon", None),
        (None, None),
        (True, None),
        ("-5", None),
        ("9" * 30, None),
        ("١٢٣", None),
    ],
)
def test_a_time_is_read_by_its_number_of_digits(told, right):
    assert moment(told) == right


# What is taken


@pytest.mark.parametrize("keys", [BOTH, KEY_ALONE, TOKEN_ALONE], ids=["both", "key alone", "token alone"])
def test_a_genuine_delivery_is_opened(keys):
    event = delivered(record_event(1, "rec1"), keys)
    assert isinstance(event, ParsedEvent)
    assert event.id == "5e3702a84e847582be8db7fb73283001"


@pytest.mark.parametrize("change", [str.lower, str.upper, str.title])
def test_header_names_may_be_in_any_case(change):
    body = sealed(record_event())
    headers = {change(name): value for name, value in signed(body, NOW).items()}
    assert isinstance(open_event(body, headers, BOTH, NOW), ParsedEvent)


@pytest.mark.parametrize("keys", [BOTH, KEY_ALONE, TOKEN_ALONE], ids=["both", "key alone", "token alone"])
def test_the_check_of_the_address_needs_no_signature(keys):
    assert delivered(URL_CHECK, keys, headers={}) == Challenge(URL_CHECK["challenge"])
    assert delivered(URL_CHECK, keys) == Challenge(URL_CHECK["challenge"])


@pytest.mark.parametrize("seconds", [-299, -1, 0, 299])
def test_a_signature_holds_for_five_minutes_either_way(seconds):
    assert delivered(record_event(), at=NOW + timedelta(seconds=seconds))


# What is refused


@pytest.mark.parametrize("seconds", [-3600, -301, 301])
def test_a_stale_signature_is_refused(seconds):
    error = refused(record_event(), at=NOW + timedelta(seconds=seconds))
    assert (error.kind, error.unproven) == ("stale", True)


def test_without_keys_everything_is_refused():
    assert refused(URL_CHECK, Keys()).kind == "no_keys"


def test_a_wrong_token_is_refused():
    for keys in (BOTH, TOKEN_ALONE):
        assert refused(record_event(token="other"), keys).kind == "token"
        assert refused({**URL_CHECK, "token": None}, keys, headers={}).kind == "token"
    v1 = {"uuid": "1", "token": "other", "type": "event_callback", "event": {"type": "approval_instance"}}
    assert refused(v1, TOKEN_ALONE).kind == "token"


def test_every_unsigned_body_is_refused_alike_whatever_is_in_it():
    right = json.loads(sealed(record_event()))["encrypt"]
    whole = bytearray(b64decode(right))
    whole[-1] ^= 1
    torn = json.dumps({"encrypt": b64encode(bytes(whole)).decode()}).encode()
    bodies = [sealed(record_event()), sealed(b"no json"), sealed(URL_CHECK, "other key"), torn, b"{}", b"\xff", b""]
    told = {(error.kind, str(error)) for body in bodies for error in [refused(body, {}, BOTH, NOW)]}
    assert len(told) == 1
    assert next(iter(told))[0] == "signature"


def test_a_signature_of_other_bytes_is_refused():
    body = sealed(record_event())
    headers = signed(body, NOW)
    assert refused(body + b" ", headers, BOTH, NOW).kind == "signature"
    for name in headers:
        assert refused(body, {**headers, name: headers[name] + "0"}, BOTH, NOW).kind == "signature"
        assert refused(body, {**headers, name: ""}, BOTH, NOW).kind == "signature"


def test_a_signed_body_that_is_not_encrypted_is_refused():
    body = json.dumps(record_event()).encode()
    assert refused(body, signed(body, NOW), BOTH, NOW).kind == "not_encrypted"


def test_an_encrypted_body_without_our_key_says_what_to_set():
    error = refused(sealed(record_event()), {}, TOKEN_ALONE, NOW)
    assert error.kind == "encrypted"
    assert "FEISHU_ENCRYPT_KEY" in str(error)


def test_a_body_too_large_is_refused_unread():
    assert refused(b" " * (MOST_BYTES + 1), {}, BOTH, NOW).kind == "too_large"


@pytest.mark.parametrize(
    "content",
    [
        {},
        {"header": {"event_id": "1", "token": TOKEN}},
        {"header": {"event_id": "", "event_type": "x", "token": TOKEN}},
        {"header": {"event_id": "a\0b", "event_type": "x", "token": TOKEN}},
        {"header": {"event_id": 7, "event_type": "x", "token": TOKEN}},
        {"header": [], "event": {}, "token": TOKEN},
        {"uuid": "1", "token": TOKEN, "event": "approval_instance"},
        {"type": "url_verification", "challenge": None, "token": TOKEN},
    ],
)
def test_what_is_no_event_is_refused(content):
    assert refused({**content, "token": TOKEN}, TOKEN_ALONE).kind == "malformed"


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b"{", b"\xff\xfe", b"[" * 100_000])
def test_what_is_no_object_is_refused(body):
    assert refused(body, {}, TOKEN_ALONE, NOW).kind == "malformed"


def test_neither_error_nor_keys_show_a_secret():
    assert ENCRYPT_KEY not in repr(BOTH)
    assert TOKEN not in repr(BOTH)
    told = str(refused(record_event(token="other"))) + str(refused(record_event(), headers={}))
    assert ENCRYPT_KEY not in told
    assert TOKEN not in told


@given(st.binary(max_size=400), st.dictionaries(st.text(max_size=30), st.text(max_size=30), max_size=4))
def test_no_bytes_do_more_than_be_refused(body, headers):
    for keys in (BOTH, TOKEN_ALONE):
        assert refused(body, headers, keys, NOW).kind


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(json_values, json_values, json_values, json_values)
def test_an_event_of_any_shape_is_opened_or_asks_for_a_poll(actions, revision, at, cell):
    action = {"record_id": "rec1", "action": "record_edited", "before_value": [cell], "after_value": cell}
    content = record_event(action_list=[action, actions], revision=revision, update_time=at, operator_id=cell)
    event = open_frame(json.dumps(content).encode())
    assert event.table_id == TABLE
    assert event.changes
    assert event.unclear


# What an event says


def test_a_record_event_is_read_whole():
    people = {"users": [{"user_id": {"open_id": "ou_2"}, "name": "张敏", "en_name": "Zhangmin"}]}
    actions = [
        {"record_id": "rec1", "action": "record_added", "after_value": [{"field_id": "fld1", "field_value": "383"}]},
        {
            "record_id": "rec2",
            "action": "record_edited",
            "before_value": [{"field_id": "fld2", "field_value": '"optA"'}, {"field_id": "fld3"}],
            "after_value": [
                {"field_id": "fld2", "field_value": ""},
                {"field_id": "fld3", "field_value": '{"users":[]}', "field_identity_value": people},
                {"field_id": "fld4", "field_value": 2**53 + 1},
            ],
        },
        {"record_id": "rec3", "action": "record_deleted", "before_value": []},
    ]
    event = open_frame(json.dumps(record_event(7, action_list=actions)).encode())
    assert (event.type, event.app_token, event.table_id, event.revision) == (RECORD_CHANGED, BASE, TABLE, 41)
    assert event.operator["open_id"] == "ou_1"
    assert event.created_at == event.happened_at == datetime(2020, 12, 23, 12, 19, 49, 123000, tzinfo=UTC)
    added, edited, deleted = event.changes
    assert (added.record, added.action, added.before, added.after) == ("rec1", "record_added", {}, {"fld1": "383"})
    assert edited.before == {"fld2": '"optA"', "fld3": ""}
    assert edited.after == {"fld2": "", "fld3": '{"users":[]}', "fld4": "9007199254740993"}
    assert (edited.before_people, edited.after_people) == ({}, {"fld3": people})
    assert (deleted.action, deleted.before, deleted.after) == ("record_deleted", {}, {})
    assert not event.unclear
    assert json.loads(event.body)["header"]["event_id"] == event.id


def test_the_second_a_change_happened_is_kept_when_its_event_was_made_later():
    event = open_frame(json.dumps(record_event(update_time=1608725900)).encode())
    assert event.happened_at == datetime(2020, 12, 23, 12, 18, 20, tzinfo=UTC)


def test_a_field_event_names_the_fields():
    actions = [
        {
            "action": "field_edited",
            "field_id": "fld1",
            "before_value": {"name": "金额"},
            "after_value": {"name": "总额"},
        },
        {"action": "field_added", "field_id": "fld2", "after_value": {"id": "fld2", "type": 1}},
    ]
    content = record_event(action_list=actions)
    content["header"]["event_type"] = "drive.file.bitable_field_changed_v1"
    event = open_frame(json.dumps(content).encode())
    assert (event.fields, event.changes, event.revision, event.unclear) == (("fld1", "fld2"), (), 41, False)


@pytest.mark.parametrize(
    "actions",
    [None, [], [{"action": "record_edited"}], [{"record_id": "rec1", "action": "record_moved"}], ["?"], "many"],
)
def test_an_event_that_says_nothing_we_understand_is_unclear(actions):
    event = open_frame(json.dumps(record_event(action_list=actions)).encode())
    assert event.unclear
    assert event.changes == ()


@pytest.mark.parametrize(
    ("content", "right"),
    [
        (
            {
                "uuid": "u-1",
                "ts": "1502199207.7171419",
                "type": "event_callback",
                "event": {"type": "approval_instance", "app_id": "cli_1", "tenant_key": "t1"},
            },
            ("u-1", "approval_instance", ""),
        ),
        (
            {
                "schema": "2.0",
                "header": {"event_id": "e-1", "event_type": "drive.file.edit_v1", "create_time": "1608725989000"},
                "event": {"file_token": BASE, "file_type": "bitable"},
            },
            ("e-1", "drive.file.edit_v1", ""),
        ),
        ({"header": {"event_id": "e-2", "event_type": "of.the.future_v9"}}, ("e-2", "of.the.future_v9", "")),
    ],
)
def test_any_other_event_is_known_by_id_and_type(content, right):
    event = open_frame(json.dumps(content).encode())
    assert (event.id, event.type, event.table_id) == right
    assert event.changes == ()


def test_half_an_emoji_in_an_event_does_not_lose_it():
    body = json.dumps(record_event(1, "rec1")).replace("\\ud83d\\ude00", "\\ud83d", 1).encode()
    event = open_frame(body)
    assert event.changes[0].record == "rec1"
    json.loads(event.body)


def test_the_door_to_feishus_events_loads_without_the_sdk():
    import subprocess
    import sys

    script = "import sys, syncer.feishu.events; print('lark_oapi' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "False"


def test_a_known_digest_is_what_the_tests_sign_with():
    headers = signed(b"body", NOW, key="k", nonce="n")
    assert headers["X-Lark-Signature"] == hashlib.sha256(b"1767225600nkbody").hexdigest()
