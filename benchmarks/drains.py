"""What a drain of a queue needs: a site with a web process beside it, and to know when a worker has come how far."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from benchmarks.sites import Site, new_site
from jobs.model import State
from tests.support.bed import QUEUE, Bed, bed_of
from tests.support.conditions import eventually
from tests.support.processes import WORKER, web_process
from tests.support.site import quotas

_SLOTS = 100
_WITHIN_S = 120.0

WORKING = (*WORKER, "--queues", f"{QUEUE}:{_SLOTS}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """The engine, and a web process beside it."""

    site: Site
    bed: Bed
    url: str
    web: int


@asynccontextmanager
async def new_stage() -> AsyncIterator[Stage]:
    """Start a site, and a web process."""
    settings = {**quotas(running=100_000, waiting=10_000_000), "APP_LOG_LEVEL": "warning", "JOBS_LOG_LEVEL": "warning"}
    async with (
        new_site(**settings) as site,
        bed_of(site.environ, site.database) as bed,
        web_process(site.environ) as (web, client),
    ):
        await site.database.execute("DROP TRIGGER note_end ON jobs")
        yield Stage(site=site, bed=bed, url=str(client.base_url), web=web.pid)


async def counted(bed: Bed, *, started_ones: int = 0, succeeded: int = 0) -> None:
    """Wait until Redis has counted so many."""

    async def is_counted() -> bool:
        tally = await bed.tally()
        return tally.started >= started_ones and tally.ended[State.SUCCEEDED] >= succeeded

    await eventually(is_counted, within_s=_WITHIN_S)
