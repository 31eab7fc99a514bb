"""Files that are uploaded to be synced."""

import io
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Unpack

from app.client.pages import items_of
from app.client.request import Content, Request, path_of
from app.client.shapes.files import File, FileFilter, FileSource, Governance, Scan
from app.client.shapes.previews import Preview
from app.client.shapes.quality import Measured
from app.client.transport import Transport

_LARGE_S = 300.0

Told = Callable[[int, int], None]  # bytes sent, bytes in all


class Files:
    """Uploaded files. All methods raise ClientErrors."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def upload(self, path: Path, *, told: Told | None = None, **source: Unpack[FileSource]) -> File:
        """Upload a file; give it, or the one that is already there, where the bytes are the same.

        `told` is called with the bytes that were sent and those of the whole file; a try that broke begins anew.
        Raises OSError where the file cannot be read.
        """
        fields = {name: _text(value) for name, value in source.items() if value is not None}

        @contextmanager
        def form() -> Iterator[Content]:
            with _Counted(path, told) as file:
                yield {"data": fields, "files": {"file": (_name(path), file)}}

        request = Request(
            method="POST", path=path_of("data-sync", "files"), form=form, is_repeatable=True, within_s=_LARGE_S
        )
        return await self._transport.ask(request, File)

    async def show(self, file_id: str) -> File:
        """Give a file with its state and last error."""
        return await self._transport.ask(
            Request(method="GET", path=path_of("data-sync", "files", file_id), is_repeatable=True), File
        )

    def list(self, *, most: int | None = None, **wanted: Unpack[FileFilter]) -> AsyncIterator[File]:
        """Give files, newest first, at most so many."""
        return items_of(self._transport, path_of("data-sync", "files"), File, most=most, **wanted)

    async def preview(self, file_id: str) -> Preview:
        """Look at a file's headers and first rows, before it is synced."""
        path = path_of("data-sync", "files", file_id, "preview")
        return await self._transport.ask(Request(method="POST", path=path, is_repeatable=True), Preview)

    async def quality(self, file_id: str) -> Measured:
        """Say how good the rows of a file were when it was loaded; NotFoundError: it was not."""
        path = path_of("data-sync", "files", file_id, "quality")
        return await self._transport.ask(Request(method="GET", path=path, is_repeatable=True), Measured)

    async def governance(self) -> Governance:
        """Say how all files do: by state, and by source, with the state of its template."""
        return await self._transport.ask(
            Request(method="GET", path=path_of("data-sync", "governance"), is_repeatable=True), Governance
        )

    async def scan(self) -> Scan:
        """Take in up to 200 files that other programs have put into the site's inbox. For administrators."""
        return await self._transport.ask(
            Request(method="POST", path=path_of("data-sync", "scan"), within_s=_LARGE_S), Scan
        )


class _Counted(io.FileIO):
    """A file that tells how much of it was read. httpx reads 64 KiB at a time, so nothing else waits for the disk."""

    def __init__(self, path: Path, told: Told | None) -> None:
        super().__init__(path)
        self._told = told
        self._size = path.stat().st_size

    def read(self, size: int | None = -1, /) -> bytes:
        """Read, and tell."""
        some = super().read(-1 if size is None else size) or b""
        if self._told is not None and some:
            self._told(self.tell(), self._size)
        return some


def _name(path: Path) -> str:
    """Give the file's name; bytes that are no text in it are replaced, as no request can have them."""
    return path.name.encode(errors="surrogateescape").decode(errors="replace")


def _text(value: object) -> str:
    return value.isoformat() if isinstance(value, date) else str(value)
