"""What /metrics costs: how long a scrape takes whatever waits, whom it holds up, and what it takes from the workers."""

import asyncio
import statistics
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from time import perf_counter

import httpx
import uvloop

from benchmarks.drains import WORKING, Stage, counted, new_stage
from benchmarks.engine.measures import cpu_s
from benchmarks.http_load import Load, post
from benchmarks.measure import main_thread_cpu_s, progress, table, tree_cpu_s
from tests.support.bed import Wanted
from tests.support.processes import started
from tests.support.site import ADMIN_KEY

_SCRAPES = 100
_EVERY_S = 1.0
_QUEUED, _QUEUED_IN_FULL = 100_000, 1_000_000
_AT_ONCE = 10_000
_SUBMISSIONS, _SUBMIT_EVERY_S = 250, 0.02
_DRAINED = 20_000
_ROUNDS = 5

_SCRAPE_HEADERS = (
    *("jobs queued", "p50 ms", "p99 ms", "web CPU ms", "of that in the event loop", "Redis CPU ms"),
    *("PostgreSQL CPU ms", "series"),
)
_BESIDE_HEADERS = ("submissions", "p50 ms", "p99 ms")
_DRAIN_HEADERS = ("metrics", "drained, jobs/s", "ratio", "least", "greatest")


@dataclass(frozen=True, slots=True, kw_only=True)
class Scrapes:
    """Scrapes one after the other: seconds of each; CPU seconds of the web process, of its loop, of both stores."""

    took_s: list[float]
    used_s: tuple[float, ...]
    series: int


def main(full: bool) -> None:  # noqa: FBT001  the one switch that all benchmarks share
    """Scrape an empty site and a full one, and drain queues with and without; print three tables."""
    uvloop.run(_all(_QUEUED_IN_FULL if full else _QUEUED))


async def _all(amount: int) -> None:
    rows = []
    async with new_stage() as stage, httpx.AsyncClient(base_url=stage.url, trust_env=False) as client:
        progress("scrape: an empty site")
        rows.append(_row(0, await _scrapes(stage, client)))
        beside = await _beside(stage, client)
        progress(f"scrape: putting {amount:,} jobs in line")
        await _fill(client, amount)
        rows.append(_row(amount, await _scrapes(stage, client)))
    drains = await _drains()
    print(
        f"\n## scrape\n\n{table(_SCRAPE_HEADERS, rows)}\n\n{table(_BESIDE_HEADERS, beside)}"
        f"\n\n{table(_DRAIN_HEADERS, drains)}"
    )


async def _scrapes(stage: Stage, client: httpx.AsyncClient) -> Scrapes:
    text, took_s = "", list[float]()
    before_s = _used_s(stage)
    for _ in range(_SCRAPES):
        began = perf_counter()
        text = (await client.get("/metrics")).raise_for_status().text
        took_s.append(perf_counter() - began)
    return Scrapes(
        took_s=sorted(took_s),
        used_s=tuple(after - before for before, after in zip(before_s, _used_s(stage), strict=True)),
        series=sum(not line.startswith("#") for line in text.splitlines()),
    )


def _row(amount: int, scrapes: Scrapes) -> tuple[str, ...]:
    p50, p99 = (scrapes.took_s[len(scrapes.took_s) * part // 100] * 1000 for part in (50, 99))
    web, loop, redis, postgres = (1000 * used_s / len(scrapes.took_s) for used_s in scrapes.used_s)
    each = (f"{web:.1f}", f"{loop / web if web else 0:.2f}", f"{redis:.1f}", f"{postgres:.1f}")
    return f"{amount:,}", f"{p50:.0f}", f"{p99:.0f}", *each, f"{scrapes.series:,}"


def _used_s(stage: Stage) -> tuple[float, ...]:
    stores = (cpu_s(stage.site.redis.pid), cpu_s(stage.site.postgres.pid))
    return tree_cpu_s(stage.web), main_thread_cpu_s(stage.web), *stores


async def _beside(stage: Stage, client: httpx.AsyncClient) -> list[tuple[str, ...]]:
    """Submit at leisure with and without scrapes beside it, in turn; give medians."""
    alone, scraped = [], []
    for _ in range(_ROUNDS):
        alone.append(await _submissions(stage))
        async with _scraping(client):
            scraped.append(await _submissions(stage))
    return [
        (who, *(f"{statistics.median(getattr(load, name) for load in loads):.1f}" for name in ("p50_ms", "p99_ms")))
        for who, loads in (("alone", alone), ("scraped each second", scraped))
    ]


async def _submissions(stage: Stage) -> Load:
    return await post(
        stage.url,
        "/api/jobs",
        b'{"task":"diag.noop"}',
        key=ADMIN_KEY,
        connections=1,
        requests=_SUBMISSIONS,
        every_s=_SUBMIT_EVERY_S,
    )


async def _fill(client: httpx.AsyncClient, amount: int) -> None:
    jobs = [{"task": "diag.sleep", "args": {"seconds": 0.001 * number}} for number in range(_AT_ONCE)]
    headers = {"Authorization": f"Bearer {ADMIN_KEY}"}
    for _ in range(amount // _AT_ONCE):
        answer = await client.post("/api/batches", json={"jobs": jobs}, headers=headers, timeout=60)
        answer.raise_for_status()


async def _drains() -> list[tuple[str, ...]]:
    """Drain queues with and without scrapes, in turn."""
    rates: defaultdict[str, list[float]] = defaultdict(list)
    for number in range(1, _ROUNDS + 1):
        progress(f"scrape: drain {number} of {_ROUNDS}")
        for who in ("not scraped", "scraped each second"):
            async with new_stage() as stage, httpx.AsyncClient(base_url=stage.url, trust_env=False) as client:
                rates[who].append(await _drain(stage, client, scraped=who != "not scraped"))
    rows: list[tuple[str, ...]] = []
    for who, found in rates.items():
        ratios = [mine / alone for mine, alone in zip(found, rates["not scraped"], strict=True)]
        figures = (statistics.median(ratios), min(ratios), max(ratios))
        rows.append((who, f"{statistics.median(found):,.0f}", *(f"{figure:.2f}" for figure in figures)))
    return rows


async def _drain(stage: Stage, client: httpx.AsyncClient, *, scraped: bool) -> float:
    await stage.bed.submit([Wanted(owner=f"owner {number % 20}") for number in range(_DRAINED)])
    async with started(WORKING, stage.bed.environ):
        await counted(stage.bed, started_ones=1)
        began = perf_counter()
        if scraped:
            async with _scraping(client):
                await counted(stage.bed, succeeded=_DRAINED)
        else:
            await counted(stage.bed, succeeded=_DRAINED)
        return _DRAINED / (perf_counter() - began)


@asynccontextmanager
async def _scraping(client: httpx.AsyncClient) -> AsyncIterator[None]:
    """Scrape each second, as long as the context lasts."""

    async def scrape() -> None:
        while True:
            (await client.get("/metrics")).raise_for_status()
            await asyncio.sleep(_EVERY_S)

    scraping = asyncio.create_task(scrape())
    try:
        yield
    finally:
        scraping.cancel()
        with suppress(asyncio.CancelledError):
            await scraping
