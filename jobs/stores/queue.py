"""The queue in Redis, in arq's format: the client that puts jobs in. Taking them out is the worker's."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

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
    """Puts jobs into arq's sorted sets. No call takes longer than `patience_s` seconds, retries included."""

    def __init__(self, redis: ArqRedis, *, patience_s: float) -> None:
        self._redis = redis
        self._patience_s = patience_s

    async def enqueue(self, job: Job) -> None:
        """Put a job where workers find it; one that is there, or has ended lately, is left as it is.

        Raises StoreUnavailableError where Redis does not answer; then nobody knows whether the job is in.
        """
        async with self._answering():
            entered = await self._redis.enqueue_job(
                job.task,
                _job_id=job.id,
                _queue_name=keys.queue(job.queue),
                _defer_until=job.run_at,
                **job.args,
            )
            # arq says None where the job is there already, and also where the connection broke under its WATCH.
            if entered is None and not await self._redis.exists(keys.payload(job.id), keys.result(job.id)):
                raise ConnectionError("the connection was lost while the job was put in line")

    async def ping(self) -> None:
        """Raise StoreUnavailableError unless Redis answers."""
        async with self._answering():
            await self._redis.ping()

    @asynccontextmanager
    async def _answering(self) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(self._patience_s):
                yield
        except (RedisError, OSError) as error:
            raise StoreUnavailableError(f"Redis: {str(error) or 'no answer in time'}") from error
