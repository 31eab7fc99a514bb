"""How batches end, are cancelled and retried, and what follows them."""

from collections.abc import Sequence
from typing import Any

import httpx
import pytest

from jobs.audit import Deed
from jobs.model import Job
from jobs.stores.database import Database
from jobs.stores.queue import Room
from jobs.submit import Submitter
from tests.support.batches import end_of_batch, noops, submit_batch
from tests.support.conditions import eventually, reaches, written
from tests.support.moments import moment
from tests.support.site import end_of

_FAILS: dict[str, Any] = {"task": "diag.fail", "args": {}, "max_tries": 1}
_LONG: dict[str, Any] = {"task": "diag.sleep", "args": {"seconds": 60}}


@pytest.mark.parametrize(
    ("jobs", "state", "counts"),
    [
        (noops(300), "succeeded", {"succeeded": 300}),
        ([*noops(2), _FAILS], "partial", {"succeeded": 2, "failed": 1}),
        ([_FAILS, _FAILS], "failed", {"failed": 2}),
    ],
)
async def test_a_batch_ends_with_its_last_job(
    site: httpx.AsyncClient, jobs: list[dict[str, object]], state: str, counts: dict[str, int]
) -> None:
    """Its state is that of its jobs together; it ends when the last of them does."""
    batch = await submit_batch(site, jobs)
    ended = await end_of_batch(site, batch["id"])
    assert (ended["state"], ended["counts"], ended["total"]) == (state, counts, len(jobs))
    assert moment(ended["created_at"]) < moment(ended["finished_at"])
    assert (await site.get(f"/api/batches/{batch['id']}")).json() == ended


async def test_what_follows_is_made_once_and_soon(site: httpx.AsyncClient, database: Database) -> None:
    """However the last job ended; it says which batch it follows, and is none of it."""
    batch = await submit_batch(
        site, [*noops(3), _FAILS], on_complete={"task": "diag.noop", "priority": 8, "tags": ["after"]}
    )
    ended = await end_of_batch(site, batch["id"])
    follower = await reaches(site, batch["on_complete_job_id"], "succeeded")
    assert (follower["batch_id"], follower["priority"], follower["tags"]) == (batch["id"], 8, ["after"])
    assert moment(follower["accepted_at"]) > moment(ended["finished_at"])
    assert (await site.get(f"/api/batches/{batch['id']}")).json() == ended
    assert ended["counts"] == {"succeeded": 3, "failed": 1}
    assert len(await database.fetch("SELECT FROM jobs")) == 5


async def test_cancelling_stops_what_waits_and_what_runs(site: httpx.AsyncClient, database: Database) -> None:
    """All of it, at once or within a second; what had ended stays as it is, and what follows comes all the same."""
    jobs = [*noops(1), *(dict(_LONG) for _ in range(8)), *noops(300, delay_s=600)]
    batch = await submit_batch(site, jobs, on_complete={"task": "diag.noop"})

    async def four_run() -> bool:
        rows = await database.fetch("SELECT state FROM jobs WHERE state IN ('running', 'succeeded')")
        return sorted(row["state"] for row in rows) == ["running"] * 4 + ["succeeded"]

    await eventually(four_run)
    for _ in range(2):  # again is no mistake
        answer = await site.post(f"/api/batches/{batch['id']}/cancel")
        assert (answer.status_code, answer.json()["id"]) == (200, batch["id"])
    ended = await end_of_batch(site, batch["id"])
    assert (ended["state"], ended["counts"]) == ("partial", {"succeeded": 1, "cancelled": 308})
    await reaches(site, batch["on_complete_job_id"], "succeeded")
    assert (await site.post(f"/api/batches/{batch['id']}/cancel")).json() == ended


async def test_a_batch_that_never_began_is_cancelled(web: httpx.AsyncClient, site: httpx.AsyncClient) -> None:
    """Its state is the word for that, and it has no job that could have run."""
    batch = await submit_batch(web, noops(300, delay_s=600))
    await web.post(f"/api/batches/{batch['id']}/cancel")
    ended = await end_of_batch(site, batch["id"])
    assert (ended["state"], ended["counts"]) == ("cancelled", {"cancelled": 300})


async def test_retrying_runs_what_ended_badly_once_more(site: httpx.AsyncClient, database: Database) -> None:
    """The rest stays; the batch is open meanwhile, ends anew, and what follows does not come again."""
    batch = await submit_batch(site, [*noops(2), *noops(250, delay_s=600), _FAILS], on_complete={"task": "diag.noop"})

    async def began() -> bool:
        return len(await database.fetch("SELECT FROM jobs WHERE state IN ('succeeded', 'failed')")) == 3

    await eventually(began)
    await site.post(f"/api/batches/{batch['id']}/cancel")
    first = await end_of_batch(site, batch["id"])
    assert first["counts"] == {"succeeded": 2, "cancelled": 250, "failed": 1}
    await reaches(site, batch["on_complete_job_id"], "succeeded")
    follower = await written(site, batch["on_complete_job_id"])
    answer = await site.post(f"/api/batches/{batch['id']}/retry")
    again = answer.json()
    assert (answer.status_code, again["state"], again["finished_at"]) == (202, "running", None)
    assert sum(again["counts"].values()) == 253
    second = await end_of_batch(site, batch["id"])
    assert (second["state"], second["counts"]) == ("partial", {"succeeded": 252, "failed": 1})
    assert moment(second["finished_at"]) > moment(first["finished_at"])
    runs = await database.fetch("SELECT run, count(*) AS amount FROM jobs GROUP BY run ORDER BY run")
    assert [(row["run"], row["amount"]) for row in runs] == [(1, 3), (2, 251)]
    assert (await site.get(f"/api/jobs/{follower['id']}")).json() == follower


async def test_retrying_one_job_opens_its_batch_again(site: httpx.AsyncClient, database: Database) -> None:
    """By hand, by its own id; what has followed does not open it."""
    batch = await submit_batch(site, [_FAILS], on_complete=_FAILS)
    ended = await end_of_batch(site, batch["id"])
    row = await database.fetch_row("SELECT id FROM jobs WHERE id <> $1", batch["on_complete_job_id"])
    assert row is not None
    await site.post(f"/api/jobs/{row['id']}/retry")
    first = await end_of_batch(site, batch["id"])
    assert moment(first["finished_at"]) > moment(ended["finished_at"])
    await reaches(site, batch["on_complete_job_id"], "failed")
    await site.post(f"/api/jobs/{batch['on_complete_job_id']}/retry")
    assert (await site.get(f"/api/batches/{batch['id']}")).json() == first
    await reaches(site, batch["on_complete_job_id"], "failed")


async def test_there_is_nothing_to_retry_where_nothing_ended_badly(site: httpx.AsyncClient) -> None:
    """409, for one that runs and for one that has succeeded; nothing was changed."""
    batch = await submit_batch(site, noops(2))
    ended = await end_of_batch(site, batch["id"])
    running = await submit_batch(site, [_LONG])
    for one in (batch, running):
        answer = await site.post(f"/api/batches/{one['id']}/retry")
        assert (answer.status_code, answer.json()["type"]) == (409, "conflict")
    assert (await site.get(f"/api/batches/{batch['id']}")).json() == ended
    await site.post(f"/api/batches/{running['id']}/cancel")


async def test_a_job_that_expires_ends_too(site: httpx.AsyncClient) -> None:
    """A batch of nothing else has failed, and can be retried."""
    batch = await submit_batch(site, noops(2, delay_s=600, expires_in_s=0.2))
    ended = await end_of_batch(site, batch["id"])
    assert (ended["state"], ended["counts"]) == ("failed", {"expired": 2})
    assert (await site.post(f"/api/batches/{batch['id']}/retry")).status_code == 202
    assert (await end_of_batch(site, batch["id"]))["state"] == "succeeded"


async def test_what_follows_may_be_due_later(site: httpx.AsyncClient) -> None:
    """Its delay begins with the end of the batch."""
    batch = await submit_batch(site, noops(1), on_complete={"task": "diag.noop", "delay_s": 0.5})
    await end_of_batch(site, batch["id"])

    async def made() -> bool:
        return (await site.get(f"/api/jobs/{batch['on_complete_job_id']}")).status_code == 200

    await eventually(made)
    follower = await end_of(site, batch["on_complete_job_id"])
    assert follower["state"] == "succeeded"
    assert moment(follower["run_at"]) > moment(follower["accepted_at"])


async def test_a_retry_takes_one_place_for_each_job(
    web: httpx.AsyncClient, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also while it lasts, for hundreds at a time: what the owner has free beside it stays free."""
    batch = await submit_batch(web, noops(450, delay_s=600))
    await web.post(f"/api/batches/{batch['id']}/cancel")
    await database.execute("UPDATE jobs SET state = 'cancelled', finished_at = now()")
    used, rerun_all = [], Submitter.rerun_all

    async def counted(self: Submitter, jobs: Sequence[Job], deed: Deed, *, room: Room) -> None:
        await rerun_all(self, jobs, deed, room=room)
        used.append((await web.get("/api/quota")).json()["used"])

    monkeypatch.setattr(Submitter, "rerun_all", counted)
    assert (await web.post(f"/api/batches/{batch['id']}/retry")).status_code == httpx.codes.ACCEPTED
    assert used == [450, 450, 450]
    assert (await web.get("/api/quota")).json()["used"] == 450
