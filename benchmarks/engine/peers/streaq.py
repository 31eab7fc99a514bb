"""streaq as it comes, but for 100 jobs at once (its default is 16); it prefetches as many again."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from streaq import Worker

from benchmarks.engine.peers.script import MARK, NOOP, Producer, run
from benchmarks.engine.peers.tally import count, report_start

_BATCH = 1_000


async def noop(number: int) -> None:
    """Do nothing but be counted."""
    count(number)


async def mark(sent_at: float) -> None:
    """Report how long it took to get here."""
    report_start(sent_at)


@dataclass(frozen=True, slots=True)
class Tasks:
    """A worker object, which is also the client, and its tasks by name."""

    worker: Any
    by_name: dict[str, Any]

    async def enqueue(self, task: str, argument: float) -> None:
        """Enqueue one job."""
        await self.by_name[task].enqueue(argument)

    async def enqueue_batch(self, numbers: range) -> None:
        """Enqueue 1,000 at a time: one pipeline each."""
        for first in range(0, len(numbers), _BATCH):
            await self.worker.enqueue_many([self.by_name[NOOP].enqueue(n) for n in numbers[first : first + _BATCH]])


def tasks_at(url: str, concurrency: int = 1) -> Tasks:
    """Give the tasks of a worker for the Redis at this address."""
    worker = Worker(redis_url=url, concurrency=concurrency)
    functions: dict[str, Callable[[Any], Awaitable[None]]] = {NOOP: noop, MARK: mark}
    return Tasks(worker, {name: worker.task(function) for name, function in functions.items()})


@asynccontextmanager
async def connect(url: str) -> AsyncIterator[Producer]:
    """Open a client."""
    tasks = tasks_at(url)
    async with tasks.worker:
        yield tasks


async def work(url: str, concurrency: int) -> None:
    """Run a worker until SIGTERM."""
    await tasks_at(url, concurrency).worker.run_async()


if __name__ == "__main__":
    run(connect, work)
