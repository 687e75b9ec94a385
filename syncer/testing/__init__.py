"""Twins that keep the promises of the ports in memory: what tests, and users' own tests, run the engine on."""

from syncer.testing.memory import InMemoryMemory
from syncer.testing.survey import InMemorySurvey
from syncer.testing.world import FakeClock, SeededIds

__all__ = ["FakeClock", "InMemoryMemory", "InMemorySurvey", "SeededIds"]
