"""A stage with open doors for every scenario."""

import pytest

pytest.register_assert_rewrite("tests.engine.stage", "tests.noticing.stage")

from tests.noticing.stage import NoticingStage  # noqa: E402 - its assertions tell more once they are rewritten


@pytest.fixture
def stage(simulator, database, state_database, redis_url, tmp_path):
    with NoticingStage(simulator, database, state_database, redis_url, tmp_path) as stage:
        yield stage


@pytest.fixture
def pair(stage):
    return stage.listened()
