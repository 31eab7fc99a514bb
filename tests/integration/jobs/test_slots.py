"""One worker process serves several queues, each with slots of its own."""

import httpx

from tests.support.conditions import eventually, reaches
from tests.support.site import SLOTS, end_of, running_worker, submit


async def test_each_queue_has_its_own(web: httpx.AsyncClient, environ: dict[str, str]) -> None:
    """All of each are used at the same time, none more; one queue's crowd takes none of another's."""
    async with running_worker(environ):
        long = {
            queue: [await submit(web, "diag.sleep", {"seconds": 60}, queue=queue) for _ in range(slots + 2)]
            for queue, slots in SLOTS.items()
            if queue != "scheduled"
        }

        async def running() -> dict[str, int]:
            shown = (await web.get("/api/queues")).json()["items"]
            return {queue["name"]: queue["running"] for queue in shown}

        async def all_are_used() -> bool:
            return (await running()) == SLOTS | {"scheduled": 0}

        await eventually(all_are_used)
        quick = await submit(web, "diag.noop", queue="scheduled")
        assert (await end_of(web, quick["id"]))["state"] == "succeeded"
        for queue, jobs in long.items():
            states = [(await web.get(f"/api/jobs/{job['id']}")).json()["state"] for job in jobs]
            assert (states.count("running"), states.count("queued")) == (SLOTS[queue], 2)
        await eventually(all_are_used)  # a worker says each second what it runs
        # A slot that is freed goes to the queue's own next.
        first, _, third, _ = long["data_processing"]
        await web.post(f"/api/jobs/{first['id']}/cancel", params={"wait_s": 5})
        await reaches(web, third["id"], "running")
        for jobs in long.values():
            for job in reversed(jobs):
                await web.post(f"/api/jobs/{job['id']}/cancel", params={"wait_s": 0})
