"""The parts of the syncer as real processes."""

import pytest

from tests.worker.scene import Scene


@pytest.fixture
def scene(simulator, database, second_database, redis_url, tmp_path):
    with Scene(simulator, database, second_database, redis_url, tmp_path) as scene:
        yield scene
