"""Keeps uploaded bytes on disk, each file under the hash of its content. It knows nothing of the catalogue."""

import hashlib
import os
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from jobs.errors import InvalidInputError, Mistake, StoreUnavailableError
from jobs.tasks.data_sync.catalogue import Content
from jobs.tasks.data_sync.formats import check

LARGEST_BYTES = 100 * 1024 * 1024
_CHUNK_BYTES = 1024 * 1024
_UNFINISHED = ".upload-"
_LEFT_BEHIND_S = 86_400.0  # no upload takes as long: whoever wrote it is gone


class Uploads:
    """The folder of uploaded files. A file appears in it whole and on disk, or not at all."""

    def __init__(self, root: Path) -> None:
        self._root = root.resolve() / "files"

    def path_of(self, sha256: str) -> Path:
        """Give where the bytes of this hash are, or would be."""
        return self._root / sha256[:2] / sha256

    def keep(self, content: BinaryIO) -> Content:
        """Copy the bytes in and tell their format. Blocks: call it in a thread.

        Raises InvalidInputError for an empty file, NotASpreadsheetError for one of no known format, and
        StoreUnavailableError where the disk does not take it. Then nothing is left behind.
        """
        try:
            self._root.mkdir(parents=True, exist_ok=True)
            self._sweep()
            handle, name = tempfile.mkstemp(dir=self._root, prefix=_UNFINISHED)
        except OSError as error:
            raise StoreUnavailableError(f"the upload folder: {error.strerror}") from error
        try:
            with os.fdopen(handle, "wb") as copy:
                sha256, size = _copy(content, copy)
            if size == 0:
                raise InvalidInputError([Mistake(pointer="/file", detail="is empty; export it again")])
            found = Content(sha256=sha256, format=check(Path(name)), size=size)
            self._settle(Path(name), sha256)
        except OSError as error:
            raise StoreUnavailableError(f"the upload folder: {error.strerror}") from error
        finally:
            with suppress(FileNotFoundError):
                Path(name).unlink()
        return found

    def _sweep(self) -> None:
        """Drop what processes that were killed have left unfinished, a day later."""
        for path in self._root.glob(f"{_UNFINISHED}*"):
            with suppress(OSError):  # another may be faster, and no upload is to fail for it
                if path.stat().st_mtime < time.time() - _LEFT_BEHIND_S:
                    path.unlink()

    def _settle(self, copy: Path, sha256: str) -> None:
        place = self.path_of(sha256)
        place.parent.mkdir(parents=True, exist_ok=True)
        copy.replace(place)
        for folder in (place.parent, self._root):
            handle = os.open(folder, os.O_RDONLY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)


def _copy(content: BinaryIO, copy: BinaryIO) -> tuple[str, int]:
    digest, size = hashlib.sha256(), 0
    while chunk := content.read(_CHUNK_BYTES):
        digest.update(chunk)
        size += len(chunk)
        copy.write(chunk)
    copy.flush()
    os.fsync(copy.fileno())
    return digest.hexdigest(), size
