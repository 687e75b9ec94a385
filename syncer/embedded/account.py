"""Which account of this machine PostgreSQL runs as: it refuses to run as root."""

import os
import pwd
import shutil
from dataclasses import dataclass
from pathlib import Path

from syncer.errors import MendError

STAND_IN = "nobody"  # there is one on every system, and no other account has to be made


@dataclass(frozen=True, slots=True)
class Account:
    """An account, and the words before a command that make it run as that account."""

    name: str
    prefix: tuple[str, ...] = ()

    def own(self, path: Path) -> None:
        """Give ``path`` to the account."""
        if self.prefix:
            entry = pwd.getpwnam(self.name)
            os.chown(path, entry.pw_uid, entry.pw_gid)


def server_account() -> Account:
    """Our own account; for root a stand-in. Raises ``MendError`` where root cannot become it.

    The stand-in keeps one power of root, to pass closed folders: a home below ``/root`` works and stays closed.
    """
    mine = os.geteuid()
    if mine != 0:
        return Account(_name(mine))
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        raise MendError(
            "PostgreSQL refuses to run as root, and setpriv (package util-linux), which runs it as another account, "
            "is missing; use an ordinary account, install setpriv, or set SYNCER_DATABASE_URL"
        )
    entry = pwd.getpwnam(STAND_IN)
    # PostgreSQL asks access(2) whether its own programs may be run; without the bit that call forgets the power.
    power = ("--inh-caps=+dac_override", "--ambient-caps=+dac_override", "--securebits=+no_setuid_fixup")
    ids = (f"--reuid={entry.pw_uid}", f"--regid={entry.pw_gid}", "--clear-groups")
    return Account(STAND_IN, (setpriv, *ids, *power, "--"))


def _name(user: int) -> str:
    try:
        return pwd.getpwuid(user).pw_name
    except KeyError:
        raise MendError(
            f"user id {user} has no name on this machine, which PostgreSQL needs; "
            "give it one (useradd), or set SYNCER_DATABASE_URL"
        ) from None


def callers() -> tuple[str, ...]:
    """The accounts that may connect: root and ours."""
    return tuple(dict.fromkeys(("root", _name(os.geteuid()))))
