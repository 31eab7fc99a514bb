"""What the web processes keep for a while of what PostgreSQL has said."""

from collections.abc import Sequence

from app.client.pages import all_of
from app.client.request import Request, path_of
from app.client.shapes.cache import CacheType
from app.client.transport import Transport


class Cache:
    """The cache. All methods raise ClientErrors."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def statistics(self) -> Sequence[CacheType]:
        """Say what was counted of each type of values, in all processes."""
        return await all_of(self._transport, path_of("cache", "stats"), CacheType)

    async def clear(self, kind: str) -> None:
        """Forget all values of a type, at once and in every process. For administrators."""
        await self._transport.answer(Request(method="DELETE", path=path_of("cache", kind), is_repeatable=True))
