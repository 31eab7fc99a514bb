"""Profiles of files: which sheets and columns they have, and what is in those."""

from app.client.request import Request, given, path_of
from app.client.shapes.processing import ProcessingSubmitted, Profile
from app.client.transport import Transport


class Profiles:
    """Profiles. All methods raise ClientErrors."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def make(self, file_id: str, *, priority: int | None = None) -> ProcessingSubmitted:
        """Profile a file, anew if need be; while a job that does so is unfinished, that is the answer."""
        # Sent twice it is the same job, or one more that finds the same.
        request = Request(
            method="POST",
            path=path_of("data-processing", "workbooks"),
            body=given(file_id=file_id, priority=priority),
            is_repeatable=True,
        )
        return await self._transport.ask(request, ProcessingSubmitted)

    async def show(self, file_id: str) -> Profile:
        """Give the latest profile of a file; NotFoundError: none was made."""
        return await self._transport.ask(
            Request(method="GET", path=path_of("data-sync", "files", file_id, "profile"), is_repeatable=True), Profile
        )
