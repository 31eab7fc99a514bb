"""A service manager's end of sd_notify: a real datagram socket, and what was told over it."""

import asyncio
import re
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path


class Manager(asyncio.DatagramProtocol):
    """Hears what processes tell it, in order."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._news = asyncio.Condition()
        self._noting: set[asyncio.Task[None]] = set()
        self.told: list[str] = []

    def environ(self, *, watchdog_s: float) -> dict[str, str]:
        """Give what it would start a process with."""
        return {"NOTIFY_SOCKET": self._address, "WATCHDOG_USEC": str(round(watchdog_s * 1_000_000))}

    def datagram_received(self, data: bytes, addr: object) -> None:
        """Take a word."""
        del addr
        noting = asyncio.create_task(self._note(data.decode()))
        self._noting.add(noting)
        noting.add_done_callback(self._noting.discard)

    async def hears(self, word: str, *, times: int = 1, within_s: float = 20.0) -> None:
        """Wait until it has been told a word so many times from now on; AssertionError with all where it is not."""
        first = len(self.told)
        try:
            async with asyncio.timeout(within_s), self._news:
                await self._news.wait_for(lambda: self.told[first:].count(word) >= times)
        except TimeoutError:
            raise AssertionError(f"not {times} x {word} within {within_s:g} s: {self.told}") from None

    async def _note(self, word: str) -> None:
        async with self._news:
            assert re.fullmatch(r"\w+=\w+", word), word
            self.told.append(word)
            self._news.notify_all()


@asynccontextmanager
async def manager_at(path: Path | str) -> AsyncIterator[Manager]:
    """Listen at a path, or at an abstract address (`@name`)."""
    address = str(path)
    door = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    door.bind(f"\0{address[1:]}" if address.startswith("@") else address)
    manager = Manager(address)
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(lambda: manager, sock=door)
    try:
        yield manager
    finally:
        transport.close()
