"""Real processes of ours beside a simulator: what a long connection needs."""

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parents[2]


def environment(simulator, state_url: str, redis_url: str) -> dict[str, str]:
    """The settings of a process that listens to the simulator's default app."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("SYNCER_", "FEISHU_"))}
    return {
        **kept,
        "PYTHONPATH": str(ROOT),
        "PYTHONUNBUFFERED": "1",
        "SYNCER_DATABASE_URL": state_url,
        "SYNCER_REDIS_URL": redis_url,
        "SYNCER_CONNECTIONS__ERP": state_url,
        "FEISHU_DOMAIN": simulator.url,
        "FEISHU_APP_ID": simulator.app_id,
        "FEISHU_APP_SECRET": simulator.app_secret,
    }


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "syncer", *arguments]


def until(is_so: Callable[[], object], seconds: float = 30, what: str = "it") -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, f"{what} did not come within {seconds} s"
        time.sleep(0.05)


def alive(pid: int) -> bool:
    """Whether a process lives (a zombie does not)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
