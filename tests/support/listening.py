"""Clients that follow jobs: they read server-sent events, from the application itself or over a connection."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx
import orjson
from starlette.types import ASGIApp, Message

from jobs.cancelling import cancel_until_ended
from tests.support.site import ADMIN_KEY

LAST_EVENT_ID = "Last-Event-ID"


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One event."""

    name: str
    id: str | None
    data: Any

    @property
    def state(self) -> str | None:
        """The state that it tells."""
        state: str | None = self.data.get("state")
        return state


def stream_of(job: Mapping[str, Any]) -> str:
    """Give the path by which a job is followed."""
    return f"/api/jobs/{job['id']}/events"


def has_ended(told: Told) -> bool:
    """Say whether a job's end is told."""
    return told.state in {"succeeded", "failed", "cancelled", "expired"}


class Listener:
    """Reads a stream as it comes. `last_id` is what a browser would come back with."""

    def __init__(self) -> None:
        self.status = 0
        self.headers: Mapping[str, str] = {}
        self.last_id: str | None = None
        self.comments = 0
        self._rest = b""
        self._told: asyncio.Queue[Told | None] = asyncio.Queue()

    def feed(self, data: bytes) -> None:
        """Take what has come."""
        *blocks, self._rest = (self._rest + data).split(b"\n\n")
        for block in blocks:
            fields = dict(line.split(": ", 1) for line in block.decode().split("\n"))
            if "" in fields:
                self.comments += 1
                self.last_id = fields.get("id", self.last_id)
            if "event" in fields:
                told = Told(name=fields["event"], id=fields.get("id"), data=orjson.loads(fields["data"]))
                self._told.put_nowait(told)

    def end(self) -> None:
        """Take note that nothing more comes."""
        self._told.put_nowait(None)

    async def next(self, *, within_s: float = 10.0) -> Told:
        """Give the next event; AssertionError where none comes in time, or the stream ends."""
        told = await self._next(within_s)
        assert told is not None, "the stream has ended"
        return told

    async def until(self, holds: Callable[[Told], bool], *, within_s: float = 10.0) -> list[Told]:
        """Give all events up to the first of which this holds."""
        found = [await self.next(within_s=within_s)]
        while not holds(found[-1]):
            found.append(await self.next(within_s=within_s))
        return found

    async def rest(self, *, within_s: float = 10.0) -> list[Told]:
        """Give all events up to the end of the stream."""
        found = []
        while (told := await self._next(within_s)) is not None:
            found.append(told)
        return found

    async def _next(self, within_s: float) -> Told | None:
        async with asyncio.timeout(within_s):
            told = await self._told.get()
        if told is not None:
            self.last_id = told.id or self.last_id
        return told


@asynccontextmanager
async def listening(
    app: ASGIApp, path: str, *, last_id: str | None = None, key: str = ADMIN_KEY
) -> AsyncIterator[Listener]:
    """Follow jobs by calling the application, as a server would."""
    address, listener, left = urlsplit(path), Listener(), asyncio.Event()
    headers = {"authorization": f"Bearer {key}"} | ({} if last_id is None else {LAST_EVENT_ID.lower(): last_id})
    started = asyncio.Event()

    async def receive() -> Message:
        await left.wait()
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            listener.status = message["status"]
            listener.headers = {name.decode(): value.decode() for name, value in message["headers"]}
            started.set()
        else:
            listener.feed(message.get("body", b""))

    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": address.path,
        "query_string": address.query.encode(),
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
    }
    answering = asyncio.create_task(_answer(app(scope, receive, send), listener, started))
    try:
        await started.wait()
        yield listener
    finally:
        left.set()
        await answering


@asynccontextmanager
async def connected(client: httpx.AsyncClient, path: str, *, last_id: str | None = None) -> AsyncIterator[Listener]:
    """Follow jobs over a connection of one's own."""
    listener = Listener()
    headers = {} if last_id is None else {LAST_EVENT_ID: last_id}
    async with client.stream("GET", path, headers=headers) as response:
        listener.status = response.status_code
        reading = asyncio.create_task(_read(response, listener))
        try:
            yield listener
        finally:
            await cancel_until_ended([reading], again_s=1)


async def _answer(answer: Any, listener: Listener, started: asyncio.Event) -> None:  # noqa: ANN401  a coroutine
    try:
        await answer
    finally:
        listener.end()
        started.set()


async def _read(response: httpx.Response, listener: Listener) -> None:
    try:
        async for data in response.aiter_raw():
            listener.feed(data)
    except httpx.TransportError:
        pass
    listener.end()
