"""The folder of backups: half-made files under names of their own, whole ones by time, and only so many of those."""

import os
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

_WHOLE = re.compile(r"switchyard-\d{8}T\d{6}\.\d{3}Z\.dump")
_HALF = re.compile(r"switchyard-\S+\.part")
_OWNER_ONLY = 0o600
_CLOCKS_DIFFER = timedelta(hours=1)  # those of the hosts that make backups, at most


class BackupFolder:
    """All methods touch the disk, and raise OSError. Files of other names are let alone."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def begin(self, mark: str) -> Path:
        """Make the file that is to be filled, which nobody else may read; remove what dead runs have left.

        `mark` is this run's own. One that goes on without knowing that it is taken for dead finds its file gone.
        """
        self._path.mkdir(mode=0o700, parents=True, exist_ok=True)
        for left in self._path.iterdir():
            if _HALF.fullmatch(left.name):
                left.unlink(missing_ok=True)
        part = self._path / f"switchyard-{mark}.part"
        os.close(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER_ONLY))
        return part

    def finish(self, part: Path, began_at: datetime) -> Path:
        """Give a whole file its name, once it is on the disk for good."""
        whole = self._path / _name(began_at)
        _sync(part)
        part.rename(whole)
        _sync(self._path)
        return whole

    def keep(self, amount: int, *, made: Path) -> tuple[frozenset[str], int]:
        """Remove all but so many, the newest by their names, whatever their age; give their names, and how many went.

        Names tell the time: copying a folder changes the times of its files. The one just made stays, and one of a time
        to come was made while a clock was ahead: it goes first, or it would push out all that are made from now on.
        """
        latest = _name(datetime.now(UTC) + _CLOCKS_DIFFER)
        names = sorted(
            (path.name for path in self._path.iterdir() if _WHOLE.fullmatch(path.name)),
            key=lambda name: (name == made.name, name <= latest, name),
            reverse=True,
        )
        for name in names[amount:]:
            (self._path / name).unlink(missing_ok=True)
        return frozenset(names[:amount]), len(names[amount:])


def _name(moment: datetime) -> str:
    moment = moment.astimezone(UTC)
    return f"switchyard-{moment:%Y%m%dT%H%M%S}.{moment.microsecond // 1000:03}Z.dump"


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
