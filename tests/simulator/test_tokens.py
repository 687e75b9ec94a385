from tests.simulator.api import Api


def test_the_same_token_is_given_while_half_an_hour_remains(api, control):
    control.set_clock(scale=0)
    first = api.sign_in().json
    control.advance_clock(5000)
    second = api.sign_in().json
    assert first["tenant_access_token"] == second["tenant_access_token"]
    assert first["expire"] - second["expire"] == 5000
    assert set(second) == {"code", "msg", "tenant_access_token", "expire"}


def test_a_new_token_is_given_when_less_remains_and_the_old_one_lives_to_its_end(api, control, place):
    control.set_clock(scale=0)
    old = api.token
    control.advance_clock(5401)
    new = api.sign_in().json
    assert new["tenant_access_token"] != old
    assert new["expire"] == 7200
    assert api.at(place).search().code == 0
    control.advance_clock(1800)
    assert api.at(place).search().code == 99991663
    api.token = new["tenant_access_token"]
    assert api.at(place).search().code == 0


def test_a_revoked_token_is_refused_and_a_new_one_is_given(api, control, place):
    assert control.revoke_tokens(api.app_id) == 1
    refused = api.at(place).search()
    assert (refused.status, refused.code) == (400, 99991663)
    api.token = api.sign_in().json["tenant_access_token"]
    assert api.at(place).search().code == 0


def test_bad_credentials_are_answered_with_http_200(simulator):
    wrong = Api(simulator.url, simulator.app_id, "wrong").sign_in()
    assert (wrong.status, wrong.code) == (200, 10015)
    malformed = Api(simulator.url, "nonsense", "x").sign_in()
    assert (malformed.status, malformed.code) == (200, 10003)


def test_apps_are_told_apart(simulator, control, place):
    made = control.create_app(scopes=["bitable:app:readonly"])
    other = Api(simulator.url, made.app_id, made.app_secret).at(place)
    assert other.search().code == 0
    assert other.create({}).code == 99991672
