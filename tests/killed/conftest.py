"""What tells more when it fails."""

import pytest

pytest.register_assert_rewrite(
    "tests.engine.stage", "tests.noticing.stage", "tests.killed.scene", "tests.killed.deaths"
)
