"""``syncer status`` says how far both sides were read."""

import json

import pytest

from syncer.cli.main import _status


@pytest.fixture
def status(stage, monkeypatch, capsys):
    for name, value in stage.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(stage.folder)

    def ask(*words):
        capsys.readouterr()
        assert _status(["status", *words]) == 0
        return capsys.readouterr().out

    return ask


def test_status_shows_revision_capture_and_since_when(stage, pair, status):
    assert "not read yet" in status("orders")
    pair.begin(("A-1", 1, "始"))
    revision = stage.control.table(pair.place.app_token, pair.place.table_id)["revision"]
    cursors = json.loads(status("orders", "--json"))["mappings"][0]["cursors"]
    assert cursors["feishu"]["revision"] == revision
    assert cursors["feishu"]["read_whole_because"] == "it was never read before"
    assert cursors["database"]["capture"]["kind"] == "trigger"
    assert cursors["database"]["read_whole_at"].endswith("Z")  # as all times are told
    said = " ".join(status("orders").split())
    assert f"known as of revision {revision} since 2" in said
    assert "snapshot" in said


def test_a_capture_that_is_too_old_to_trust_is_read_whole_and_said_in_words(stage, pair, status):
    pair.begin(("A-1", 1, "始"))
    pair.sql("ALTER TABLE {t} DISABLE TRIGGER ALL")
    pair.sql("UPDATE {t} SET note = 'nobody noticed'")
    pair.sql("ALTER TABLE {t} ENABLE TRIGGER ALL")
    pair.sync()
    pair.equal()
    why = json.loads(status("orders", "--json"))["mappings"][0]["cursors"]["database"]["read_whole_because"]
    assert why
    assert why in " ".join(status("orders").split())
