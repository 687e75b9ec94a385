"""A child that has lost its parent ends by itself: also where the parent was killed and could tell nobody."""

import os
import threading
import time

_APART = 0.5


def end_with(parent_pid: int, status: int = 5) -> None:
    """End this process, within a second, once the process of that id is no longer its parent."""

    def watch() -> None:
        while os.getppid() == parent_pid:
            time.sleep(_APART)
        os._exit(status)

    threading.Thread(target=watch, name="syncer-orphan-watch", daemon=True).start()
