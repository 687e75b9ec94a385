"""init, doctor, migrate, and the simulator by itself."""

import os
import re
import signal
import stat
import subprocess
import sys
from pathlib import Path

import requests

from syncer.cli.main import _status
from syncer.settings import FeishuApp, Settings

ROOT = Path(__file__).parents[2]
TOKEN = "/open-apis/auth/v3/tenant_access_token/internal"


def test_init_writes_a_private_env_and_a_mapping_and_never_overwrites(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert _status(["init"]) == 0
    env, mapping = tmp_path / ".env", tmp_path / "mappings" / "orders.yaml"
    assert stat.S_IMODE(env.stat().st_mode) == 0o600
    env.write_text("FEISHU_APP_ID=mine\n")
    mapping.write_text("mine")
    assert _status(["init"]) == 0
    assert (env.read_text(), mapping.read_text()) == ("FEISHU_APP_ID=mine\n", "mine")
    assert capsys.readouterr().out.count("was left as it is") == 2


def test_every_setting_stands_in_the_env_that_init_writes(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    _status(["init"])
    written = (tmp_path / ".env").read_text()
    plain = {f"SYNCER_{name.upper()}" for name in Settings.model_fields if name not in {"connections", "apps"}}
    default = {f"FEISHU_{name.upper()}" for name in FeishuApp.model_fields}
    further = {f"SYNCER_APPS__<NAME>__{name.upper()}" for name in FeishuApp.model_fields}
    missing = [name for name in plain | default | further if not re.search(rf"^(# )?{name}=", written, re.MULTILINE)]
    assert missing == []
    assert "SYNCER_CONNECTIONS__ERP=" in written


def test_what_init_wrote_is_answered_with_what_to_fill_in(room):
    room.set(
        FEISHU_APP_ID=None,
        FEISHU_APP_SECRET=None,
        FEISHU_DOMAIN=None,
        SYNCER_CONNECTIONS__ERP=None,
        ORDERS_APP_TOKEN=None,
    )
    (room.folder / "mappings" / "orders.yaml").unlink()
    room.ok("init")
    ended = room.run("doctor")
    assert ended.status == 2
    assert "set FEISHU_APP_ID and FEISHU_APP_SECRET" in ended.err
    assert "ORDERS_APP_TOKEN" in ended.err


def test_doctor_finds_everything_well_and_gives_advice(room):
    checks = {check["what"]: check for check in room.json("doctor")["checks"]}
    assert list(checks) == ["state store", "Redis", "connection erp", "Feishu app default", "mapping orders"]
    assert all(check["ok"] for check in checks.values())
    assert "Modified time" in " ".join(checks["mapping orders"]["advice"])
    shown = room.ok("doctor")
    assert shown.out.count("ok   ") == 5
    assert shown.err == ""


def test_doctor_tells_everything_that_is_wrong_at_once(room):
    room.control.set_scopes(room.simulator.app_id, [])
    room.set(
        SYNCER_REDIS_URL="redis://:s3cret-word@127.0.0.1:9/0",
        SYNCER_CONNECTIONS__HR="postgresql://me:s3cret-word@127.0.0.1:9/hr",
    )
    ended = room.run("doctor")
    assert ended.status == 2
    for sentence in ("FAIL Redis", "FAIL connection hr", "FAIL mapping orders", "99991672", "bitable:app"):
        assert sentence in ended.err
    assert "ok   state store" in ended.out
    assert "s3cret-word" not in ended.out + ended.err


def test_migrate_names_the_revision(room):
    assert "revision 0" in room.ok("migrate").out


def test_the_simulator_tells_its_address_and_ends_cleanly_on_ctrl_c(tmp_path):
    code = [sys.executable, "-c", "from syncer.cli.main import main; main()", "simulator", "--port", "0"]
    env = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        code, cwd=tmp_path, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        lines = [process.stdout.readline().strip() for _ in range(4)]
        url = lines[0]
        assert lines[1:3] == [f"FEISHU_DOMAIN={url}", "FEISHU_APP_ID=cli_a000000000000001"]
        assert requests.post(f"{url}{TOKEN}", json={}, timeout=5).json()["code"] == 10003
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=20)
    assert process.returncode == 0
    assert "Traceback" not in err
    assert "Ctrl-C" in err


def test_a_port_that_is_taken_is_said_to_be(simulator, capsys):
    port = simulator.url.rsplit(":", 1)[1]
    assert _status(["simulator", "--port", port]) == 2
    assert "give another --port" in capsys.readouterr().err
