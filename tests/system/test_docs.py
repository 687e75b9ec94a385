"""The documentation is true: its commands exist, its mapping files are right, its tables match the code."""

import re
from pathlib import Path
from typing import Any

import pytest

from syncer.catalog.files import load_file
from syncer.catalog.schema import mapping_schema
from syncer.catalog.supported import NOT_YET
from syncer.cli.commands import MODULES
from syncer.fields import registry
from syncer.settings import known
from syncer.state.agenda import Kind

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
KEYS = (ROOT / "docs" / "mapping-files.md").read_text(encoding="utf-8")
ENVIRONMENT = {"ORDERS_APP_TOKEN": "bascnOrders", "CRM_APP_TOKEN": "bascnCrm"}


def _yaml(text: str) -> list[str]:
    return re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)


@pytest.mark.parametrize("source", [*_yaml(README), *_yaml(KEYS)], ids=lambda source: re.findall("name: .+", source)[0])
def test_every_mapping_file_shown_is_right(source: str, tmp_path: Path) -> None:
    path = tmp_path / "shown.yaml"
    path.write_text(source, encoding="utf-8")
    assert load_file(path, ENVIRONMENT).mapping.pairs


def _names(schema: Any) -> set[str]:
    found = set(schema.get("properties", {}))
    for part in [*schema.get("properties", {}).values(), *schema.get("$defs", {}).values()]:
        found |= _names(part) if isinstance(part, dict) else set()
    return found


def test_every_key_of_a_mapping_file_is_told() -> None:
    told = set(re.findall(r"\w+", KEYS))
    unbuilt = {"department", "kind", "since", "approval_code"}  # parts of sources that are not built yet
    assert _names(mapping_schema()) - unbuilt <= told
    for row in NOT_YET:
        assert row.key[-1] in told


def test_the_table_of_fields_and_columns_is_the_one_of_the_code() -> None:
    assert registry.__doc__ is not None
    lines = [line for line in registry.__doc__.splitlines() if line.startswith("|")]
    assert "\n".join(lines) in KEYS


def test_every_setting_of_the_readme_is_one() -> None:
    table = README[README.index("## Settings") : README.index("## More")]
    names = set(re.findall(r"`((?:SYNCER|FEISHU)_[A-Z_]+(?:<NAME>)?[A-Z_]*)`", table))
    assert {"FEISHU_APP_ID", "SYNCER_DATABASE_URL", "SYNCER_CONNECTIONS__<NAME>", "SYNCER_HTTP_PORT"} <= names
    assert [name for name in sorted(names) if not known(name.replace("<NAME>", "ERP"))] == []


def test_the_chinese_readme_names_the_same_commands_settings_and_statuses() -> None:
    chinese = (ROOT / "README.zh-CN.md").read_text(encoding="utf-8")
    for what in (
        r"(?:^\$ |`)syncer ([a-z]+(?:-[a-z]+)*)",
        r"`((?:SYNCER|FEISHU)_[A-Z_<>]+)`",
        r"^\| ([0-5]) \|",
    ):
        named, same = (set(re.findall(what, page, re.MULTILINE)) for page in (README, chinese))
        assert named <= same, what
    parts = (README.partition("## What surprises people")[2], chinese.partition("## 常见的")[2])
    rows = [part.partition("\n## ")[0].count("\n| ") for part in parts]
    assert rows[0] == rows[1]


def test_every_link_leads_to_a_file() -> None:
    for page in [ROOT / "README.md", ROOT / "README.zh-CN.md", *sorted((ROOT / "docs").glob("*.md"))]:
        for target in re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).is_file(), f"{page.name}: {target}"


def test_every_command_shown_exists() -> None:
    shown = set(re.findall(r"(?:^\$ |`)syncer ([a-z]+(?:-[a-z]+)*)", README, re.MULTILINE))
    assert {"init", "doctor", "check", "apply", "plan", "sync", "status", "conflicts", "failures", "approve"} <= shown
    assert shown - set(MODULES) == set()


def test_commands_and_options_of_the_page_on_running_exist() -> None:
    page = (ROOT / "docs" / "running.md").read_text(encoding="utf-8")
    shown = set(re.findall(r"(?:^\$ |`)syncer ([a-z]+)", page, re.MULTILINE))
    assert {"up", "serve", "worker", "beat", "listen", "migrate", "status"} <= shown <= set(MODULES)
    assert set(re.findall(r"`([a-z]+)` \| \*\*", page)) == set(Kind)
