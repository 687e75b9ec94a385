"""Subscribing to a base: whoever may not is told what is lacking."""

import pytest

from syncer.errors import FeishuSetupError
from syncer.feishu.subscriptions import is_subscribed, subscribe
from tests.feishu.stage import client_of


@pytest.fixture
def base(simulator):
    return simulator.control.create_base("订单")


@pytest.fixture
def client(simulator):
    client = client_of(simulator)
    yield client
    client.close()


def test_a_base_is_subscribed_to_as_often_as_one_likes(simulator, base, client):
    assert not is_subscribed(client, base)
    for _ in range(2):
        subscribe(client, base)
        assert is_subscribed(client, base)
    assert simulator.control.counts()["drive.file.subscribe"] == 2


def test_not_subscribed_may_come_as_a_code(simulator, base, client):
    simulator.control.set_switches(subscription_missing_code=1069605)
    assert not is_subscribed(client, base)


def test_who_does_not_manage_the_base_is_told_so(simulator, base, client):
    simulator.control.grant(base, simulator.app_id, "edit")
    with pytest.raises(FeishuSetupError, match=r"1069603.*owner or manager of the base"):
        subscribe(client, base)


def test_a_wiki_node_is_not_found(simulator, base, client):
    node = simulator.control.add_wiki_node(base)
    with pytest.raises(FeishuSetupError, match="1069604"):
        subscribe(client, node)


def test_a_fault_of_feishus_is_waited_out(simulator, base, client):
    simulator.control.fault("drive.file.subscribe", "code", code=1069601, times=2)
    subscribe(client, base)
    assert is_subscribed(client, base)
