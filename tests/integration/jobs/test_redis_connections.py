"""Connections to what only looks like a Redis: they fail, and they do so soon."""

import asyncio
import time

import pytest

from jobs.errors import StoreUnavailableError
from jobs.stores.redis import answering, connect_blocking, connect_redis

_SOON_S = 5.0


async def test_a_door_with_nobody_behind_it_is_an_outage() -> None:
    """A proxy takes the connection and closes it, as its Redis is away: that is said at once."""
    taken = 0

    async def close(_: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        nonlocal taken
        taken += 1
        to_client.close()

    door = await asyncio.start_server(close, "127.0.0.1", 0)
    url = f"redis://127.0.0.1:{door.sockets[0].getsockname()[1]}"
    client, blocking = connect_redis(url, patience_s=2), connect_blocking(url, patience_s=2)
    began = time.monotonic()
    try:
        async with asyncio.timeout(_SOON_S):
            with pytest.raises(StoreUnavailableError), answering():
                await client.ping()
            with pytest.raises(StoreUnavailableError), answering():
                await asyncio.to_thread(blocking.ping)
        assert time.monotonic() - began < _SOON_S
        assert taken <= 10
    finally:
        door.close()
        blocking.close()
        await client.aclose(close_connection_pool=True)
