"""``python -m syncer``: the command line, for processes that start one another."""

from syncer.cli.main import main

main()
