"""Syncs of many files over HTTP: who gets which file, what is answered, and how the progress adds up."""

import asyncio
from typing import Any
from uuid import uuid4

import httpx
import pytest

from jobs.stores.database import Database
from tests.support.files import ORDERS, RETAIL, as_csv, needs_retail, publish, upload

_RETAIL = ["InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID", "Country"]


async def _files(web: httpx.AsyncClient, amount: int, **more: str) -> list[str]:
    rows = [("A", f"{number}{sorted(more)}", 1, 1, "2026-03-01") for number in range(amount)]
    return [(await upload(web, as_csv([ORDERS, row]), **more)).json()["id"] for row in rows]


async def _post(web: httpx.AsyncClient, path: str, **body: object) -> httpx.Response:
    return await web.post(f"/api/data-sync/{path}", json=body)


async def _ended(web: httpx.AsyncClient, task_id: str) -> Any:  # noqa: ANN401  JSON
    async with asyncio.timeout(120):
        while True:
            progress = (await web.get(f"/api/data-sync/progress/{task_id}")).json()
            if progress["state"] != "running":
                return progress
            await asyncio.sleep(0.05)


async def test_of_twenty_submitters_one_gets_each_file(web: httpx.AsyncClient, database: Database) -> None:
    """Whichever way they ask: each file has one job, and there is no job without a file."""
    await publish(web)
    ids = await _files(web, 30)
    asked = [
        *(_post(web, "batch", limit=7) for _ in range(8)),
        *(_post(web, "batch-by-ids", file_ids=ids) for _ in range(6)),
        *(_post(web, "batch-all") for _ in range(6)),
    ]
    answers = await asyncio.gather(*asked)
    assert {answer.status_code for answer in answers} <= {200, 202}
    assert sum(answer.json()["file_count"] for answer in answers) == len(ids)
    held = await database.fetch("SELECT job_id FROM files WHERE job_id IS NOT NULL")
    jobs = await database.fetch("SELECT id FROM jobs")
    assert sorted(row["job_id"] for row in held) == sorted(row["id"] for row in jobs)
    assert len(held) == len(ids)


async def test_nothing_to_sync_is_no_task(web: httpx.AsyncClient) -> None:
    """200, no file, no task; also where no file fits, or none has a template."""
    await _files(web, 1)
    for path, body in (("batch", {"platform": "nobody"}), ("batch", {"domains": ["traffic"]}), ("batch-all", {})):
        answer = await _post(web, path, **body)
        assert (answer.status_code, answer.json()["file_count"], answer.json()["task_id"]) == (200, 0, None)


async def test_unknown_ids_and_busy_files_are_told(web: httpx.AsyncClient) -> None:
    """404 only where none is known; a file that a job has is not taken twice."""
    first, second = await _files(web, 2)
    unknown = str(uuid4())
    assert (await _post(web, "batch-by-ids", file_ids=[unknown])).status_code == 404
    await _post(web, "batch-by-ids", file_ids=[first])
    answer = await _post(web, "batch-by-ids", file_ids=[unknown, first, second, second])
    found = answer.json()
    assert (answer.status_code, found["file_count"]) == (202, 1)
    assert (found["missing_file_ids"], found["busy_file_ids"]) == ([unknown], [first])
    assert answer.headers["location"] == f"/api/data-sync/progress/{found['task_id']}"


@pytest.mark.parametrize(
    ("path", "body", "pointer"),
    [
        ("batch", {"limit": 0}, "/limit"),
        ("batch", {"limit": 1001}, "/limit"),
        ("batch", {"domains": ["weather"]}, "/domains/0"),
        ("batch", {"since_hours": 0}, "/since_hours"),
        ("batch-by-ids", {"file_ids": []}, "/file_ids"),
        ("batch-by-ids", {"file_ids": ["x"]}, "/file_ids/0"),
        ("batch-all", {"priority": 11}, "/priority"),
    ],
)
async def test_bad_input_names_the_field(
    web: httpx.AsyncClient, database: Database, path: str, body: dict[str, object], pointer: str
) -> None:
    """And changes nothing."""
    await _files(web, 1)
    answer = await _post(web, path, **body)
    assert answer.status_code == 422
    assert pointer in {error["pointer"] for error in answer.json()["errors"]}
    assert await database.fetch("SELECT id FROM jobs") == []


async def test_progress_tells_files_loaded_skipped_and_failed(site: httpx.AsyncClient) -> None:
    """With the error of what failed, and its name."""
    await publish(site)
    good = await _files(site, 2)
    skipped = await _files(site, 1, platform="other")
    bad = (await upload(site, b"a,b\n1,2\n", name="bad.csv")).json()["id"]
    begun = (await _post(site, "batch-by-ids", file_ids=[*good, *skipped, bad])).json()
    progress = await _ended(site, begun["task_id"])
    assert progress["state"] == "partial"
    assert progress["files"] == {"total": 4, "processed": 4, "succeeded": 2, "failed": 1, "skipped": 1}
    assert (progress["rows"]["read"], progress["percent"]) == (2, 100)
    assert [(error["file_id"], error["file"]) for error in progress["errors"]] == [(bad, "bad.csv")]
    assert (progress["errors_total"], progress["current_files"]) == (1, [])


@needs_retail
async def test_a_week_of_orders_adds_up(site: httpx.AsyncClient) -> None:
    """Seven files by one call: each row read is accounted for once."""
    await publish(site, fields=_RETAIL, date_rule={"field": "InvoiceDate"})
    days = sorted(RETAIL.glob("*.csv"))
    for day in days:
        assert (await upload(site, day.read_bytes(), name=day.name)).status_code == 201
    begun = await _post(site, "batch-all")
    assert (begun.status_code, begun.json()["file_count"], begun.json()["remaining"]) == (202, len(days), 0)
    progress = await _ended(site, begun.json()["task_id"])
    rows = progress["rows"]
    assert (progress["state"], progress["files"]["succeeded"]) == ("succeeded", len(days)), progress
    assert rows["read"] == rows["inserted"] + rows["updated"] + rows["unchanged"] + rows["quarantined"] > 19_000
