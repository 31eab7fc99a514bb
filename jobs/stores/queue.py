"""The queue in Redis, in arq's format: the client that puts jobs in. Taking them out is the worker's."""

from arq.connections import ArqRedis
from redis.asyncio import ConnectionPool
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialBackoff
from redis.exceptions import RedisError

from jobs import codec, keys
from jobs.errors import StoreUnavailableError
from jobs.model import Job

# arq gives each payload an end, a day after it is due. A job that was accepted must wait for as long as it
# takes, so the end is put where it does not matter: ten years.
_PAYLOAD_KEPT_MS = 10 * 365 * 86_400_000


def connect_redis(url: str, *, patience_s: float) -> ArqRedis:
    """Make an arq client with our codec. It connects at its first use and tries a lost connection twice.

    `patience_s` bounds each connection attempt and each answer.
    """
    pool = ConnectionPool.from_url(
        url,
        socket_timeout=patience_s,
        socket_connect_timeout=patience_s,
        retry=Retry(ExponentialBackoff(cap=0.5, base=0.05), retries=2),
        retry_on_error=[ConnectionError, TimeoutError, OSError],
        health_check_interval=30,
    )
    return ArqRedis(pool, job_serializer=codec.dumps, job_deserializer=codec.loads, expires_extra_ms=_PAYLOAD_KEPT_MS)


class Queue:
    """Puts jobs into arq's sorted sets."""

    def __init__(self, redis: ArqRedis) -> None:
        self._redis = redis

    async def enqueue(self, job: Job) -> None:
        """Put a job where workers find it; one that is there, or has ended lately, is left as it is.

        Raises StoreUnavailableError where Redis does not answer; then nobody knows whether the job is in.
        """
        try:
            await self._redis.enqueue_job(
                job.task,
                _job_id=job.id,
                _queue_name=keys.queue(job.queue),
                _defer_until=job.run_at,
                **job.args,
            )
        except (RedisError, OSError) as error:
            raise StoreUnavailableError(f"Redis: {error}") from error

    async def ping(self) -> None:
        """Raise StoreUnavailableError unless Redis answers."""
        try:
            await self._redis.ping()
        except (RedisError, OSError) as error:
            raise StoreUnavailableError(f"Redis: {error}") from error
