"""The same stage that the engine's tests are told on, for the scenarios that are played on real tables."""

import pytest

pytest.register_assert_rewrite("tests.engine.stage", "tests.scenarios.playing")

from tests.engine.stage import Stage  # noqa: E402 - its assertions tell more once they are rewritten


@pytest.fixture
def stage(simulator, database, state_database, redis_url, tmp_path):
    with Stage(simulator, database, state_database, redis_url, tmp_path) as stage:
        yield stage
