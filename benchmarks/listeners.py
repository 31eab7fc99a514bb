"""Clients that follow jobs and cost little themselves: raw connections that count what they are told."""

import asyncio
import time
from dataclasses import dataclass, field
from datetime import datetime
from typing import cast
from urllib.parse import urlsplit

import orjson

_EVENT = b"event: job\n"
_END = b'"state":"succeeded"'
_AT = b'"at":"'


@dataclass(slots=True)
class Count:
    """What all of them were told: how many events and ends, how long some took, in ms; and how many were let go."""

    events: int = 0
    ends: int = 0
    let_go: int = 0
    took_ms: list[float] = field(default_factory=list)


class _Listener(asyncio.Protocol):
    """One connection. With `stays` it is not to end by itself; with `times` it looks at its watch."""

    def __init__(self, request: bytes, count: Count, *, stays: bool, times: bool) -> None:
        self._request = request
        self._count = count
        self._stays = stays
        self._times = times
        self._rest = b""
        self.begun: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask."""
        self.transport = cast("asyncio.Transport", transport)
        self.transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        """Count the events that are told to their end."""
        if not self.begun.done():
            if not data.startswith(b"HTTP/1.1 200"):
                self.begun.set_exception(AssertionError(f"not followed: {data[:200].decode(errors='replace')}"))
                return
            self.begun.set_result(None)
        whole, _, self._rest = (self._rest + data).rpartition(b"\n\n")
        self._count.events += whole.count(_EVENT)
        self._count.ends += whole.count(_END)
        if self._times:
            now = time.time()
            for part in whole.split(_AT)[1:]:
                at = orjson.loads(b'"' + part[: part.index(b'"') + 1])
                self._count.took_ms.append(1000 * (now - datetime.fromisoformat(at).timestamp()))

    def connection_lost(self, exc: Exception | None) -> None:
        """Fail where it was never begun."""
        self._count.let_go += self._stays
        if not self.begun.done():
            self.begun.set_exception(exc or ConnectionResetError("the server has closed the connection"))


class Listeners:
    """Some clients; each follows one path."""

    def __init__(self) -> None:
        self.count = Count()
        self._all: list[_Listener] = []

    async def follow_job(self, url: str, job: str, *, key: str) -> None:
        """Let one more client follow a job to its end."""
        await self._follow(url, f"/api/jobs/{job}/events", key, stays=False, times=False)

    async def follow_all(self, url: str, *, key: str, times: bool = False) -> None:
        """Let one more client follow all jobs."""
        await self._follow(url, "/api/events", key, stays=True, times=times)

    async def _follow(self, url: str, path: str, key: str, *, stays: bool, times: bool) -> None:
        address = urlsplit(url)
        request = f"GET {path} HTTP/1.1\r\nHost: {address.netloc}\r\nAuthorization: Bearer {key}\r\n\r\n".encode()
        loop = asyncio.get_running_loop()
        _, listener = await loop.create_connection(
            lambda: _Listener(request, self.count, stays=stays, times=times), address.hostname or "", address.port or 80
        )
        self._all.append(listener)
        await listener.begun

    def close(self) -> None:
        """Leave."""
        for listener in self._all:
            listener.transport.abort()
