"""What the dashboard costs the web process: each page beside a short and a long history, and many that stay open."""

import asyncio
import statistics
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import httpx
import uvloop

from app.dashboard.pages import PAGES
from benchmarks.listeners import Listeners
from benchmarks.measure import progress, table, tree_cpu_s
from benchmarks.sites import Site, new_site
from jobs.cancelling import cancel_until_ended
from tests.support.past import make_past
from tests.support.processes import web_process, worker_process
from tests.support.site import ADMIN_KEY, quotas

_HISTORIES = {"a short history": 1_000, "a long one": 1_000_000}
_AGAIN = 40
_OPEN = (0, 20, 200)
_EVERY_S = 5.0  # as the overview's template says
_LASTS_S = 20.0
_PER_S = 20  # jobs, while dashboards are open

_PAGE_HEADERS = ("page", *(f"{name}, {what}" for name in _HISTORIES for what in ("p50 ms", "web CPU ms")))
_OPEN_HEADERS = ("open dashboards", "pages/s", "events/s", "web CPU, of a core", "page p50 ms", "p99 ms")


def main(_: bool) -> None:  # noqa: FBT001  the one switch that all benchmarks share; it changes nothing here
    """Ask for each page, then keep some and many dashboards open; print two tables."""
    uvloop.run(_both())


async def _both() -> None:
    by_history = [await _pages(amount) for amount in _HISTORIES.values()]
    rows = [(path, *(figure for costs in by_history for figure in costs[path])) for path in by_history[0]]
    opened = [await _opened(amount) for amount in _OPEN]
    print(f"\n## dashboards\n\n{table(_PAGE_HEADERS, rows)}\n\n{table(_OPEN_HEADERS, opened)}")


@asynccontextmanager
async def _site() -> AsyncIterator[Site]:
    settings = {**quotas(running=100_000), "APP_LOG_LEVEL": "warning", "JOBS_LOG_LEVEL": "warning"}
    async with new_site(**settings) as site:
        yield site


async def _pages(amount: int) -> Mapping[str, tuple[str, str]]:
    """Ask for each page that shows no single thing many times, beside so many jobs."""
    costs = {}
    async with _site() as site:
        progress(f"dashboards: making {amount:,} jobs")
        await make_past(site.database, amount)
        async with web_process(site.environ) as (web, client):
            for path in (page.path for page in PAGES if "{" not in page.path):
                progress(f"dashboards: {path}")
                await _shown(client, path)
                before_s = tree_cpu_s(web.pid)
                took = [await _shown(client, path) for _ in range(_AGAIN)]
                cpu_ms = 1000 * (tree_cpu_s(web.pid) - before_s) / _AGAIN
                costs[path] = (f"{statistics.median(took):.1f}", f"{cpu_ms:.1f}")
    return costs


async def _opened(amount: int) -> tuple[str, ...]:
    """Keep so many overviews open, each with its events, while jobs run."""
    progress(f"dashboards: {amount} open")
    listeners, took = Listeners(), list[float]()
    async with (
        _site() as site,
        web_process(site.environ) as (web, client),
        worker_process({**site.environ, "JOBS_LOG_LEVEL": "info"}),
    ):
        for _ in range(amount):
            await listeners.follow_all(str(client.base_url), key=ADMIN_KEY)
        looking = [
            asyncio.create_task(_look(client, took, first_s=_EVERY_S * number / amount)) for number in range(amount)
        ]
        told, before_s, began = listeners.count.events, tree_cpu_s(web.pid), time.perf_counter()
        for _ in range(round(_LASTS_S * _PER_S)):
            await client.post("/api/jobs", json={"task": "diag.noop"})
            await asyncio.sleep(1 / _PER_S)
        seconds, cpu_s = time.perf_counter() - began, tree_cpu_s(web.pid) - before_s
        await cancel_until_ended(looking, again_s=0.2)
        listeners.close()
    p50, p99 = (f"{statistics.quantiles(took, n=100)[part - 1]:.0f}" if took else "" for part in (50, 99))
    rates = (f"{len(took) / seconds:.1f}", f"{(listeners.count.events - told) / seconds:,.0f}")
    return str(amount), *rates, f"{cpu_s / seconds:.2f}", p50, p99


async def _look(client: httpx.AsyncClient, took: list[float], *, first_s: float) -> None:
    await asyncio.sleep(first_s)
    while True:
        took.append(await _shown(client, "/"))
        await asyncio.sleep(_EVERY_S)


async def _shown(client: httpx.AsyncClient, path: str) -> float:
    """Ask for a page that must be shown; give the milliseconds that it took."""
    began = time.perf_counter()
    answer = await client.get(path)
    answer.raise_for_status()
    return 1000 * (time.perf_counter() - began)
