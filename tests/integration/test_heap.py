"""Web processes, workers and stewards have what they made by their start on huge pages."""

import sys

from tests.support.huge_pages import gives_huge_pages, huge_kb
from tests.support.processes import started, web_process, worker_process

_SOME_KB = 4 * 1024  # an interpreter with all modules has some thirty megabytes

pytestmark = gives_huge_pages


async def test_a_web_process(environ: dict[str, str]) -> None:
    """By the time at which it listens."""
    async with web_process(environ) as (web, _):
        assert huge_kb(web.pid) >= _SOME_KB


async def test_a_worker(environ: dict[str, str]) -> None:
    """By the time at which it takes jobs."""
    async with worker_process(environ) as worker:
        assert huge_kb(worker.pid) >= _SOME_KB


async def test_a_steward(environ: dict[str, str]) -> None:
    """By the time at which it has begun."""
    async with started((sys.executable, "-m", "jobs", "steward"), environ) as steward:
        await steward.says("steward_started")
        assert huge_kb(steward.pid) >= _SOME_KB
