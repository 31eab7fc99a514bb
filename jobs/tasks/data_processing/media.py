"""The folder of product images, each under the hash of the picture that it was made of. It knows no products."""

import os
import re
import tempfile
import time
from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from typing import Final

from jobs.errors import StoreUnavailableError

_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_LEFT_BEHIND_S: Final = 86_400.0  # far beyond any time limit: whoever wrote it is gone
_WRITTEN_DOWN_S: Final = (
    43_200.0  # of the days that unused files are kept at least half a one is left, and no job runs as long
)


class Size(StrEnum):
    """Which of an image's two files."""

    ORIGINAL = "originals"
    THUMBNAIL = "thumbnails"


class Media:
    """The folder. A file appears in it whole and on disk, or not at all; its name is made of hex digits only."""

    def __init__(self, root: Path) -> None:
        self._root = root.resolve()
        self._unfinished = self._root / "unfinished"

    def path_of(self, sha256: str, size: Size) -> Path:
        """Give where the file of this hash is, or would be; ValueError where the text is no hash."""
        if not _SHA256.fullmatch(sha256):
            raise ValueError(f"{sha256!r} is no SHA-256")
        return self._root / size / sha256[:2] / f"{sha256}.jpg"

    def keep(self, sha256: str, size: Size, content: bytes) -> None:
        """Write a file, in place of one that is there. Blocks. Raises StoreUnavailableError; then nothing is left."""
        place = self.path_of(sha256, size)
        try:
            self._unfinished.mkdir(parents=True, exist_ok=True)
            place.parent.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(dir=self._unfinished)
            try:
                with os.fdopen(handle, "wb") as copy:
                    copy.write(content)
                    copy.flush()
                    os.fsync(copy.fileno())
                Path(name).replace(place)
            finally:
                Path(name).unlink(missing_ok=True)
            _sync(place.parent)
        except OSError as error:
            raise StoreUnavailableError(f"the media folder: {error.strerror}") from error

    def use(self, sha256: str, size: Size) -> bool:
        """Say whether a file is there. If so it counts as used from now on, and nobody takes it for left over. Blocks.

        That is written down twice a day at most.
        """
        place = self.path_of(sha256, size)
        try:
            if place.stat().st_mtime < time.time() - _WRITTEN_DOWN_S:
                os.utime(place)
        except FileNotFoundError:
            return False
        return True

    def folders(self) -> list[str]:
        """Name the folders that the files lie in, by the first digits of their hashes. Blocks."""
        found = {path.name for size in Size for path in (self._root / size).glob("??")}
        return sorted(found)

    def unused(self, folder: str, *, unused_s: float) -> set[str]:
        """Give the hashes in one of the folders that were not used for so many seconds, in either size. Blocks."""
        young: set[str] = set()
        found: set[str] = set()
        for size in Size:
            for path in (self._root / size / folder).glob("*.jpg"):
                with suppress(FileNotFoundError):
                    is_old = path.stat().st_mtime < time.time() - unused_s
                    (found if is_old else young).add(path.stem)
        return {sha256 for sha256 in found - young if _SHA256.fullmatch(sha256)}

    def forget(self, sha256: str, *, unused_s: float) -> int:
        """Take the files of this hash away, but one that was used meanwhile; give how many are gone. Blocks.

        Each is moved aside first: who uses it before that is seen here, and who comes later does not find it.
        """
        gone = 0
        self._unfinished.mkdir(parents=True, exist_ok=True)
        for size in Size:
            place = self.path_of(sha256, size)
            aside = self._unfinished / f"{size}-{sha256}"
            with suppress(FileNotFoundError):
                place.replace(aside)
                if aside.stat().st_mtime < time.time() - unused_s:
                    aside.unlink()
                    gone += 1
                else:
                    aside.replace(place)
        return gone

    def sweep(self) -> None:
        """Drop what processes that were killed have left unfinished, a day later. Blocks."""
        if not self._unfinished.is_dir():
            return
        for path in self._unfinished.iterdir():
            with suppress(FileNotFoundError):
                if path.stat().st_mtime < time.time() - _LEFT_BEHIND_S:
                    path.unlink()


def _sync(folder: Path) -> None:
    for one in (folder, folder.parent):
        handle = os.open(one, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
