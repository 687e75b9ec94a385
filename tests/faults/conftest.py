"""The stage of the engine's scenarios: simulator, mapped database, state store, Redis, and a whole syncer."""

import pytest

from tests.engine.stage import Stage


@pytest.fixture
def stage(simulator, database, second_database, redis_url, tmp_path):
    with Stage(simulator, database, second_database, redis_url, tmp_path) as stage:
        yield stage
