"""Settings: what the environment may say, and how a fault is told."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncer.errors import SettingsError
from syncer.settings import Settings, known, load_settings

SECRET = "h0-näh-密码-🙂"
APP = {"FEISHU_APP_ID": "cli_1", "FEISHU_APP_SECRET": SECRET}


def load(**env: str) -> Settings:
    return load_settings(env, None)


def faults(env_file: Path | None = None, **env: str) -> tuple[str, ...]:
    with pytest.raises(SettingsError) as caught:
        load_settings(env, env_file)
    return caught.value.faults


def test_an_empty_environment_gives_the_defaults_of_the_table() -> None:
    settings = load()
    assert settings.database_url is None
    assert settings.redis_url is None
    assert settings.home == Path(".syncer")
    assert settings.connections == {}
    assert settings.apps == {}
    assert settings.mappings == Path("mappings")
    assert (settings.http_host, settings.http_port) == ("127.0.0.1", 8080)
    assert settings.feishu_timeout == 30
    assert settings.batch_records == 1000
    assert settings.writer == "table"
    assert settings.quota_scale == 1
    assert settings.lease_seconds == 60
    assert settings.audit_days == 365


def test_every_plain_setting_is_taken_from_its_variable() -> None:
    settings = load(
        SYNCER_DATABASE_URL="postgresql+psycopg://u:p@h/state",
        SYNCER_REDIS_URL="rediss://:p@h:6379/3",
        SYNCER_HOME="/var/lib/syncer",
        SYNCER_MAPPINGS="/etc/映射",
        SYNCER_HTTP_HOST="0.0.0.0",
        SYNCER_HTTP_PORT="80",
        SYNCER_FEISHU_TIMEOUT="2.5",
        SYNCER_BATCH_RECORDS="200",
        SYNCER_WRITER="base",
        SYNCER_QUOTA_SCALE="0",
        SYNCER_LEASE_SECONDS="5",
        SYNCER_AUDIT_DAYS="0",
    )
    assert settings.audit_days == 0
    assert settings.database_url is not None
    assert settings.database_url.get_secret_value() == "postgresql+psycopg://u:p@h/state"
    assert settings.redis_url is not None
    assert settings.redis_url.get_secret_value() == "rediss://:p@h:6379/3"
    assert (settings.home, settings.mappings) == (Path("/var/lib/syncer"), Path("/etc/映射"))
    assert (settings.http_host, settings.http_port) == ("0.0.0.0", 80)
    assert (settings.feishu_timeout, settings.batch_records, settings.writer) == (2.5, 200, "base")
    assert (settings.quota_scale, settings.lease_seconds) == (0, 5)


def test_an_empty_variable_is_as_none() -> None:
    assert load(SYNCER_HTTP_PORT="", SYNCER_DATABASE_URL=" ", FEISHU_APP_SECRET="") == load()


def test_the_default_app_comes_from_the_feishu_names() -> None:
    settings = load(**APP, FEISHU_ENCRYPT_KEY="key", FEISHU_VERIFICATION_TOKEN="token")
    app = settings.apps["default"]
    assert (app.app_id, app.app_secret.get_secret_value(), app.domain) == ("cli_1", SECRET, "https://open.feishu.cn")
    assert app.encrypt_key is not None
    assert app.encrypt_key.get_secret_value() == "key"
    assert app.verification_token is not None
    assert app.verification_token.get_secret_value() == "token"


def test_further_apps_carry_their_names_in_lower_case() -> None:
    settings = load(
        **APP,
        SYNCER_APPS__EU__APP_ID="cli_2",
        SYNCER_APPS__EU__APP_SECRET="s2",
        SYNCER_APPS__EU__DOMAIN="https://open.larksuite.com/",
        SYNCER_APPS__big_corp__APP_ID="cli_3",
        SYNCER_APPS__BIG_CORP__APP_SECRET="s3",
    )
    assert {name: app.app_id for name, app in settings.apps.items()} == {
        "default": "cli_1", "eu": "cli_2", "big_corp": "cli_3",
    }  # fmt: skip
    assert settings.apps["eu"].domain == "https://open.larksuite.com"


def test_an_address_alone_makes_no_app() -> None:
    assert load(FEISHU_DOMAIN="http://127.0.0.1:8000").apps == {}


@pytest.mark.parametrize("domain", ["http://feishu-sim:8000", "http://127.0.0.1:45123/", "https://open.larksuite.com"])
def test_a_domain_may_be_a_simulator_and_loses_its_last_slash(domain: str) -> None:
    assert load(**APP, FEISHU_DOMAIN=domain).apps["default"].domain == domain.rstrip("/")


@pytest.mark.parametrize(
    "domain", ["open.feishu.cn", "ftp://open.feishu.cn", "https://", "https://open.feishu.cn/open-apis"]
)
def test_a_domain_that_is_no_address_is_a_fault(domain: str) -> None:
    (fault,) = faults(**APP, FEISHU_DOMAIN=domain)
    assert fault.startswith("FEISHU_DOMAIN does not fit; set it to https://open.feishu.cn")


@pytest.mark.parametrize(
    ("given_url", "url"),
    [
        ("postgres://u:p@h/x", "postgresql+psycopg://u:p@h/x"),
        ("postgresql://u:p%40@h/x?sslmode=require", "postgresql+psycopg://u:p%40@h/x?sslmode=require"),
        ("postgresql+psycopg://u@/x?host=%2Frun", "postgresql+psycopg://u@/x?host=%2Frun"),
        ("sqlite:////data/a.db", "sqlite:////data/a.db"),
    ],
)
def test_a_connection_keeps_its_url_and_postgres_gets_our_driver(given_url: str, url: str) -> None:
    assert load(SYNCER_CONNECTIONS__ERP=given_url).connections["erp"].get_secret_value() == url


def test_connections_are_compared_in_lower_case() -> None:
    settings = load(SYNCER_CONNECTIONS__Erp="sqlite://", syncer_connections__crm_2="sqlite://")
    assert sorted(settings.connections) == ["crm_2", "erp"]
    (fault,) = faults(SYNCER_CONNECTIONS__ERP="sqlite://", SYNCER_CONNECTIONS__erp="sqlite://")
    assert fault == "SYNCER_CONNECTIONS__ERP and SYNCER_CONNECTIONS__erp set the same; keep one of them"


@pytest.mark.parametrize(
    "name",
    [
        "SYNCER_DATABASE_URL", "SYNCER_REDIS_URL", "SYNCER_CONNECTIONS__ERP", "FEISHU_APP_SECRET", "FEISHU_ENCRYPT_KEY",
        "FEISHU_VERIFICATION_TOKEN", "SYNCER_APPS__X__APP_SECRET", "SYNCER_APPS__X__ENCRYPT_KEY",
        "SYNCER_APPS__X__VERIFICATION_TOKEN",
    ],
)  # fmt: skip
def test_every_secret_may_stand_in_a_file(name: str, tmp_path: Path) -> None:
    env = {
        "SYNCER_DATABASE_URL": "postgresql://u:p@h/x", "SYNCER_REDIS_URL": "redis://h", "SYNCER_CONNECTIONS__ERP": "sqlite://",
        "SYNCER_APPS__X__APP_ID": "cli_x", "SYNCER_APPS__X__APP_SECRET": "s", "SYNCER_APPS__X__ENCRYPT_KEY": "e",
        "SYNCER_APPS__X__VERIFICATION_TOKEN": "v", "FEISHU_ENCRYPT_KEY": "e", "FEISHU_VERIFICATION_TOKEN": "v",
    } | APP  # fmt: skip
    whole = load_settings(env, None)
    file = tmp_path / "secret"
    file.write_text(env.pop(name) + "\n", encoding="utf-8")
    assert load_settings(env | {f"{name}_FILE": str(file)}, None) == whole


def test_only_secrets_are_read_from_files() -> None:
    assert known("FEISHU_APP_SECRET_FILE")
    assert not known("SYNCER_HOME_FILE")
    assert not known("FEISHU_APP_ID_FILE")


def test_a_secret_file_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    empty, binary = tmp_path / "empty", tmp_path / "binary"
    empty.write_text("\n")
    binary.write_bytes(b"\xff\xfe\x00")
    told = faults(
        FEISHU_APP_ID="cli_1",
        FEISHU_APP_SECRET_FILE="/nowhere/secret",
        FEISHU_ENCRYPT_KEY_FILE=str(empty),
        FEISHU_VERIFICATION_TOKEN_FILE=str(binary),
    )
    right = "name a readable file that holds the value"
    assert told == (
        f"FEISHU_APP_SECRET_FILE: cannot use the file /nowhere/secret (No such file or directory); {right}",
        f"FEISHU_ENCRYPT_KEY_FILE: cannot use the file {empty} (it is empty); {right}",
        f"FEISHU_VERIFICATION_TOKEN_FILE: cannot use the file {binary} (no UTF-8 text is there); {right}",
    )


def test_a_secret_given_twice_is_a_fault(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("other")
    (fault,) = faults(**APP, FEISHU_APP_SECRET_FILE=str(file))
    assert fault == "FEISHU_APP_SECRET and FEISHU_APP_SECRET_FILE set the same; keep one of them"


def test_a_dot_env_file_is_read_and_the_environment_wins(tmp_path: Path) -> None:
    file, secret = tmp_path / ".env", tmp_path / "secret"
    secret.write_text("from the environment")
    file.write_text(
        "# 注释\nexport SYNCER_HTTP_PORT=81\nSYNCER_HTTP_HOST='0.0.0.0'\nFEISHU_APP_ID=cli_1\n"
        'FEISHU_APP_SECRET="a$HOME${NOT}#b"\nORDERS_APP_TOKEN=bascn\n',
        encoding="utf-8",
    )
    settings = load_settings({"SYNCER_HTTP_PORT": "82"}, file)
    assert (settings.http_port, settings.http_host) == (82, "0.0.0.0")
    assert settings.apps["default"].app_secret.get_secret_value() == "a$HOME${NOT}#b"
    settings = load_settings({"FEISHU_APP_SECRET_FILE": str(secret)}, file)
    assert settings.apps["default"].app_secret.get_secret_value() == "from the environment"


def test_a_fault_in_a_dot_env_file_says_where(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("SYNCER_HTTP_PORT=no\n\nthis is not a line\n")
    assert faults(file) == (
        f"{file}, line 2: write NAME=value",
        f"SYNCER_HTTP_PORT in {file} does not fit; set it to a port from 1 to 65535",
    )


def test_a_missing_dot_env_file_is_no_fault(tmp_path: Path) -> None:
    assert load_settings({}, tmp_path / ".env") == load()


@pytest.mark.parametrize(
    ("name", "value", "right"),
    [
        ("SYNCER_HTTP_PORT", "0", "a port from 1 to 65535"),
        ("SYNCER_HTTP_PORT", "八十", "a port from 1 to 65535"),
        ("SYNCER_FEISHU_TIMEOUT", "0", "seconds above 0, at most 600"),
        ("SYNCER_FEISHU_TIMEOUT", "inf", "seconds above 0, at most 600"),
        ("SYNCER_BATCH_RECORDS", "1001", "a number of records from 1 to 1000"),
        ("SYNCER_BATCH_RECORDS", "2.5", "a number of records from 1 to 1000"),
        ("SYNCER_WRITER", "cell", "table or base"),
        ("SYNCER_QUOTA_SCALE", "-1", "a number from 0 (no limit) to 100"),
        ("SYNCER_QUOTA_SCALE", "nan", "a number from 0 (no limit) to 100"),
        ("SYNCER_LEASE_SECONDS", "0", "whole seconds from 1 to 3600"),
        ("SYNCER_DATABASE_URL", "mysql+pymysql://u:p@h/x", "the URL of a PostgreSQL database, such as "),
        ("SYNCER_DATABASE_URL", "postgresql://u:p@h:port/x", "the URL of a PostgreSQL database, such as "),
        ("SYNCER_REDIS_URL", "http://h:6379", "the URL of a Redis, such as "),
        ("SYNCER_CONNECTIONS__ERP", "erp.example", "a SQLAlchemy URL, such as "),
    ],
)
def test_a_value_that_does_not_fit_is_told_with_what_would_be_right(name: str, value: str, right: str) -> None:
    (fault,) = faults(**{name: value})
    assert fault.startswith(f"{name} does not fit; set it to {right}")


def test_all_faults_are_told_at_once() -> None:
    told = faults(SYNCER_HTTP_PORT="x", SYNCER_WRITER="y", FEISHU_APP_ID="cli_1", SYNCER_APPS__EU__APP_SECRET="s")
    assert [fault.split()[0] for fault in told] == [
        "FEISHU_APP_SECRET", "SYNCER_APPS__EU__APP_ID", "SYNCER_HTTP_PORT", "SYNCER_WRITER",
    ]  # fmt: skip
    assert told[0] == "FEISHU_APP_SECRET is missing; set it to the app's secret from Feishu's developer console"


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("SYNCER_REDIS_ULR", "SYNCER_REDIS_URL"),
        ("SYNCER_DATABSE_URL", "SYNCER_DATABASE_URL"),
        ("SYNCER_CONNECTIONS", "SYNCER_CONNECTIONS__<NAME>"),
        ("SYNCER_CONNECTIONS_ERP", "SYNCER_CONNECTIONS__<NAME>"),
        ("SYNCER_APPS__EU__SECRET", "SYNCER_APPS__<NAME>__APP_ID or "),
    ],
)
def test_a_misspelt_name_is_told_instead_of_the_default_being_taken(name: str, meant: str) -> None:
    (fault,) = faults(**{name: "redis://h"})
    assert fault.startswith(f"{name} is no setting; write {meant}")


def test_names_that_are_not_ours_are_left_alone() -> None:
    assert load(PATH="/bin", SYNCER_TEST_DATABASE_URL="x", FEISHU_ORDERS_TOKEN="x", SYNCERS="x") == load()


def test_no_secret_is_ever_shown(tmp_path: Path) -> None:
    env = {
        "SYNCER_DATABASE_URL": f"postgresql://u:{SECRET}@h/x", "SYNCER_REDIS_URL": f"redis://:{SECRET}@h",
        "SYNCER_CONNECTIONS__ERP": f"mysql+pymysql://u:{SECRET}@h/x", "FEISHU_ENCRYPT_KEY": SECRET,
    } | APP  # fmt: skip
    settings = load_settings(env, None)
    assert SECRET not in f"{settings!r}{settings}{settings.apps!r}{settings.connections}{settings.model_dump_json()}"
    for name in env:
        with pytest.raises(SettingsError) as caught:
            load_settings(env | {name: f"//{SECRET}", "SYNCER_HTTP_PORT": SECRET, "FEISHU_DOMAIN": SECRET}, None)
        assert SECRET not in f"{caught.value}{caught.value!r}{caught.value.__cause__!r}{caught.value.__context__!r}"


NAMES = [
    "SYNCER_HTTP_PORT", "SYNCER_DATABASE_URL", "SYNCER_CONNECTIONS__ERP", "FEISHU_APP_ID", "FEISHU_DOMAIN",
    "SYNCER_APPS__A__DOMAIN", "SYNCER_QUOTA_SCALE", "SYNCER_WRITER", "SYNCER_REDIS_URL", "SYNCER_HOME",
    "FEISHU_APP_SECRET_FILE", "SYNCER_APPS",
]  # fmt: skip


@given(st.dictionaries(st.sampled_from(NAMES), st.text()))
def test_whatever_stands_there_gives_settings_or_a_settings_error(env: dict[str, str]) -> None:
    try:
        told = load_settings(env, None) == load_settings(env, None)
    except SettingsError as error:
        told = all("; " in fault for fault in error.faults)
    assert told
