"""What every test may use: the services of ``tests/services.py`` and hypothesis' two ways of looking."""

from hypothesis import HealthCheck, settings

pytest_plugins = ["tests.services"]

settings.register_profile("default", deadline=None, derandomize=True, max_examples=60)
# Looks long and elsewhere every time: pytest --hypothesis-profile=hunt
settings.register_profile(
    "hunt", deadline=None, max_examples=5000, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.load_profile("default")
