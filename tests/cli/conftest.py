import pytest

from tests.cli.room import Room


@pytest.fixture
def room(tmp_path, simulator, database, state_database, redis_url, monkeypatch, capsys):
    made = Room(tmp_path, simulator, database, state_database, redis_url, monkeypatch, capsys)
    yield made
    made.close()
