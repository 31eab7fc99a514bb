"""SAQ as it comes, but for 100 jobs at once (its default is 10), and as many connections as that takes."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from redis.asyncio import Redis
from saq import Queue, Worker
from saq.queue.redis import RedisQueue

from benchmarks.engine.peers.script import NOOP, Producer, concurrently, run
from benchmarks.engine.peers.tally import count, report_start

_CONNECTIONS = 1_000


async def noop(_: Mapping[str, Any], *, argument: int) -> None:
    """Do nothing but be counted."""
    count(argument)


async def mark(_: Mapping[str, Any], *, argument: float) -> None:
    """Report how long it took to get here."""
    report_start(argument)


@dataclass(frozen=True, slots=True)
class SaqProducer:
    """SAQ's client; it has no call for many jobs, and lets 20 at a time through itself."""

    queue: Queue

    async def enqueue(self, task: str, argument: float) -> None:
        """Enqueue one job."""
        await self.queue.enqueue(task, argument=argument)

    async def enqueue_batch(self, numbers: range) -> None:
        """Enqueue 100 at a time."""
        await concurrently(self.queue.enqueue(NOOP, argument=number) for number in numbers)


def queue_at(url: str) -> Queue:
    """Give the queue in the Redis at this address.

    Each of a worker's 100 slots waits in a BLMOVE of its own, and redis-py opens no more than 100 connections unasked:
    jobs that were taken are then stuck until SAQ's sweep.
    """
    return RedisQueue(Redis.from_url(url, max_connections=_CONNECTIONS))


@asynccontextmanager
async def connect(url: str) -> AsyncIterator[Producer]:
    """Open a client."""
    queue = queue_at(url)
    await queue.connect()
    try:
        yield SaqProducer(queue)
    finally:
        await queue.disconnect()


async def work(url: str, concurrency: int) -> None:
    """Run a worker until SIGTERM."""
    queue = queue_at(url)
    await queue.connect()
    try:
        await Worker(queue, [noop, mark], concurrency=concurrency).start()
    finally:
        await queue.disconnect()


if __name__ == "__main__":
    run(connect, work)
