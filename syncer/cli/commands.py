"""All command modules; importing this registers them."""

from syncer.cli import desk, files, runs, servers, setup
from syncer.cli.demo import command as demo

__all__ = ["demo", "desk", "files", "runs", "servers", "setup"]
