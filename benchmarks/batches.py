"""Batches are accepted over HTTP: all jobs of one in PostgreSQL, by one commit, and in Redis before the answer."""

import json
import statistics
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial

import uvloop
from redis.asyncio import Redis

from app.schemas.requests import BatchBody
from benchmarks.engine.measures import cpu_s
from benchmarks.http_load import Load, post
from benchmarks.measure import progress, table
from benchmarks.sites import Site, new_site
from jobs import keys
from jobs.admit import Admitter, Limits
from jobs.batch_check import BatchSubmission, checked_members
from jobs.ids import new_job_id
from jobs.settings import load_settings
from jobs.stores.batches import BatchStore, NewBatch
from jobs.stores.bulk import Bulk
from jobs.stores.jobs import JobStore
from jobs.stores.queue import Queue, Room
from jobs.stores.quotas import QuotaStore
from jobs.stores.redis import connect_redis
from jobs.tasks.table import task_table
from tests.support.bed import QUEUE
from tests.support.processes import web_process
from tests.support.site import ADMIN_KEY, quotas

ROUNDS = 5

_SIZES = {1_000: 40, 10_000: 8}  # jobs of a batch: batches of a round
_CONNECTIONS = (1, 2, 4)
_PATH = "/api/batches"
_HEADERS = (
    *("jobs a batch", "connections", "jobs/s", "p50 ms", "p99 ms"),
    *("web CPU us/job", "PostgreSQL CPU us/job", "Redis CPU us/job"),
)
_WHOLE = 10_000
_MOST = 100_000_000
_PATIENCE_S = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A site, and its web process."""

    site: Site
    url: str
    web: int

    async def empty(self) -> None:
        """Begin anew: no round is to pay for what those before it have left."""
        await self.site.database.execute("TRUNCATE jobs, batches CASCADE")
        await self.site.database.execute("CHECKPOINT")
        async with Redis.from_url(self.site.redis.url) as redis:
            await redis.flushall()

    async def amounts(self) -> tuple[int, int]:
        """Count the jobs that PostgreSQL and Redis have."""
        row = await self.site.database.fetch_row("SELECT count(*) AS amount FROM jobs")
        async with Redis.from_url(self.site.redis.url) as redis:
            return int(row["amount"]) if row else 0, int(await redis.zcard(keys.queue(QUEUE)))

    def cpu_s(self) -> tuple[float, float, float]:
        """Give the CPU seconds of web process, PostgreSQL and Redis so far."""
        return cpu_s(self.web), cpu_s(self.site.postgres.pid), cpu_s(self.site.redis.pid)


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """What one round gave; CPU in microseconds a job, of web process, PostgreSQL and Redis."""

    load: Load
    jobs_per_s: float
    cpu_us: tuple[float, ...]


def main(_: bool) -> None:  # noqa: FBT001  the one switch that all benchmarks share; it changes nothing here
    """Send batches over one connection and more; print a table of medians, and one of a batch's steps."""
    uvloop.run(_main())


async def _main() -> None:
    async with _stage() as stage:
        rounds: defaultdict[tuple[int, int], list[Round]] = defaultdict(list)
        for number in range(1, ROUNDS + 1):
            progress(f"batches: round {number} of {ROUNDS}")
            for size in _SIZES:
                for connections in _CONNECTIONS:
                    rounds[size, connections].append(await _round(stage, size, connections))
        rows = [(f"{size:,}", str(connections), *_middle(runs)) for (size, connections), runs in rounds.items()]
        print(f"\n## batches\n\n{table(_HEADERS, rows)}")
        steps = await _steps(stage)
        shown = [(step, f"{statistics.median(took_ms):.1f}") for step, took_ms in steps.items()]
        print(f"\nThe steps of a batch of {_WHOLE:,} jobs, one after the other:\n\n{table(('step', 'ms'), shown)}")


@asynccontextmanager
async def _stage() -> AsyncIterator[Stage]:
    """Run a web process on a site of its own."""
    settings = {**quotas(waiting=_MOST), "APP_LOG_LEVEL": "warning"}
    async with new_site(**settings) as site, web_process(site.environ) as (web, client):
        yield Stage(site=site, url=str(client.base_url), web=web.pid)


async def _round(stage: Stage, size: int, connections: int) -> Round:
    body, amount = _body(size), _SIZES[size]
    await post(stage.url, _PATH, body, key=ADMIN_KEY, connections=connections, requests=connections)  # to warm up
    await stage.empty()
    before = stage.cpu_s()
    load = await post(stage.url, _PATH, body, key=ADMIN_KEY, connections=connections, requests=amount)
    cpu_us = [1e6 * (after - was) / (size * amount) for was, after in zip(before, stage.cpu_s(), strict=True)]
    if (found := await stage.amounts()) != (size * amount, size * amount):
        raise AssertionError(f"of {size * amount} jobs, PostgreSQL and Redis have {found}")
    return Round(load=load, jobs_per_s=size * load.per_s, cpu_us=tuple(cpu_us))


async def _steps(stage: Stage) -> Mapping[str, list[float]]:
    """Take the same steps as the web process, and the time of each."""
    settings = load_settings(stage.site.environ)
    tasks = task_table(settings)
    redis = connect_redis(stage.site.redis.url, patience_s=_PATIENCE_S)
    queue = Queue(redis, patience_s=_PATIENCE_S, step_ms=settings.step_ms)
    quotas_kept = QuotaStore(stage.site.database, redis, tiers=settings.quotas, patience_s=_PATIENCE_S)
    admitter = Admitter(jobs=JobStore(stage.site.database), queue=queue, limits=Limits(quotas=quotas_kept))
    bulk = Bulk(queue, typical_s=partial(tasks.typical_s, otherwise=settings.turn_ms / 1000))
    store, body = BatchStore(stage.site.database), _body(_WHOLE)
    took: defaultdict[str, list[float]] = defaultdict(list)
    for _ in range(ROUNDS):
        await stage.empty()
        clock = [time.perf_counter()]
        parsed = BatchBody.model_validate_json(body)
        clock.append(time.perf_counter())
        members = await checked_members(BatchSubmission(owner="admin", jobs=parsed.jobs), tasks)
        clock.append(time.perf_counter())
        batch = NewBatch(id=new_job_id(), owner="admin", name=None, members=members, on_complete=None)
        await admitter.admit_all(Room("admin", batch.id, _WHOLE))
        clock.append(time.perf_counter())
        at = await store.insert(batch)
        clock.append(time.perf_counter())
        if at is None:
            raise AssertionError("the batch was not stored")
        await bulk.line_up(batch, at=at)
        clock.append(time.perf_counter())
        names = ("body read", "jobs checked", "places taken", "rows committed", "put in line")
        for name, began, ended in zip(names, clock, clock[1:], strict=False):
            took[name].append(1000 * (ended - began))
    await redis.aclose(close_connection_pool=True)
    return took


def _body(size: int) -> bytes:
    jobs = [{"task": "diag.sleep", "args": {"seconds": number / 1000}} for number in range(size)]
    return json.dumps({"jobs": jobs}).encode()


def _middle(runs: list[Round]) -> tuple[str, ...]:
    def of(read: Callable[[Round], float]) -> float:
        return statistics.median(map(read, runs))

    cpu_us = [statistics.median(column) for column in zip(*(run.cpu_us for run in runs), strict=True)]
    return (
        f"{of(lambda run: run.jobs_per_s):,.0f}",
        *(f"{of(lambda run: run.load.p50_ms):.0f}", f"{of(lambda run: run.load.p99_ms):.0f}"),
        *(f"{us:.1f}" for us in cpu_us),
    )
