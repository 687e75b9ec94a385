"""Twins that keep the promises of the ports in memory: what tests, and users' own tests, run the engine on."""

from syncer.testing.capture import ChangeLog, InMemoryCapture
from syncer.testing.memory import InMemoryMemory
from syncer.testing.records import BitableTable, InMemoryRecords
from syncer.testing.rows import InMemoryRows, SqlTable
from syncer.testing.signals import InMemoryNoticing, InMemorySignals
from syncer.testing.world import FakeClock, SeededIds

__all__ = [
    "BitableTable",
    "ChangeLog",
    "FakeClock",
    "InMemoryCapture",
    "InMemoryMemory",
    "InMemoryNoticing",
    "InMemoryRecords",
    "InMemoryRows",
    "InMemorySignals",
    "SeededIds",
    "SqlTable",
]
