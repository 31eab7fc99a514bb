"""HTTP clients that cost little themselves: raw connections, one request after the other on each."""

import asyncio
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast
from urllib.parse import urlsplit

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_ACCEPTED = b"HTTP/1.1 202"


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """How a server bore the load: requests a second, and how long single ones took."""

    per_s: float
    p50_ms: float
    p99_ms: float


class _Client(asyncio.Protocol):
    """One connection: sends the request again as soon as it is answered and its time has come, while any are left."""

    def __init__(self, request: bytes, left: Iterator[int], took_s: list[float], *, every_s: float) -> None:
        self._request = request
        self._every_s = every_s
        self._left = left
        self._took_s = took_s
        self._got = b""
        self._began = 0.0
        self._transport: asyncio.Transport
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Be ready; `send` begins."""
        self._transport = cast("asyncio.Transport", transport)

    def send(self) -> None:
        """Send the next request, or end."""
        if next(self._left, None) is None:
            self._transport.close()
            self.done.set_result(None)
            return
        self._began = time.perf_counter()
        self._transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        """Read an answer; it may come in parts."""
        self._got += data
        head, end, body = self._got.partition(b"\r\n\r\n")
        if not end:
            return
        length = _LENGTH.search(head)
        if not head.startswith(_ACCEPTED) or length is None:
            self._transport.close()
            self.done.set_exception(AssertionError(f"not accepted: {head.decode(errors='replace')}"))
        elif len(body) == int(length[1]):
            took_s = time.perf_counter() - self._began
            self._took_s.append(took_s)
            self._got = b""
            if took_s < self._every_s:
                asyncio.get_running_loop().call_later(self._every_s - took_s, self.send)
            else:
                self.send()

    def connection_lost(self, exc: Exception | None) -> None:
        """Fail where the server ended it."""
        if not self.done.done():
            self.done.set_exception(exc or ConnectionResetError("the server has closed the connection"))


async def post(  # noqa: PLR0913  what is sent, and how
    url: str, path: str, body: bytes, *, key: str, connections: int, requests: int, every_s: float = 0.0
) -> Load:
    """Send so many requests over so many connections at once; each must be answered 202.

    A connection sends the next as soon as the last is answered, but not before `every_s` is over.
    """
    address = urlsplit(url)
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {address.netloc}\r\nAuthorization: Bearer {key}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    request, left, took_s = head.encode() + body, iter(range(requests)), list[float]()
    loop = asyncio.get_running_loop()
    host, port = address.hostname or "", address.port or 80
    clients: list[_Client] = []
    for _ in range(connections):
        _, client = await loop.create_connection(lambda: _Client(request, left, took_s, every_s=every_s), host, port)
        clients.append(client)
    began = time.perf_counter()
    for client in clients:
        client.send()
    await asyncio.gather(*(client.done for client in clients))
    seconds = time.perf_counter() - began
    took_s.sort()
    return Load(
        per_s=requests / seconds,
        p50_ms=1000 * took_s[len(took_s) // 2],
        p99_ms=1000 * took_s[len(took_s) * 99 // 100],
    )
