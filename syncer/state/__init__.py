"""Remembers, in PostgreSQL: mappings, links and their bases, intents, cursors, runs, conflicts, failures, audits."""
