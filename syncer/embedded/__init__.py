"""A real PostgreSQL and a real Redis from wheels, for one machine and no installation: the embedded default.

Data lives in ``SYNCER_HOME``. A server starts on first need, is attached to while it runs, and stops when the last
process that uses it ends, however that process ended. The kernel counts the users: every one shares a lock on the file
``users``, and a small keeper process waits to have that lock alone (``keeper.py``).
"""
