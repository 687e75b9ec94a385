"""What every test may use: the services of ``tests/services.py`` and hypothesis' two ways of looking.

And their order: the rooms whose files take longest come first, so that workers that take a file at a time end together.
"""

from hypothesis import HealthCheck, settings

pytest_plugins = ["tests.services"]

settings.register_profile("default", deadline=None, derandomize=True, max_examples=60)
# Looks long and elsewhere every time: pytest --hypothesis-profile=hunt
settings.register_profile(
    "hunt", deadline=None, max_examples=5000, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.load_profile("default")

LONG = ("killed", "faults", "convergence", "worker", "system", "sources", "scenarios", "noticing", "engine", "embedded")
SHORT = ("batching", "contracts", "database", "catalog", "fields", "core")


def pytest_collection_modifyitems(items):
    items.sort(key=lambda item: _place(item.path.parent.name))


def _place(room):
    if room in LONG:
        return LONG.index(room)
    return len(LONG) + (1 + SHORT.index(room) if room in SHORT else 0)
