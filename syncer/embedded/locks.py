"""File locks that the kernel lets go of when their holder ends, even when it was killed."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from syncer.errors import UnreachableError

STEP = 0.01  # seconds between two looks


def take(path: Path, how: int, *, patience: float) -> int:
    """The descriptor of the locked file; close it to let go. A forked child holds the lock too, a new program does not.

    ``how`` is ``fcntl.LOCK_SH`` or ``fcntl.LOCK_EX``, ``patience`` is in seconds; raises ``UnreachableError`` after it.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    deadline = time.monotonic() + patience
    while not _locked(descriptor, how):
        if time.monotonic() > deadline:
            os.close(descriptor)
            raise UnreachableError(f"{path} stays locked by another process for {patience:g} s; end that process")
        time.sleep(STEP)
    return descriptor


@contextmanager
def alone(path: Path, *, patience: float) -> Iterator[int]:
    """One process at a time in this block. Gives the descriptor: a program that inherits it holds the lock on."""
    descriptor = take(path, fcntl.LOCK_EX, patience=patience)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def held_alone(path: Path) -> bool:
    """Whether some process holds the file for itself."""
    try:
        descriptor = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        return False
    try:
        return not _locked(descriptor, fcntl.LOCK_SH)
    finally:
        os.close(descriptor)


def _locked(descriptor: int, how: int) -> bool:
    try:
        fcntl.flock(descriptor, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
