"""redis-py's pool of connections, in which nobody waits for another's connection to be made."""

from typing import Any

from redis.asyncio import ConnectionPool


class Pool(ConnectionPool):
    """Connects side by side. redis-py 5 holds a lock meanwhile: without a Redis each waited for all before him."""

    async def get_connection(self, *_: object, **__: object) -> Any:  # noqa: ANN401  redis-py's
        """Give one that is connected; nobody else has it until it is released."""
        connection = self.get_available_connection()
        try:
            await self.ensure_connection(connection)
        except BaseException:
            await self.release(connection)
            raise
        return connection
