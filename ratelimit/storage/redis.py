"""Token buckets in Redis, as a storage of `limits`."""

from collections.abc import Callable
from typing import Any, Self

from limits.aio.storage import RedisStorage
from redis.asyncio import BlockingConnectionPool, ConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from ratelimit import keys, script
from ratelimit.arithmetic import Verb
from ratelimit.bucket import Backend, BucketRequest, Decision
from ratelimit.coalescer import Coalescer
from ratelimit.questions import Questions
from ratelimit.storage.support import TokenBucketSupport

PATIENCE_S = 0.1

_PIPELINES = 4
_CONNECTIONS = _PIPELINES + 2  # for clear, reset and check
_SCANNED = 1_000


class TokenBucketRedisStorage(RedisStorage, TokenBucketSupport):
    """Keeps each bucket that is not full in one short key; decides by Redis' clock, in one script.

    The calls of one turn of the event loop travel together, and those that want the same are one. It tries nothing
    twice, and waits for no answer longer than `patience_s`; it raises what redis-py raises, a RedisError or an OSError.
    """

    STORAGE_SCHEME = [  # noqa: RUF012  the way of `limits`
        "async+redis+bucket",
        "async+rediss+bucket",
        "async+redis+unix+bucket",
    ]

    def __init__(
        self,
        uri: str,
        *,
        wrap_exceptions: bool = False,
        key_prefix: str = keys.BUCKETS,
        connection_pool: "ConnectionPool | None" = None,
        patience_s: float = PATIENCE_S,
        clock: Callable[[], int] | None = None,
    ) -> None:
        """Connect to where the URI says, with a small pool of its own, or through the pool that is given.

        `patience_s` should be longer than the deadline of a limiter before it, which tells a silent Redis from a loop
        that stood still.
        `clock` is for tests: it gives the microseconds since 1970 in place of Redis.
        """
        uri = uri.replace("+bucket", "", 1)
        pool = connection_pool or _pool_at(uri, patience_s)
        # `limits` passes its options on to redis-py, and annotates them as plain values
        options: Any = {"connection_pool": pool}
        super().__init__(
            uri, wrap_exceptions=wrap_exceptions, implementation="redispy", key_prefix=key_prefix, **options
        )
        self._own_pool = None if connection_pool else pool
        bridge: Any = self.bridge  # its common class does not name what redis-py's has
        self._redis = bridge.get_connection()
        self._prefix = key_prefix
        coalescer = Coalescer(
            pool, self._redis.register_script(script.TEXT), pipelines=_PIPELINES, patience_s=patience_s
        )
        self._questions = Questions(coalescer, prefix=key_prefix, clock=clock)

    @classmethod
    def on(
        cls,
        redis: "Redis",
        *,
        key_prefix: str = keys.BUCKETS,
        patience_s: float = PATIENCE_S,
        clock: Callable[[], int] | None = None,
    ) -> Self:
        """Share the connections of a client, which stays with who made it. They should give up as soon as this does."""
        pool = redis.connection_pool
        return cls(
            "async+redis+bucket://", key_prefix=key_prefix, connection_pool=pool, patience_s=patience_s, clock=clock
        )

    async def decide(self, verb: Verb, requests: tuple[BucketRequest, ...]) -> Decision:
        """Do this to the buckets."""
        if not requests:
            return Decision(admitted=True, states=(), backend=Backend.REDIS)
        return await self._questions.ask(verb, requests)

    async def clear(self, *buckets: str | BucketRequest) -> None:
        """Fill the buckets."""
        if buckets:
            before = f"{self._prefix}:".encode()
            await self._redis.unlink(*[before + keys.bucket_of(bucket) for bucket in buckets])

    async def reset(self) -> int:
        """Fill all buckets; give how many there were. It neither blocks Redis nor lists all its keys at once."""
        count, cursor = 0, 0
        while True:
            cursor, found = await self._redis.scan(cursor, match=f"{keys.glob(self._prefix)}:*", count=_SCANNED)
            if found:
                count += await self._redis.unlink(*found)
            if not cursor:
                return count

    async def aclose(self) -> None:
        """Close the connections that it has made itself."""
        if self._own_pool is not None:
            await self._own_pool.disconnect()


def _pool_at(uri: str, patience_s: float) -> "BlockingConnectionPool":
    url = uri.removeprefix("async+").replace("redis+unix", "unix", 1)
    return BlockingConnectionPool.from_url(
        url,
        max_connections=_CONNECTIONS,
        timeout=patience_s,
        socket_timeout=patience_s,
        socket_connect_timeout=patience_s,
        retry=Retry(NoBackoff(), 0),
    )
