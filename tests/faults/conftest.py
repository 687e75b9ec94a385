"""The stage of the engine's scenarios: simulator, mapped database, state store, Redis, and a whole syncer."""

import pytest

pytest.register_assert_rewrite("tests.engine.stage", "tests.engine.tables", "tests.faults.storm")

from tests.engine.stage import Stage  # noqa: E402 - its assertions tell more once they are rewritten


@pytest.fixture
def stage(simulator, database, state_database, redis_url, tmp_path):
    with Stage(simulator, database, state_database, redis_url, tmp_path) as stage:
        yield stage
