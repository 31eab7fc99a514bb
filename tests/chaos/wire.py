"""A wire to Redis that a test can cut at the very message that it names. It changes nothing of what it carries."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

from jobs.cancelling import cancel_until_ended

CHUNK_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """Where to cut: at the first message from a client that has all of `words` in it, or at each `every`-th.

    `arrives` says whether Redis still gets that message; its answer is lost in either case. `then` is done before that,
    and `after` once Redis has done what it was told to.
    """

    words: tuple[bytes, ...]
    arrives: bool
    every: int | None = None
    then: Callable[[], None] = lambda: None
    after: Callable[[], None] = lambda: None


class Wire:
    """Carries connections to a unix socket until a cut is made, and after it again."""

    def __init__(self, socket: str, cut: Cut) -> None:
        self._socket = socket
        self._cut = cut
        self._seen = 0
        self.cuts = 0

    async def carry(self, client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        """Carry one connection to its end."""
        server, to_server = await asyncio.open_unix_connection(self._socket)
        async with answering(_copy(server, to_client), to_server, to_client) as back:
            while message := await client.read(CHUNK_BYTES):
                if self._is_due(message):
                    self.cuts += 1
                    self._cut.then()
                    await cancel_until_ended([back], again_s=1.0)
                    if self._cut.arrives:
                        to_server.write(message)
                        await to_server.drain()
                        await server.read(CHUNK_BYTES)
                    self._cut.after()
                    break
                to_server.write(message)
                await to_server.drain()

    def _is_due(self, message: bytes) -> bool:
        if not all(word in message for word in self._cut.words):
            return False
        self._seen += 1
        return self._seen == 1 if self._cut.every is None else self._seen % self._cut.every == 0


@asynccontextmanager
async def wire_to(socket: str, cut: Cut) -> AsyncIterator[tuple[str, Wire]]:
    """Lay a wire to the Redis at this socket; give the URL of its near end, and the wire."""
    wire = Wire(socket, cut)
    async with near_end_of(wire.carry) as url:
        yield url, wire


@asynccontextmanager
async def near_end_of(
    carry: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
) -> AsyncIterator[str]:
    """Listen, and have each connection carried; give the URL."""
    carried: set[asyncio.Task[None]] = set()

    async def begin(client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        if (carrying := asyncio.current_task()) is not None:
            carried.add(carrying)
            carrying.add_done_callback(carried.discard)
        await carry(client, to_client)

    listener = await asyncio.start_server(begin, "127.0.0.1", 0)
    try:
        yield f"redis://127.0.0.1:{listener.sockets[0].getsockname()[1]}/0"
    finally:
        listener.close()
        if carried:  # whoever has closed his end lets it come to its own
            await asyncio.wait(carried, timeout=1.0)


@asynccontextmanager
async def answering(
    answers: Coroutine[Any, Any, None], *ends: asyncio.StreamWriter
) -> AsyncIterator[asyncio.Task[None]]:
    """Carry answers back meanwhile, and close both ends afterwards; one that is lost ends it quietly."""
    back = asyncio.create_task(answers)
    try:
        with suppress(OSError):
            yield back
    finally:
        await cancel_until_ended([back], again_s=1.0)
        for end in ends:
            end.close()


async def _copy(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while chunk := await source.read(CHUNK_BYTES):
            target.write(chunk)
            await target.drain()
    target.close()
