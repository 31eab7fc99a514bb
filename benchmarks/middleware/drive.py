"""Drives an ASGI application without a server, so many requests in flight at once. Standard library only."""

import asyncio
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Message = MutableMapping[str, Any]
App = Callable[..., Awaitable[None]]

_SCOPE = {
    "type": "http",
    "asgi": {"version": "3.0"},
    "http_version": "1.1",
    "method": "GET",
    "scheme": "http",
    "path": "/",
    "raw_path": b"/",
    "query_string": b"",
    "root_path": "",
    "server": ("127.0.0.1", 80),
}
_HEADERS = 3  # X-RateLimit-Limit, -Remaining, -Reset
_OK = 200


async def drive(app: App, *, requests: int, in_flight: int, state: dict[str, Any] | None = None) -> float:
    """Give the requests a second. Each must be answered 200 with the three headers; they come from 1,000 addresses."""
    left = iter(range(requests))

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            named = [name for name, _ in message["headers"] if name.lower().startswith(b"x-ratelimit-")]
            if message["status"] != _OK or len(named) != _HEADERS:
                raise AssertionError(f"not as it should be: {message}")

    async def client() -> None:
        for number in left:
            address = f"10.0.{number % 1000 // 250}.{number % 250}"
            scope = {**_SCOPE, "client": (address, 1), "headers": [(b"host", b"x")], "state": dict(state or {})}
            await app(scope, receive, send)

    began = time.perf_counter()
    await asyncio.gather(*(client() for _ in range(in_flight)))
    return requests / (time.perf_counter() - began)
