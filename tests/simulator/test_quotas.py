import pytest


def codes(orders, n):
    return [orders.search(page_size=1).code for _ in range(n)]


@pytest.fixture
def quotas(control):
    control.set_clock(scale=0)
    control.set_quota_scale(1)


def test_more_than_the_documented_rate_is_429_with_both_headers(orders, quotas):
    assert codes(orders, 20) == [0] * 20
    refused = orders.search()
    assert (refused.status, refused.code) == (429, 99991400)
    assert refused.json["msg"] == "request trigger frequency limit"
    assert refused.headers["x-ogw-ratelimit-limit"] == "20"
    assert refused.headers["x-ogw-ratelimit-reset"] == "1"


def test_the_window_frees_itself_and_refused_calls_do_not_count(orders, control, quotas):
    codes(orders, 25)
    control.advance_clock(1.01)
    assert codes(orders, 20) == [0] * 20


def test_quotas_are_counted_per_api_and_per_app(orders, simulator, control, place, quotas):
    from tests.simulator.api import Api

    codes(orders, 21)
    assert orders.get("recX0000000000").code == 0
    made = control.create_app()
    assert Api(simulator.url, made.app_id, made.app_secret).at(place).search().code == 0


def test_a_sliding_window_remembers_the_last_second_where_a_fixed_one_starts_anew(orders, control):
    control.set_clock(seconds=1_800_000_000.9, scale=0)
    orders.api.token = orders.api.sign_in().json["tenant_access_token"]
    control.set_quota_scale(1)
    codes(orders, 20)
    control.advance_clock(0.2)
    assert orders.search().code == 99991400
    control.set_switches(quota_window="fixed")
    assert orders.search().code == 0


def test_a_minute_limit_tells_how_long_to_wait(api, quotas):
    answers = [api.call("POST", "/bitable/v1/apps", {"name": "b"}) for _ in range(21)]
    assert [answer.code for answer in answers[:20]] == [0] * 20
    assert answers[20].headers["x-ogw-ratelimit-reset"] == "60"


def test_the_scale_multiplies_rates_and_zero_lifts_them(orders, control, quotas):
    control.set_quota_scale(0.1)
    assert codes(orders, 3) == [0, 0, 99991400]
    control.set_quota_scale(0)
    assert codes(orders, 30) == [0] * 30
