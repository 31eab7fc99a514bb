"""A relay before a web process that cuts what it answers after so many bytes, wherever that is."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager, suppress

from jobs.cancelling import cancel_until_ended

_CHUNK_BYTES = 64 * 1024


class _Relay:
    """Carries each connection on; of those to come, the next is cut after the next number of bytes."""

    def __init__(self, port: int, cuts: Iterator[int]) -> None:
        self._port = port
        self._cuts = cuts
        self.carried: set[asyncio.Task[None]] = set()

    async def carry(self, client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        """Carry one connection to its end."""
        if (carrying := asyncio.current_task()) is not None:
            self.carried.add(carrying)
            carrying.add_done_callback(self.carried.discard)
        server, to_server = await asyncio.open_connection("127.0.0.1", self._port)
        asked = asyncio.create_task(_copy(client, to_server, most=None))
        try:
            await _copy(server, to_client, most=next(self._cuts, None))
        finally:
            await cancel_until_ended([asked], again_s=1.0)
            to_server.close()
            to_client.close()


@asynccontextmanager
async def relay_to(port: int, *, cuts: Iterable[int]) -> AsyncIterator[str]:
    """Relay to a port; give the address of the near end. Connections after the last of the cuts are left whole."""
    relay = _Relay(port, iter(cuts))
    listener = await asyncio.start_server(relay.carry, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}"
    finally:
        listener.close()
        await cancel_until_ended(relay.carried, again_s=1.0)


async def _copy(source: asyncio.StreamReader, target: asyncio.StreamWriter, *, most: int | None) -> None:
    """Copy to the end of the source, or so many bytes."""
    left = most
    with suppress(OSError):
        while chunk := await source.read(_CHUNK_BYTES if left is None else min(left, _CHUNK_BYTES)):
            target.write(chunk)
            await target.drain()
            left = None if left is None else left - len(chunk)
            if left == 0:
                break
