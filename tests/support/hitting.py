"""A process that asks for one bucket as fast as it can: `python -m tests.support.hitting URL CLIENTS SECONDS`.

It prints how often it was admitted. Without seconds each client asks until it is refused.
"""

import asyncio
import sys
import time

from redis.asyncio import Redis

from ratelimit.bucket import BucketRequest, Limit
from ratelimit.storage.redis import TokenBucketRedisStorage

PATIENCE_S = 10.0  # a crowd on a busy machine is slow, and Redis is not away for that
BUCKET = BucketRequest(policy="p", key="crowd", limit=Limit(amount=50, period_s=1, burst=1_000))


async def hit(url: str, clients: int, seconds: float) -> int:
    """Give how often so many clients were admitted."""
    until = time.monotonic() + seconds
    async with Redis.from_url(url) as redis:
        storage = TokenBucketRedisStorage.on(redis, patience_s=PATIENCE_S)

        async def client() -> int:
            admitted = 0
            while True:
                decision = await storage.acquire(BUCKET)
                admitted += decision.admitted
                if not decision.admitted and time.monotonic() > until:
                    return admitted

        return sum(await asyncio.gather(*[client() for _ in range(clients)]))


if __name__ == "__main__":
    print(asyncio.run(hit(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]))))  # noqa: T201  its parent reads it
