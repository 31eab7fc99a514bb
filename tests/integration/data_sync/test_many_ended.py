"""Syncs of many files and their ends: a quota that is too small, a cancel, and a retry of what has failed."""

from typing import Any

import httpx

from jobs.stores.database import Database
from tests.support.conditions import eventually
from tests.support.files import ORDERS, as_csv, publish, upload
from tests.support.people import new_user


async def _files(web: httpx.AsyncClient, amount: int) -> list[str]:
    rows = [(f"A{number}", "x", 1, 1, "2026-03-01") for number in range(amount)]
    return [(await upload(web, as_csv([ORDERS, row]))).json()["id"] for row in rows]


async def _progress(web: httpx.AsyncClient, task_id: str) -> Any:  # noqa: ANN401  JSON
    return (await web.get(f"/api/data-sync/progress/{task_id}")).json()


async def _ended(web: httpx.AsyncClient, task_id: str) -> Any:  # noqa: ANN401  JSON
    async def has_ended() -> Any:  # noqa: ANN401  JSON
        progress = await _progress(web, task_id)
        return progress if progress["state"] != "running" else None

    return await eventually(has_ended, within_s=30)


async def test_as_many_as_the_quota_takes(web: httpx.AsyncClient, database: Database) -> None:
    """The rest is counted, keeps its place, and where nothing is free nothing is taken."""
    await publish(web)
    ann = await new_user(web, "ann")
    await web.patch(f"/api/quota/{ann.id}", json={"max_waiting": 5})
    with ann.asking(web):
        files = await _files(web, 8)
        begun = (await web.post("/api/data-sync/batch-all", json={})).json()
        assert (begun["file_count"], begun["remaining"]) == (5, 3)
        denied = await web.post("/api/data-sync/batch-all", json={})
        assert (denied.status_code, denied.json()["type"]) == (429, "waiting-quota")
        whole = await web.post("/api/data-sync/batch", json={})
        assert whole.status_code == 429
    free = await database.fetch("SELECT id::text FROM files WHERE job_id IS NULL ORDER BY id")
    assert [row["id"] for row in free] == files[5:]
    assert len(await database.fetch("SELECT FROM jobs WHERE task = 'sync_file'")) == 5


async def test_files_of_a_cancelled_batch_may_be_taken_again(web: httpx.AsyncClient) -> None:
    """Those that had not begun are as they were."""
    await publish(web)
    files = await _files(web, 4)
    first = (await web.post("/api/data-sync/batch", json={})).json()
    assert (await web.post(f"/api/batches/{first['task_id']}/cancel")).status_code in {200, 202}
    again = await web.post("/api/data-sync/batch-by-ids", json={"file_ids": files})
    assert (again.status_code, again.json()["file_count"], again.json()["busy_file_ids"]) == (202, len(files), [])


async def test_a_retry_takes_the_failed_files_only(site: httpx.AsyncClient, database: Database) -> None:
    """What is loaded stays so; what had another header is read again, by the template that now fits."""
    await publish(site)
    good = await _files(site, 2)
    odd = (await upload(site, as_csv([(*ORDERS, "note"), ("B1", "x", 1, 1, "2026-03-01", "!")]))).json()["id"]
    begun = (await site.post("/api/data-sync/batch-by-ids", json={"file_ids": [*good, odd]})).json()
    ended = await _ended(site, begun["task_id"])
    assert (ended["state"], ended["files"]["succeeded"], ended["files"]["failed"]) == ("partial", 2, 1)
    assert [error["file_id"] for error in ended["errors"]] == [odd]
    await publish(site, fields=(*ORDERS, "note"))
    assert (await site.post(f"/api/batches/{begun['task_id']}/retry")).status_code in {200, 202}

    async def is_mended() -> bool:
        progress = await _progress(site, begun["task_id"])
        return bool(progress["state"] == "succeeded" and progress["files"]["succeeded"] == len([*good, odd]))

    await eventually(is_mended, within_s=30)
    runs = await database.fetch("SELECT args ->> 'file_id' AS file, run FROM jobs WHERE task = 'sync_file'")
    assert {row["file"]: row["run"] for row in runs} == {**dict.fromkeys(good, 1), odd: 2}
