import pytest

from tests.sources.stage import Stage


@pytest.fixture
def stage(tmp_path, simulator, database, state_database, redis_url, monkeypatch, capsys):
    made = Stage(tmp_path, simulator, database, state_database, redis_url, monkeypatch, capsys)
    yield made
    made.close()
