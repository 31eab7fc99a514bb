"""The folder of backups: half-made files under names of their own, whole ones by time, and only so many of those."""

import os
import re
from datetime import UTC, datetime
from pathlib import Path

_WHOLE = re.compile(r"switchyard-\d{8}T\d{6}\.\d{3}Z\.dump")
_HALF = re.compile(r"switchyard-\S+\.part")
_OWNER_ONLY = 0o600


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
        moment = began_at.astimezone(UTC)
        whole = self._path / f"switchyard-{moment:%Y%m%dT%H%M%S}.{moment.microsecond // 1000:03}Z.dump"
        _sync(part)
        part.rename(whole)
        _sync(self._path)
        return whole

    def keep(self, amount: int) -> tuple[frozenset[str], int]:
        """Remove all but so many, the newest by their names, whatever their age; give their names, and how many went.

        Names tell the time: copying a folder changes the times of its files.
        """
        names = sorted((path.name for path in self._path.iterdir() if _WHOLE.fullmatch(path.name)), reverse=True)
        for name in names[amount:]:
            (self._path / name).unlink(missing_ok=True)
        return frozenset(names[:amount]), len(names[amount:])


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
