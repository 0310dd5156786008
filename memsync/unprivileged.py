"""The account that PostgreSQL runs as when root starts it: PostgreSQL refuses to run as root."""

import os
import pwd
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

#: The bit of this capability in the sets of /proc/<pid>/status (capabilities(7)).
CAP_DAC_READ_SEARCH = 2


def account_for(cluster: Path) -> tuple[int, int]:
    """Return the user and group id for the server of this cluster: our own, unless we are root.

    For root it is the owner of an existing cluster, else the system user `postgres`, else
    `memsync` (created if need be), else `nobody`.
    """
    if os.geteuid() != 0:
        return os.geteuid(), os.getegid()
    with suppress(FileNotFoundError):
        if (owner := cluster.stat()).st_uid != 0:
            return owner.st_uid, owner.st_gid
    user = _system_user()
    return user.pw_uid, user.pw_gid


def prefix_for(account: tuple[int, int], needed: Sequence[Path]) -> list[str]:
    """Return what precedes a command line so that it runs as `account`; nothing unless root.

    Where the account cannot reach the `needed` programs and folders (a folder above them is private
    to root), it gets one ambient capability: CAP_DAC_READ_SEARCH, or CAP_DAC_OVERRIDE where a
    container withholds the former. So the modes of folders that are not ours stay as they are, and
    the loader still finds the libraries beside the binaries, which it ignores after file
    capabilities. `no_setuid_fixup` makes access(2), with which PostgreSQL looks for its programs,
    honor the capability. The price: the database superuser may then read files with root's eyes.
    """
    if os.geteuid() != 0:
        return []
    uid, gid = account
    prefix = ["setpriv", f"--reuid={uid}", f"--regid={gid}", "--clear-groups"]
    if all(_runs([*prefix, "test", "-x", str(path)]) for path in needed):
        return prefix
    capability = "dac_read_search" if _can_grant(CAP_DAC_READ_SEARCH) else "dac_override"
    grant = [f"--inh-caps=+{capability}", f"--ambient-caps=+{capability}"]
    return [*prefix, "--securebits=+no_setuid_fixup", *grant]


def _system_user() -> pwd.struct_passwd:
    for name in ("postgres", "memsync"):
        with suppress(KeyError):
            return pwd.getpwnam(name)
    with suppress(FileNotFoundError):
        _runs(["useradd", "--system", "--shell", "/usr/sbin/nologin", "memsync"])
    try:
        return pwd.getpwnam("memsync")
    except KeyError:
        return pwd.getpwnam("nobody")


def _can_grant(capability: int) -> bool:
    """Tell whether this process may pass on a Linux capability (a bit number)."""
    status = Path("/proc/self/status").read_text().splitlines()
    bounds = next(line.split()[1] for line in status if line.startswith("CapBnd:"))
    return bool(int(bounds, 16) >> capability & 1)


def _runs(command: list[str]) -> bool:
    return subprocess.run(command, capture_output=True).returncode == 0
