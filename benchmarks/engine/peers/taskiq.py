"""taskiq with taskiq-redis as it comes: stream broker, result backend, 100 jobs at once."""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from taskiq.receiver import Receiver
from taskiq_redis import RedisAsyncResultBackend, RedisStreamBroker

from benchmarks.engine.peers.script import MARK, NOOP, Producer, concurrently, run
from benchmarks.engine.peers.tally import count, report_start


async def noop(number: int) -> None:
    """Do nothing but be counted."""
    count(number)


async def mark(sent_at: float) -> None:
    """Report how long it took to get here."""
    report_start(sent_at)


@dataclass(frozen=True, slots=True)
class Tasks:
    """A broker, which is also the client, and its tasks by name; it has no call for many jobs."""

    broker: Any
    by_name: dict[str, Any]

    async def enqueue(self, task: str, argument: float) -> None:
        """Enqueue one job."""
        await self.by_name[task].kiq(argument)

    async def enqueue_batch(self, numbers: range) -> None:
        """Enqueue 100 at a time."""
        await concurrently(self.by_name[NOOP].kiq(number) for number in numbers)


def tasks_at(url: str) -> Tasks:
    """Give the tasks of a broker for the Redis at this address."""
    broker = RedisStreamBroker(url).with_result_backend(RedisAsyncResultBackend(url))
    functions = {NOOP: noop, MARK: mark}
    return Tasks(broker, {name: broker.task(task_name=name)(function) for name, function in functions.items()})


@asynccontextmanager
async def connect(url: str) -> AsyncIterator[Producer]:
    """Open a client; its start also makes the group, without which entries would not be seen by a later worker."""
    tasks = tasks_at(url)
    await tasks.broker.startup()
    try:
        yield tasks
    finally:
        await tasks.broker.shutdown()


async def work(url: str, concurrency: int) -> None:
    """Run a receiver until SIGTERM, as taskiq's own command does in its worker processes."""
    broker = tasks_at(url).broker
    broker.is_worker_process = True
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await Receiver(broker, max_async_tasks=concurrency).listen(stop)
    await broker.shutdown()


if __name__ == "__main__":
    run(connect, work)
