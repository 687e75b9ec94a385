"""Where a server's socket lies: in the home, or in a short temporary folder when the home's path is too long."""

import os
import tempfile
from pathlib import Path

LONGEST = 103  # bytes in the path of a Unix socket that every system takes (Linux 107, macOS 103)


def socket_folder(folder: Path, name: str) -> Path:
    """A folder, open to its owner alone, in which a socket called ``name`` fits. Made, and remembered in ``folder``."""
    near = folder / "run"
    if len(os.fsencode(near / name)) > LONGEST:
        return _far(folder)
    near.mkdir(mode=0o700, exist_ok=True)
    return near


def known_socket_folder(folder: Path, name: str) -> Path | None:
    """The folder that was made before, ``None`` when there is none: then no server runs."""
    near = folder / "run"
    if len(os.fsencode(near / name)) <= LONGEST:
        return near
    note = folder / "run.path"
    return Path(note.read_text()) if note.exists() else None


def _far(folder: Path) -> Path:
    note = folder / "run.path"
    if note.exists() and Path(note.read_text()).is_dir():
        return Path(note.read_text())
    far = Path(tempfile.mkdtemp(prefix="syncer-"))
    written = note.with_suffix(".new")
    written.write_text(str(far))
    written.replace(note)
    return far
