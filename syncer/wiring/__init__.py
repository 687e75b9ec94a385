"""The one place that builds living objects: settings in, a working syncer out.

Everything is made when it is first needed: a command that never speaks to Feishu never loads its SDK, and one that
never looks at the state store starts no server. Each module adds a noun: services, then the doors made of them, then
mappings as they were applied, then their runs.
"""

from syncer.wiring.runs import Syncer

__all__ = ["Syncer"]
