"""How fast the syncer is, beside a bare loop that makes the same calls. ``docs/benchmarks.md`` says how to read it."""
