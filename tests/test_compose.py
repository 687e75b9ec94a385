"""The compose file and the Dockerfile, held against what they speak of: commands, settings, secrets, each other."""

import re
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from syncer.cli.commands import MODULES
from syncer.cli.init import _ENV
from syncer.settings import DEFAULT_APP, FeishuApp, Settings, known, load_settings
from syncer.state.agenda import Kind

ROOT = Path(__file__).parent.parent
COMPOSE: dict[str, Any] = YAML(typ="safe").load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if service.get("build") == "."}

COMMANDS = {
    "demo", "up", "worker", "beat", "serve", "listen", "simulator", "init", "doctor", "migrate", "schema", "check",
    "apply", "remove", "plan", "sync", "status", "approve", "conflicts", "failures", "history", "verify", "undo",
    "mappings", "pause", "resume",
}  # fmt: skip
SECRET_NAMES = re.compile(r".*(SECRET|PASSWORD|TOKEN|KEY|DATABASE_URL|CONNECTIONS__.*)")


def environment(service: dict[str, Any]) -> dict[str, str]:
    return service.get("environment", {})


def text_files() -> list[Path]:
    return [ROOT / name for name in ("docker-compose.yml", "Dockerfile", "Makefile", "requirements.lock", ".ci/run")]


def test_every_part_of_the_syncer_is_there() -> None:
    assert {service["command"][0] for service in OURS.values()} == {
        "migrate", "worker", "beat", "serve", "listen", "simulator",
    }  # fmt: skip
    workers = [service["command"] for service in OURS.values() if service["command"][0] == "worker"]
    assert {queue for words in workers for queue in words[words.index("--queues") + 1].split(",")} == set(Kind)
    assert {"postgres", "redis"} <= SERVICES.keys()


@pytest.mark.parametrize("name", OURS)
def test_a_service_runs_a_command_that_exists(name: str) -> None:
    assert OURS[name]["command"][0] in COMMANDS
    assert OURS[name]["command"][0] in MODULES


@pytest.mark.parametrize("name", OURS)
def test_a_service_is_given_only_names_that_are_settings(name: str) -> None:
    assert [variable for variable in environment(OURS[name]) if not known(variable)] == []


@pytest.mark.parametrize("name", ["worker", "bulk", "beat", "serve", "listen", "migrate"])
def test_the_settings_of_a_service_are_accepted(name: str, tmp_path: Path) -> None:
    contents = {
        "database_url": "postgresql://u:p@postgres/syncer",
        "erp_url": "postgresql://h/erp",
        "feishu_app_secret": "s",
    }
    for secret, content in contents.items():
        (tmp_path / secret).write_text(content)
    given = {key: inside(value, tmp_path) for key, value in environment(OURS[name]).items()}
    settings = load_settings(given | {"FEISHU_APP_ID": "cli_1"}, None)
    assert settings.database_url is not None
    assert settings.redis_url is not None
    assert list(settings.connections) == ["erp"]
    assert settings.apps["default"].domain == "https://open.feishu.cn"


def inside(value: str, secrets: Path) -> str:
    """The value as the container sees it, when the shell that starts it sets nothing."""
    without_shell = re.sub(r"\$\{[A-Z_]+:-([^}]*)\}", r"\1", value)
    return without_shell.replace("/run/secrets", str(secrets))


@pytest.mark.parametrize("name", SERVICES)
def test_no_secret_stands_in_the_file(name: str) -> None:
    for variable, value in environment(SERVICES[name]).items():
        if SECRET_NAMES.fullmatch(variable):
            assert value.startswith("/run/secrets/") or re.fullmatch(r"\$\{[A-Z_]+:-\}", value), variable


@pytest.mark.parametrize("name", SERVICES)
def test_a_secret_that_is_read_is_granted_and_declared(name: str) -> None:
    granted = set(SERVICES[name].get("secrets", []))
    read = {
        value.rsplit("/", 1)[1] for value in environment(SERVICES[name]).values() if value.startswith("/run/secrets/")
    }
    assert read == granted
    assert granted <= COMPOSE["secrets"].keys()


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_waits_only_for_services_that_are_always_there(name: str) -> None:
    for other, how in SERVICES[name].get("depends_on", {}).items():
        assert "profiles" not in SERVICES[other]
        if how["condition"] == "service_healthy":
            assert "healthcheck" in SERVICES[other]
        if how["condition"] == "service_completed_successfully":
            assert SERVICES[other]["restart"] == "no"


def test_volumes_with_names_are_declared() -> None:
    used = {volume.split(":")[0] for service in SERVICES.values() for volume in service.get("volumes", [])}
    assert {name for name in used if not name.startswith(".")} == COMPOSE["volumes"].keys()


def test_nothing_is_open_to_the_network_unasked() -> None:
    ports = [port for service in SERVICES.values() for port in service.get("ports", [])]
    assert ports
    assert [port for port in ports if not port.startswith("127.0.0.1:")] == []


def test_the_simulator_answers_where_the_comment_says_and_only_when_asked_for() -> None:
    simulator = SERVICES["feishu-sim"]
    assert simulator["profiles"] == ["demo"]
    assert simulator["command"][-1] == "8000"
    assert "FEISHU_DOMAIN=http://feishu-sim:8000" in (ROOT / "docker-compose.yml").read_text(encoding="utf-8")


def test_images_and_files_name_no_registry() -> None:
    images = [service["image"] for service in SERVICES.values()]
    images += re.findall(r"^FROM (\S+)", (ROOT / "Dockerfile").read_text(encoding="utf-8"), re.MULTILINE)
    assert [image for image in images if "/" in image] == []
    for path in text_files():
        assert not re.search(
            r"index-url|find-links|trusted-host|registry\.",
            path.read_text(encoding="utf-8").replace("--no-emit-index-url", ""),
        )


def test_the_image_takes_along_only_files_that_exist_and_are_let_in() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    lines = re.findall(r"^COPY (?!--from)(.*)$", dockerfile, re.MULTILINE)
    copied = [name for line in lines for name in line.split()[:-1]]
    let_in = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    assert set(copied) == let_in
    assert [name for name in copied if not (ROOT / name).exists()] == []


def test_the_image_runs_as_an_ordinary_account_without_what_only_building_needs() -> None:
    _, *stages = re.split(r"^FROM .*$", (ROOT / "Dockerfile").read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert len(stages) == 2
    assert re.search(r"^USER syncer$", stages[-1], re.MULTILINE)
    assert "pip install" not in stages[-1]


ALLOWED = {
    "build", "image", "init", "restart", "environment", "secrets", "volumes", "depends_on", "command", "healthcheck",
    "ports", "profiles", "stop_grace_period",
}  # fmt: skip
SPAN = re.compile(r"[0-9]+(ms|s|m|h)")


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_has_the_shape_compose_wants(name: str) -> None:
    service = SERVICES[name]
    assert set(service) <= ALLOWED
    assert isinstance(service["image"], str)
    assert all(isinstance(word, str) for word in service.get("command", []))
    assert service.get("restart", "no") in {"no", "always", "on-failure", "unless-stopped"}
    assert all(isinstance(value, str) for value in environment(service).values())
    assert all(re.fullmatch(r"[^:]+:[^:]+(:ro)?", volume) for volume in service.get("volumes", []))
    assert all(re.fullmatch(r"[0-9.]+:[0-9]+:[0-9]+", port) for port in service.get("ports", []))
    assert SPAN.fullmatch(service.get("stop_grace_period", "10s"))
    assert all(set(how) == {"condition"} for how in service.get("depends_on", {}).values())
    assert set(service.get("depends_on", {})) <= SERVICES.keys()


@pytest.mark.parametrize("name", [name for name in SERVICES if name != "migrate"])
def test_whatever_goes_on_running_says_whether_it_is_well(name: str) -> None:
    check = SERVICES[name]["healthcheck"]
    assert check["test"][0] == "CMD"
    assert {"interval", "timeout", "retries", "test"} <= check.keys() <= {*check} | {"start_period"}
    assert all(SPAN.fullmatch(check[key]) for key in ("interval", "timeout", "start_period") if key in check)
    if check["test"][1] == "python":
        compile(check["test"][3], name, "exec")


def test_the_keys_of_the_file_itself_are_those_of_compose() -> None:
    assert {key for key in COMPOSE if not key.startswith("x-")} == {"services", "secrets", "volumes"}


def test_a_worker_is_killed_only_after_the_grace_it_gives_its_runs() -> None:
    for service in OURS.values():
        words = service["command"]
        if words[0] == "worker":
            assert int(words[words.index("--grace") + 1]) < int(service["stop_grace_period"].removesuffix("s"))


def names_of_settings() -> set[str]:
    plain = {f"SYNCER_{name.upper()}" for name in Settings.model_fields if name not in {"apps", "connections"}}
    of_app = {name.upper() for name in FeishuApp.model_fields}
    assert DEFAULT_APP == "default"
    named = {f"FEISHU_{name}" for name in of_app} | {f"SYNCER_APPS__<NAME>__{name}" for name in of_app}
    return plain | named | {"SYNCER_CONNECTIONS__<NAME>"}


def test_the_example_of_an_env_file_names_every_setting_and_is_what_init_writes() -> None:
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    assert example == _ENV
    assert sorted(name for name in names_of_settings() if name not in example) == []
    given = {line.split("=")[0].lstrip("# ") for line in example.splitlines() if re.match(r"#? ?[A-Z_]+.*=", line)}
    assert sorted(name for name in given if not known(name.replace("<NAME>", "X")) and name.startswith("SYNCER")) == []
