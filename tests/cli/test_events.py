"""What commands do and say about events: apply subscribes, doctor and status tell when none will come."""


def subscribed(room) -> bool:
    return any(room.base in str(one) for one in room.control.subscriptions())


def test_apply_subscribes_to_the_base_and_doctor_has_nothing_to_add(room):
    assert "no events of its base" in room.ok("doctor").out
    ended = room.ok("apply")
    assert subscribed(room)
    assert "warning" not in ended.err
    assert "no events of its base" not in room.ok("doctor").out
    assert not any("events" in warning for warning in room.json("status")["mappings"][0]["warnings"])


def test_apply_goes_on_where_the_app_does_not_manage_the_base_and_everybody_says_so(room):
    room.control.grant(room.base, room.simulator.app_id, "edit")
    ended = room.ok("apply")
    assert not subscribed(room)
    assert "revision 1 is active" in ended.out
    assert ended.err.count("Feishu sends no events of its base") == 1
    assert "owner or manager of the base" in ended.err
    (warning,) = [one for one in room.json("status")["mappings"][0]["warnings"] if "events" in one]
    assert "owner or manager of the base" in warning

    room.control.grant(room.base, room.simulator.app_id, "manage")
    room.ok("apply")
    assert subscribed(room)
    assert not any("events" in one for one in room.json("status")["mappings"][0]["warnings"])


def test_doctor_says_what_the_webhook_lacks(room):
    room.ok("apply")
    assert "every delivery to the webhook is refused until FEISHU_ENCRYPT_KEY" in room.ok("doctor").out
    room.set(FEISHU_VERIFICATION_TOKEN="token")
    assert "only its token protects the webhook" in room.ok("doctor").out
    room.set(FEISHU_ENCRYPT_KEY="key")
    assert "webhook" not in room.ok("doctor").out
