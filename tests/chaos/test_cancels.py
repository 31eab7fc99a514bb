"""A thousand cancels race claims, ends, retries and lost leases."""

from jobs.stores.database import Database
from tests.support.bed import SHORT_LEASE, bed_of
from tests.support.endurance.cancels import LIMIT, PROCESSES, TASKS, cancel_amid_deaths
from tests.support.site import quotas


async def test_every_answer_is_true_and_nothing_leaks(environ: dict[str, str], database: Database) -> None:
    """Each job ends once; slots, places, child processes and keys are free again."""
    settings = {**quotas(running=LIMIT), "JOBS_PROCESSES": str(PROCESSES), "JOBS_TASKS": TASKS}
    async with bed_of({**environ, **SHORT_LEASE, **settings}, database) as bed:
        figures = await cancel_amid_deaths(bed, jobs=1_000, deaths=3)
    assert int(figures["workers killed"]) >= 3
