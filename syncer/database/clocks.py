"""How far a database's clock is from ours."""

from datetime import timedelta

import psycopg

from syncer.ports import Clock

NOISE = timedelta(seconds=0.1)
"""Less than this is the way there and back."""


def skew_of(connection: psycopg.Connection, clock: Clock) -> timedelta:
    """How much later it is there than here; zero for what cannot be told from the way."""
    connection.execute("SELECT 1")
    began = clock.now()
    (there,) = connection.execute("SELECT clock_timestamp()").fetchone() or (began,)
    ended = clock.now()
    skew: timedelta = there - (began + (ended - began) / 2)
    return skew if abs(skew) > NOISE + (ended - began) / 2 else timedelta(0)
