"""Whether a Redis may hold the queue at all: one that answers may still be one that loses jobs or refuses scripts."""

from typing import Any

import structlog
from redis.asyncio import Redis
from redis.exceptions import ResponseError

from jobs.errors import UnfitRedisError
from jobs.stores.redis import answering

_LEAST = (6, 2)
_KEEPS_ALL = "noeviction"

log = structlog.stdlib.get_logger(__name__)


class Fitness:
    """Looks at what Redis says of itself. A server that does not tell is let pass, with a warning."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def check(self) -> None:
        """Raise UnfitRedisError where this Redis must not be used, StoreUnavailableError where it does not answer."""
        with answering():
            try:
                told = await self._redis.info()
            except ResponseError as error:
                log.warning("redis_not_checked", reason=f"INFO: {error}")
                return
        if faults := _faults(told):
            raise UnfitRedisError("; ".join(faults))
        if "maxmemory_policy" not in told:
            log.warning("redis_not_checked", reason=f"its eviction policy cannot be read; it must be {_KEEPS_ALL}")


def _faults(told: dict[str, Any]) -> list[str]:
    faults = []
    if told.get("cluster_enabled"):
        faults.append("it is a cluster, whose nodes refuse scripts over all keys: use a single server or Sentinel")
    policy = told.get("maxmemory_policy", _KEEPS_ALL)
    if policy != _KEEPS_ALL:
        faults.append(f"its maxmemory-policy {policy} may drop jobs and leases: set it to {_KEEPS_ALL}")
    version = str(told.get("redis_version", ""))
    numbers = tuple(int(part) for part in version.split(".")[:2] if part.isdecimal())
    if numbers and numbers < _LEAST:
        faults.append(f"it is Redis {version}: use 6.2 or newer, or Valkey")
    return faults
