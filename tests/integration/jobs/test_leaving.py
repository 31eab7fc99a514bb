"""Tasks that are left by what is no error: their try has an error, no worker is ended, and no job left open."""

import httpx

from tests.support.leaving import TASKS, TOLD
from tests.support.site import end_of, running_web, running_worker, submit

_WAYS = [
    (task.name, way) for task in TASKS for way in TOLD if (task.name, way) != ("leave.loop", "interrupt")
]  # that one is Ctrl-C's own


async def test_each_fails_its_try_and_is_tried_again(environ: dict[str, str]) -> None:
    """Wherever it runs; the same worker goes on with the others."""
    environ["JOBS_TASKS"] = "tests.support.leaving:TASKS"
    async with running_web(environ) as web, running_worker(environ):
        jobs = {(task, way): await submit(web, task, {"way": way}) for task, way in _WAYS}
        ends = {left: await _end_of(web, job["id"]) for left, job in jobs.items()}
        assert ends == {(task, way): ("failed", 2, TOLD[way]) for task, way in _WAYS}
        last = await submit(web, "diag.noop")
        assert (await end_of(web, last["id"]))["state"] == "succeeded"


async def _end_of(web: httpx.AsyncClient, job_id: str) -> tuple[str, int, str]:
    job = await end_of(web, job_id)
    return job["state"], job["tries"], f"{job['error']['type']}: {job['error']['message']}"
