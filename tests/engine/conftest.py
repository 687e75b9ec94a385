"""A stage for every scenario: simulator, mapped database, state store, Redis, and a syncer over all of them."""

import pytest

pytest.register_assert_rewrite("tests.engine.stage", "tests.engine.tables")

from tests.engine.stage import Stage  # noqa: E402 - its assertions tell more once they are rewritten


@pytest.fixture
def stage(simulator, database, state_database, redis_url, tmp_path):
    with Stage(simulator, database, state_database, redis_url, tmp_path) as stage:
        yield stage
