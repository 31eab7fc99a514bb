"""arq as it comes, but for 100 jobs at once (its default is 10): polls every half second, pickles."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

from arq.connections import ArqRedis, RedisSettings, create_pool
from arq.jobs import Deserializer, Serializer
from arq.worker import Worker

from benchmarks.engine.peers.script import NOOP, Producer, concurrently, run
from benchmarks.engine.peers.tally import count, report_start


async def noop(_: Mapping[str, Any], number: int) -> None:
    """Do nothing but be counted."""
    count(number)


async def mark(_: Mapping[str, Any], sent_at: float) -> None:
    """Report how long it took to get here."""
    report_start(sent_at)


@dataclass(frozen=True, slots=True)
class ArqProducer:
    """arq's client; it has no call for many jobs."""

    redis: ArqRedis

    async def enqueue(self, task: str, argument: float) -> None:
        """Enqueue one job."""
        await self.redis.enqueue_job(task, argument)

    async def enqueue_batch(self, numbers: range) -> None:
        """Enqueue 100 at a time, each over a connection of its own."""
        await concurrently(self.redis.enqueue_job(NOOP, number) for number in numbers)


@dataclass(frozen=True, slots=True, kw_only=True)
class Arq:
    """arq with these settings; no serializer means pickle."""

    serializer: Serializer | None = None
    deserializer: Deserializer | None = None
    poll_delay_s: float = 0.5

    @asynccontextmanager
    async def connect(self, url: str) -> AsyncIterator[Producer]:
        """Open a client."""
        redis = await create_pool(
            RedisSettings.from_dsn(url), job_serializer=self.serializer, job_deserializer=self.deserializer
        )
        try:
            yield ArqProducer(redis)
        finally:
            await redis.aclose(close_connection_pool=True)

    async def work(self, url: str, concurrency: int) -> None:
        """Run a worker until SIGTERM, which arq shows as a cancellation."""
        functions: list[Any] = [noop, mark]
        worker = Worker(
            functions=functions,
            redis_settings=RedisSettings.from_dsn(url),
            max_jobs=concurrency,
            poll_delay=self.poll_delay_s,
            job_serializer=self.serializer,
            job_deserializer=self.deserializer,
        )
        with suppress(asyncio.CancelledError):
            await worker.async_run()
        await worker.close()


if __name__ == "__main__":
    arq = Arq()
    run(arq.connect, arq.work)
