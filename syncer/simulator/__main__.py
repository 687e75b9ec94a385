"""`python -m syncer.simulator --port N --control`: the stand-in Feishu alone.

Its address is its first line of output.
"""

import argparse
import logging
import sys

from syncer.simulator.server import RequestUrl, serve
from syncer.simulator.watchdog import Watch


def _arguments(given: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m syncer.simulator", description="A small Feishu over HTTP")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free port")
    parser.add_argument("--seed", type=int, default=1, help="ids repeat for the same seed")
    parser.add_argument("--control", action="store_true", help="serve the control API too")
    parser.add_argument("--quota-scale", type=float, default=1.0, help="multiplies the documented rates, 0 = no limit")
    parser.add_argument("--events-url", help="the default app's request URL, where its events are posted")
    parser.add_argument("--encrypt-key", default="", help="of the default app; events are then encrypted and signed")
    parser.add_argument("--verification-token", default="", help="of the default app")
    parser.add_argument("--parent-pid", type=int, help="end when this process is no longer the parent")
    parser.add_argument("--watch-stdin", action="store_true", help="end when standard input is closed")
    return parser.parse_args(given)


def _tell(url: str) -> None:
    sys.stdout.write(f"{url}\n")
    sys.stdout.flush()


def main(given: list[str] | None = None) -> None:
    """Serve until told to stop."""
    logging.basicConfig(level=logging.WARNING)
    wanted = _arguments(given)
    keys = (wanted.encrypt_key, wanted.verification_token)
    serve(
        wanted.host,
        wanted.port,
        control=wanted.control,
        seed=wanted.seed,
        quota_scale=wanted.quota_scale,
        events=RequestUrl(wanted.events_url, *keys) if wanted.events_url else None,
        watch=Watch(wanted.parent_pid, wanted.watch_stdin),
        ready=_tell,
    )


if __name__ == "__main__":
    main()
