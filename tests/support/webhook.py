"""A webhook that Alertmanager calls: it remembers which alerts fire and which are over."""

import asyncio
import json
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

_PATIENCE_S = 40.0
_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class Webhook:
    """Takes calls that have the token, and refuses others.

    `url` is where it listens, `told` has what was said of each alert, in order: `firing` or `resolved`.
    """

    def __init__(self, token: str) -> None:
        self._authorization = f"Bearer {token}"
        self._news = asyncio.Condition()
        self.url = ""
        self.told: dict[str, list[str]] = {}
        self.refused = 0

    async def fired(self, alert: str, *, within_s: float = _PATIENCE_S) -> None:
        """Wait until an alert was told to fire, now or before; AssertionError with what was told where it never was."""
        await self._until(lambda: "firing" in self.told.get(alert, ()), f"{alert} has not fired", within_s)

    async def is_over(self, alert: str, *, within_s: float = _PATIENCE_S) -> None:
        """Wait until the last that was told of an alert is that it is over."""
        await self._until(lambda: self.told.get(alert, [])[-1:] == ["resolved"], f"{alert} is not over", within_s)

    async def _until(self, holds: Callable[[], bool], else_: str, within_s: float) -> None:
        try:
            async with asyncio.timeout(within_s), self._news:
                await self._news.wait_for(holds)
        except TimeoutError:
            raise AssertionError(f"{else_} after {within_s:g} s: {self.told}") from None

    async def answer(self, reader: StreamReader, writer: StreamWriter) -> None:
        """Take one call."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        headers = dict(line.split(": ", 1) for line in head.split("\r\n")[1:] if line)
        body = json.loads(await reader.readexactly(int(headers["Content-Length"])))
        if headers.get("Authorization") == self._authorization:
            async with self._news:
                for alert in body["alerts"]:
                    self.told.setdefault(alert["labels"]["alertname"], []).append(alert["status"])
                self._news.notify_all()
        else:
            self.refused += 1
        writer.write(_ANSWER)
        await writer.drain()
        writer.close()


@asynccontextmanager
async def listening_webhook(token: str) -> AsyncIterator[Webhook]:
    """Listen on a port of this machine, until the end."""
    webhook = Webhook(token)
    async with await asyncio.start_server(webhook.answer, "127.0.0.1", 0) as server:
        host, port = server.sockets[0].getsockname()
        webhook.url = f"http://{host}:{port}/"
        yield webhook
