"""Where a server's socket lies: in the home, or in a short temporary folder when the home's path is too long.

A server that is started again has its socket where it was before: whoever was told the address still finds it.
"""

import os
import pwd
import stat
import tempfile
from pathlib import Path

from syncer.embedded.account import STAND_IN

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
    if note.exists() and _made_again(known := Path(note.read_text())):
        return known
    far = Path(tempfile.mkdtemp(prefix="syncer-"))
    written = note.with_suffix(".new")
    written.write_text(str(far))
    written.replace(note)
    return far


def _made_again(path: Path) -> bool:
    """Whether a folder whose server took it along stands again, and is no stranger's: everybody may write beside it."""
    try:
        path.mkdir(mode=0o700)
    except FileExistsError:
        return _is_ours(path.lstat())
    except (FileNotFoundError, PermissionError):  # the folder around it is gone, or closed to us by now
        return False
    return True


def _is_ours(found: os.stat_result) -> bool:
    return stat.S_ISDIR(found.st_mode) and not found.st_mode & 0o077 and found.st_uid in _our_accounts()


def _our_accounts() -> set[int]:
    """Our own account and, for root, the one that servers run as."""
    mine = os.geteuid()
    return {mine} if mine else {mine, pwd.getpwnam(STAND_IN).pw_uid}
