"""The parked jobs of all owners, to be put back in line whatever the limits: before stock workers take over."""

from collections.abc import Collection, Mapping

from redis.asyncio import Redis

from jobs import keys
from jobs.stores.redis import answering
from jobs.stores.scripts import Script

_RELEASE_PARKED = Script("release_parked")


class Parking:
    """All calls raise StoreUnavailableError while Redis is away."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def owners(self) -> Mapping[str, Collection[str]]:
        """Give the queues in which jobs are parked, each with the owners of those."""
        found: dict[str, list[str]] = {}
        with answering():
            owners = await self._members(keys.PARKED_OWNERS)
            for owner in owners:
                for queue in await self._members(keys.PARKED_QUEUES + owner):
                    found.setdefault(queue, []).append(owner)
        return found

    async def release(self, queue: str, owners: Collection[str]) -> tuple[int, int]:
        """Put up to 200 back in line; give how many those were, and how many are still parked."""
        with answering():
            released, left = await _RELEASE_PARKED.run(self._redis, queue, *owners)
        return int(released), int(left)

    async def _members(self, key: str) -> list[str]:
        members: set[bytes] = await self._redis.smembers(key)  # type: ignore[misc]
        return sorted(member.decode() for member in members)
