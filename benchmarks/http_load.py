"""HTTP clients that cost little themselves: raw connections, one request after the other on each."""

import asyncio
import re
import time
from dataclasses import dataclass
from urllib.parse import urlsplit

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_ACCEPTED = b"HTTP/1.1 202"


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """How a server bore the load: requests a second, and how long single ones took."""

    per_s: float
    p50_ms: float
    p99_ms: float


async def post(url: str, path: str, body: bytes, *, key: str, connections: int, requests: int) -> Load:
    """Send so many requests over so many connections at once; each must be answered 202."""
    address = urlsplit(url)
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {address.netloc}\r\nAuthorization: Bearer {key}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    request = head.encode() + body
    streams = [await asyncio.open_connection(address.hostname, address.port) for _ in range(connections)]
    left = iter(range(requests))
    took_s: list[float] = []

    async def client(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for _ in left:
            began = time.perf_counter()
            writer.write(request)
            await _answer(reader)
            took_s.append(time.perf_counter() - began)

    began = time.perf_counter()
    await asyncio.gather(*(client(*stream) for stream in streams))
    seconds = time.perf_counter() - began
    for _, writer in streams:
        writer.close()
    took_s.sort()
    return Load(
        per_s=requests / seconds,
        p50_ms=1000 * took_s[len(took_s) // 2],
        p99_ms=1000 * took_s[len(took_s) * 99 // 100],
    )


async def _answer(reader: asyncio.StreamReader) -> None:
    head = await reader.readuntil(b"\r\n\r\n")
    length = _LENGTH.search(head)
    if not head.startswith(_ACCEPTED) or length is None:
        raise AssertionError(f"not accepted: {head.decode(errors='replace')}")
    await reader.readexactly(int(length[1]))
