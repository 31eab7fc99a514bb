"""`sync_pending_files`: what nobody asked to sync is synced, what is hopeless blocks nothing, none is taken twice."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import httpx
import pytest

from jobs.stores.database import Database
from tests.support.conditions import eventually
from tests.support.files import ORDERS, as_csv, publish, upload
from tests.support.people import new_user
from tests.support.running import ran_now
from tests.support.site import running_web, running_worker

_SWEEP = "sync_pending_files"


@pytest.fixture
def environ(environ: dict[str, str]) -> dict[str, str]:
    """Give the variables of a site in which the sweep is never due by itself."""
    return {**environ, "JOBS_TIMETABLE": f"off; {_SWEEP}=0 0 29 2 *"}


@pytest.fixture
async def client(environ: dict[str, str]) -> AsyncIterator[httpx.AsyncClient]:
    """Run the application and a worker."""
    async with running_web(environ) as client, running_worker(environ):
        yield client


async def _upload(client: httpx.AsyncClient, amount: int, **more: str) -> list[str]:
    rows = [(f"A{number}", f"{sorted(more.items())}", 1, 1, "2026-03-01") for number in range(amount)]
    return [(await upload(client, as_csv([ORDERS, row]), **more)).json()["id"] for row in rows]


async def _sweep(client: httpx.AsyncClient) -> Any:  # noqa: ANN401  JSON
    job = await ran_now(client, _SWEEP)
    assert job["state"] == "succeeded", job
    return job["result"]


async def _ended(client: httpx.AsyncClient, task_id: str, states: set[str]) -> Any:  # noqa: ANN401  JSON
    progress: Any = None

    async def has_ended() -> bool:
        nonlocal progress
        progress = (await client.get(f"/api/data-sync/progress/{task_id}")).json()
        return progress["state"] in states

    await eventually(has_ended, within_s=60)  # the recoverer looks for what is not in line each ten seconds
    return progress


async def test_files_of_any_owner_are_synced_and_each_sees_his_own(client: httpx.AsyncClient) -> None:
    """By the system; who owns a file may ask how its sync is, and nobody else."""
    await publish(client)
    ann, bob = await new_user(client, "ann"), await new_user(client, "bob")
    with ann.asking(client):
        (hers,) = await _upload(client, 1)
    await _upload(client, 1, shop_id="s2")
    swept = await _sweep(client)
    assert swept["files"] == 2
    progress = await _ended(client, swept["batch_id"], {"succeeded"})
    assert (progress["files"]["succeeded"], progress["rows"]["inserted"]) == (2, 2)
    with ann.asking(client):
        task_id = (await client.get(f"/api/data-sync/files/{hers}")).json()["task_id"]
        assert (await client.get(f"/api/data-sync/progress/{task_id}")).json()["files"]["succeeded"] == 1
    with bob.asking(client):
        assert (await client.get(f"/api/data-sync/progress/{task_id}")).status_code == 404
    assert (await _sweep(client)) == {"batch_id": None, "files": 0}


async def test_a_file_without_a_template_waits_until_there_is_one(client: httpx.AsyncClient) -> None:
    """It blocks no sweep meanwhile, and is due as soon as one is published."""
    (file,) = await _upload(client, 1)
    swept = await _sweep(client)
    progress = await _ended(client, swept["batch_id"], {"succeeded"})
    assert (progress["files"]["skipped"], swept["files"]) == (1, 1)
    assert (await _sweep(client))["files"] == 0
    await publish(client)
    swept = await _sweep(client)
    assert swept["files"] == 1
    await _ended(client, swept["batch_id"], {"succeeded"})
    assert (await client.get(f"/api/data-sync/files/{file}")).json()["state"] == "ingested"


async def test_fifty_at_once_the_oldest_first(client: httpx.AsyncClient, database: Database) -> None:
    """The rest is for the next time."""
    files = await _upload(client, 52)
    assert (await _sweep(client))["files"] == 50
    free = await database.fetch("SELECT id::text FROM files WHERE job_id IS NULL ORDER BY id")
    assert [row["id"] for row in free] == files[50:]


async def test_a_sweep_and_submitters_take_no_file_twice(client: httpx.AsyncClient, database: Database) -> None:
    """A sweep, of which one runs at a time, and fifteen submitters at once: each file has one job."""
    await publish(client)
    files = await _upload(client, 30)
    due = {"limit": 4}
    named = {"file_ids": files}
    asked = [
        ran_now(client, _SWEEP),
        *(client.post("/api/data-sync/batch", json=due) for _ in range(8)),
        *(client.post("/api/data-sync/batch-by-ids", json=named) for _ in range(7)),
    ]
    await asyncio.gather(*asked)
    held = await database.fetch("SELECT job_id FROM files WHERE job_id IS NOT NULL")
    jobs = await database.fetch("SELECT id FROM jobs WHERE task = 'sync_file'")
    assert len(held) == len(files)
    # Who names a file that is loaded by then has it synced once more, by a job that the file does not forget.
    again = await database.fetch("SELECT args ->> 'file_id' AS file FROM jobs WHERE task = 'sync_file'")
    assert {row["job_id"] for row in held} <= {row["id"] for row in jobs}
    assert {row["file"] for row in again} == set(files)


_LEFT = """
WITH ended AS (
    INSERT INTO jobs (
        id, task, queue, owner, state, priority, args, tags, max_tries, timeout_s, accepted_at, finished_at, error
    )
    VALUES (
        $1, 'sync_file', 'data_sync', 'admin', $3, 5, '{}', '{}', 3, 300, now(), now() - $4::interval,
        jsonb_build_object('type', $5::text)
    )
    RETURNING id
)

UPDATE files SET state = 'processing', job_id = ended.id FROM ended WHERE files.id = $2::uuid
"""


@pytest.mark.parametrize(
    ("state", "error", "ago", "is_due"),
    [
        ("cancelled", None, "0 s", 1),
        ("failed", "StoreUnavailableError", "0 s", 1),
        ("failed", "JobFailedError", "1 hour", 0),
        ("failed", "JobFailedError", "25 hours", 1),
    ],
)
async def test_what_an_ended_job_has_left_amid_the_load(
    client: httpx.AsyncClient, database: Database, state: str, error: str | None, ago: str, is_due: int
) -> None:
    """Cancelled, or failed for a store, it is due; one that has outlived its worker too often is not before a day."""
    (file,) = await _upload(client, 1)
    left = _LEFT.replace("$4::interval", f"interval '{ago}'").replace("$5", "$4")
    await database.execute(left, "ended", file, state, error)
    assert (await _sweep(client))["files"] == is_due


async def test_a_file_whose_job_is_no_longer_known_is_not_being_loaded(
    client: httpx.AsyncClient, database: Database
) -> None:
    """The history is kept for so many days: such a file has failed, its rows may be replayed, and it is due."""
    await publish(client)
    (file,) = await _upload(client, 1)
    await database.execute(
        _LEFT.replace("$4::interval", "interval '99 days'").replace("$5", "$4"), "ended", file, "failed", ""
    )
    await database.execute("DELETE FROM jobs WHERE id = 'ended'")
    aside = "INSERT INTO quarantined_rows (file_id, row_number, reason, problems, data) VALUES ($1, 9, '', '[]', $2)"
    data = dict(zip(ORDERS, ("B1", "x", "1", "1", "2026-03-01"), strict=True))
    await database.execute(aside, UUID(file), data)
    assert (await client.get(f"/api/data-sync/files/{file}")).json()["state"] == "failed"
    listed = (await client.get("/api/data-sync/files", params={"state": "failed"})).json()["items"]
    assert [one["id"] for one in listed] == [file]
    assert (await client.get("/api/data-sync/governance")).json()["states"]["failed"] == 1
    assert (await client.post(f"/api/data-sync/files/{file}/quarantine/9/replay")).status_code == 200
    assert (await _sweep(client))["files"] == 1
