"""The command line that all contestants have in common; each hands it how to enqueue and how to work.

enqueue-one N       enqueue N no-op jobs, one awaited after the other: prints {"seconds": ...}
enqueue-batch N     enqueue N no-op jobs by the library's best way for many: prints {"seconds": ...}
settle              do what an engine needs once in an emptied Redis, if anything: prints {}
pick-up N           enqueue one, idle for 10-190 ms, N times, whatever the worker does: prints {"waited_ms": [...]}
worker              print "ready", wait for a line on stdin, work until SIGTERM: prints a tally

What is printed is a line of JSON. The address of Redis is in BENCH_REDIS_URL, the loop is uvloop's, nothing is logged
below a warning. Jobs are `noop`, with its number as argument, and `mark`, with the time of its sending.
"""

import argparse
import asyncio
import json
import os
import random
import socket
import sys
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from contextlib import AbstractAsyncContextManager, suppress
from typing import Any, Protocol

import uvloop

from benchmarks.engine.peers.tally import STARTED_SOCKET, tallied

NOOP = "noop"
MARK = "mark"
READY = "ready"

_AT_ONCE = 100
_IDLE_S = (0.010, 0.190)
_LOST_S = 10.0
_WARM_UP = 5


class Producer(Protocol):
    """A connected client that puts jobs in."""

    async def enqueue(self, task: str, argument: float) -> None:
        """Enqueue one job; it is in Redis when this returns."""

    async def enqueue_batch(self, numbers: range) -> None:
        """Enqueue a no-op job for each of these numbers, as fast as the library can."""


Connect = Callable[[str], AbstractAsyncContextManager[Producer]]
Work = Callable[[str, int], Coroutine[Any, Any, None]]
Settle = Callable[[str], Coroutine[Any, Any, None]]


def run(connect: Connect, work: Work, settle: Settle | None = None) -> None:
    """Do what the command line says.

    `connect(url)` gives a producer, `work(url, concurrency)` runs until SIGTERM, `settle(url)` follows each emptying.
    """
    parser = argparse.ArgumentParser(description="One contestant of the engine benchmark.")
    commands = parser.add_subparsers(dest="command", required=True)
    for name in _PRODUCING:
        commands.add_parser(name).add_argument("jobs", type=int)
    commands.add_parser("settle")
    commands.add_parser("worker").add_argument("--concurrency", type=int, default=100)
    arguments = parser.parse_args()
    url = os.environ["BENCH_REDIS_URL"]
    if arguments.command == "worker":
        print(READY, flush=True)
        sys.stdin.readline()
        uvloop.run(work(url, arguments.concurrency))
        answer: dict[str, Any] = tallied()
    elif arguments.command == "settle":
        if settle is not None:
            uvloop.run(settle(url))
        answer = {}
    else:
        answer = uvloop.run(_produce(connect(url), _PRODUCING[arguments.command], arguments.jobs))
    _tell(answer)


async def concurrently(calls: Iterable[Awaitable[object]]) -> None:
    """Await these 100 at a time: the best way for many where a library has no call of its own for it."""
    batch: list[Awaitable[object]] = []
    for call in calls:
        batch.append(call)
        if len(batch) == _AT_ONCE:
            await asyncio.gather(*batch)
            batch.clear()
    await asyncio.gather(*batch)


def _tell(answer: dict[str, Any]) -> None:
    """Print it whole: under PYTHONUNBUFFERED, `print` drops what a write cut short by a signal has left (5 of 316)."""
    with os.fdopen(sys.stdout.fileno(), "wb", closefd=False) as output:
        output.write(json.dumps(answer).encode() + b"\n")


async def _produce(
    connected: AbstractAsyncContextManager[Producer],
    produce: Callable[[Producer, int], Awaitable[dict[str, Any]]],
    jobs: int,
) -> dict[str, Any]:
    async with connected as producer:
        return await produce(producer, jobs)


async def _enqueue_one(producer: Producer, jobs: int) -> dict[str, Any]:
    began = time.perf_counter()
    for number in range(jobs):
        await producer.enqueue(NOOP, number)
    return {"seconds": time.perf_counter() - began}


async def _enqueue_batch(producer: Producer, jobs: int) -> dict[str, Any]:
    began = time.perf_counter()
    await producer.enqueue_batch(range(jobs))
    return {"seconds": time.perf_counter() - began}


async def _pick_up(producer: Producer, jobs: int) -> dict[str, Any]:
    """Measure from the call that enqueues to the first line of the job; the first few open connections: left out.

    The moments of sending do not depend on those of starting: a sender that waits for the start would keep step with a
    worker that polls, and always see its longest wait. What has not started
    10 s after the last was sent is not told of.
    """
    idle = random.Random(jobs)  # noqa: S311  the same pauses for everybody
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as reports:
        reports.bind(os.environ[STARTED_SOCKET])
        reports.setblocking(False)  # noqa: FBT003  as the loop wants it
        waited_ms: list[float] = []
        receiving = asyncio.create_task(_receive(reports, waited_ms, _WARM_UP + jobs))
        for _ in range(_WARM_UP + jobs):
            await asyncio.sleep(idle.uniform(*_IDLE_S))
            await producer.enqueue(MARK, time.time())
        with suppress(TimeoutError):
            await asyncio.wait_for(receiving, _LOST_S)
    return {"waited_ms": waited_ms[_WARM_UP:]}


async def _receive(reports: socket.socket, waited_ms: list[float], jobs: int) -> None:
    loop = asyncio.get_running_loop()
    while len(waited_ms) < jobs:
        waited_ms.append(json.loads(await loop.sock_recv(reports, 64)))


_PRODUCING: dict[str, Callable[[Producer, int], Awaitable[dict[str, Any]]]] = {
    "enqueue-one": _enqueue_one,
    "enqueue-batch": _enqueue_batch,
    "pick-up": _pick_up,
}
