"""Images of products, taken from the files that have them."""

from collections.abc import AsyncIterator
from typing import Unpack

from app.client.pages import items_of
from app.client.request import Request, given, path_of
from app.client.shapes.processing import Image, ImageFilter, ProcessingSubmitted
from app.client.transport import Transport


class Images:
    """Images. All methods raise ClientErrors."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def extract(self, file_id: str, *, priority: int | None = None) -> ProcessingSubmitted:
        """Take the pictures out of a file; while a job that does so is unfinished, that is the answer."""
        # Sent twice it is the same job, or one more that finds the same pictures.
        request = Request(
            method="POST",
            path=path_of("data-processing", "images"),
            body=given(file_id=file_id, priority=priority),
            is_repeatable=True,
        )
        return await self._transport.ask(request, ProcessingSubmitted)

    def list(self, *, most: int | None = None, **wanted: Unpack[ImageFilter]) -> AsyncIterator[Image]:
        """Give the images of one's own files, newest first, at most so many."""
        return items_of(self._transport, path_of("data-sync", "images"), Image, most=most, **wanted)

    async def original(self, image_id: str) -> bytes:
        """Give an image as a JPEG, 1,920 pixels long at most."""
        return await self._bytes(path_of("data-sync", "images", image_id))

    async def thumbnail(self, image_id: str) -> bytes:
        """Give an image as a JPEG, 200 pixels long at most."""
        return await self._bytes(path_of("data-sync", "images", image_id, "thumbnail"))

    async def _bytes(self, path: str) -> bytes:
        return (await self._transport.answer(Request(method="GET", path=path, is_repeatable=True))).content
