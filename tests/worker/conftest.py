"""The parts of the syncer as real processes."""

import pytest

from tests.worker.mother import Mother
from tests.worker.scene import Scene


@pytest.fixture(scope="session")
def mother():
    with Mother() as mother:
        yield mother


@pytest.fixture
def scene(mother, simulator, database, second_database, redis_url, tmp_path):
    with Scene(mother, simulator, database, second_database, redis_url, tmp_path) as scene:
        yield scene
