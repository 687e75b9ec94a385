"""The fixtures of other rooms that are used here."""

from tests.state.fresh import state_url

__all__ = ["state_url"]
