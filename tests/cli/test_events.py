"""What commands do and say about events: apply subscribes, doctor and status tell when none will come."""

import pytest


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


NAMED = 'app_token: "${ORDERS_APP_TOKEN}", table_id: "${ORDERS_TABLE_ID}"'


@pytest.mark.parametrize("way", ["token", "address", "token that is refused"])
def test_a_base_in_a_wiki_is_subscribed_to_by_its_own_token(room, way):
    node = room.control.add_wiki_node(room.base)
    if way == "address":
        room.rewrite((NAMED, f'url: "https://x.feishu.cn/wiki/{node}?table={room.place.table_id}&view=vew1"'))
    room.set(ORDERS_APP_TOKEN=node)
    if way == "token that is refused":
        room.control.fault("bitable.app.get", "code", code=91402, times=1)
    assert "revision 1 is active" in room.ok("apply").out
    assert subscribed(room)
    assert "drive.file.subscribe" in room.control.counts()
    assert "no events of its base" not in room.ok("doctor").out
    room.set(ORDERS_APP_TOKEN=room.base)  # the same base, spelled otherwise
    room.rewrite()
    assert "begins paused" not in room.ok("apply").out
    room.add({"订单号": "甲", "金额": 1})
    assert room.json("sync", "orders")["written"]["database"]["created"] == 1


def test_a_token_of_nothing_is_said_to_be_none_and_what_may_be_lacking(room):
    room.set(ORDERS_APP_TOKEN="bascnNotThereAtAll")
    ended = room.ok("apply", status=2)
    assert "base basc…tAll" in ended.err
    assert "wiki" not in ended.err
    room.control.set_scopes(room.simulator.app_id, ["bitable:app"])
    ended = room.ok("apply", status=2)
    assert "If the token is from a /wiki/ address" in ended.err
    assert "wiki:node:read" in ended.err


def test_doctor_says_what_the_webhook_lacks(room):
    room.ok("apply")
    assert "every delivery to the webhook is refused until FEISHU_ENCRYPT_KEY" in room.ok("doctor").out
    room.set(FEISHU_VERIFICATION_TOKEN="token")
    assert "only its token protects the webhook" in room.ok("doctor").out
    room.set(FEISHU_ENCRYPT_KEY="key")
    assert "webhook" not in room.ok("doctor").out
