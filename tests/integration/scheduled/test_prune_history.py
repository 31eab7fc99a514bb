"""`prune_history`: what is old is gone, by the settings, and the job says how much."""

import os
import time
from collections.abc import AsyncIterator

import httpx
import pytest

from jobs.settings import load_settings
from jobs.stores.database import Database
from tests.support.pictures import book_of, colours, extract, files_in, picture, publish_products, upload_book
from tests.support.site import end_of, running_web, running_worker, submit

_OLD = """
INSERT INTO jobs (
    id, task, queue, owner, state, priority, args, tags, max_tries, timeout_s, accepted_at, finished_at
)
SELECT
    number::text, 't', 'q', 'ann', 'failed', 5, '{}', '{}', 5, 300,
    now() - make_interval(days => 20), now() - make_interval(days => CASE WHEN number > 1200 THEN 1 ELSE 10 END)
FROM generate_series(1, 1300) AS number
"""
_ALERTS = """
INSERT INTO alerts (
    id, kind, owner, platform, shop_id, sku, stock, safety_stock, business_date, file_id, opened_at, closed_at
)
SELECT
    gen_random_uuid(), 'low_stock', 'ann', 'shop', 's1', number::text, 1, 2, '2026-01-01', gen_random_uuid(),
    now() - interval '20 days',
    CASE WHEN number <= 600 THEN now() - interval '8 days' WHEN number <= 650 THEN now() - interval '6 days' END
FROM generate_series(1, 700) AS number
"""
_DEEDS = """
INSERT INTO audit (at, actor, action, object_id, outcome, details)
SELECT now() - make_interval(days => number), 'ann', 'job.cancel', number::text, 'done', '{}'::jsonb
FROM generate_series(2, 31) AS number
"""


@pytest.fixture
def environ(environ: dict[str, str]) -> dict[str, str]:
    """Keep a week of jobs, ten days of deeds and a month of images; nothing is due by itself."""
    return {
        **environ,
        "JOBS_TIMETABLE": "off; prune_history=0 0 29 2 *",
        "JOBS_HISTORY_DAYS": "7",
        "JOBS_AUDIT_DAYS": "10",
        "JOBS_IMAGES_DAYS": "30",
    }


@pytest.fixture
async def client(environ: dict[str, str]) -> AsyncIterator[httpx.AsyncClient]:
    """Run the application and a worker."""
    async with running_web(environ) as client, running_worker(environ):
        yield client


async def test_what_is_old_is_dropped_in_one_run(client: httpx.AsyncClient, database: Database) -> None:
    """However many steps that takes; what is young stays."""
    await database.execute(_OLD)
    await database.execute(_DEEDS)
    await database.execute(_ALERTS)
    answer = await client.post("/api/schedules/prune_history/run")
    assert answer.status_code == 202, answer.text
    job = await end_of(client, answer.json()["id"])
    counts = {"jobs": 1_200, "audit": 22, "alerts": 600, "images": 0, "profiles": 0, "image_files": 0}
    assert (job["state"], job["result"]) == ("succeeded", counts)
    (left,) = await database.fetch("SELECT count(*) AS amount FROM jobs WHERE owner = 'ann'")
    assert left["amount"] == 100
    (alerts,) = await database.fetch("SELECT count(*) AS kept, count(closed_at) AS closed FROM alerts")
    assert (alerts["kept"], alerts["closed"]) == (100, 50)
    again = await end_of(client, (await client.post("/api/schedules/prune_history/run")).json()["id"])
    assert again["result"] == dict.fromkeys(counts, 0)


async def test_images_that_no_file_shows_any_more_are_dropped_with_their_files(
    client: httpx.AsyncClient, database: Database, environ: dict[str, str]
) -> None:
    """And old profiles. What is shown again is young again, and a file that is another image's too stays."""
    await publish_products(client)
    red, green, blue, white = (picture(colour) for colour in ("red", "green", "blue", "white"))
    first = await upload_book(client, book_of([("A1", [red]), ("A2", [green]), ("A3", [blue, white])]))
    await extract(client, first["id"])
    profiled = await client.post("/api/data-processing/workbooks", json={"file_id": first["id"]})
    await end_of(client, profiled.json()["task_id"])
    folder = load_settings(environ).media_folder
    long_ago = time.time() - 31 * 86_400
    for path in files_in(folder):
        os.utime(path, (long_ago, long_ago))
    for table, moment in (("product_images", "seen_at"), ("file_profiles", "made_at")):
        await database.execute(f"UPDATE {table} SET {moment} = now() - interval '31 days'")  # noqa: S608  ours
    await extract(client, (await upload_book(client, book_of([("A1", [red]), ("B1", [green])])))["id"])
    job = await end_of(client, (await client.post("/api/schedules/prune_history/run")).json()["id"])
    assert {name: job["result"][name] for name in ("images", "profiles", "image_files")} == {
        "images": 3, "profiles": 1, "image_files": 4,
    }  # fmt: skip
    assert await colours(client) == {"A1": ["red"], "B1": ["green"]}
    assert len(files_in(folder)) == 4
    assert (await client.get(f"/api/data-sync/files/{first['id']}/profile")).status_code == 404
    again = (await extract(client, first["id"]))["result"]
    assert (again["images"], again["added"]) == (4, 3)
    assert (await colours(client))["A3"] == ["blue", "white"]


async def test_nobody_submits_it(client: httpx.AsyncClient, database: Database) -> None:
    """422 that says how it is run, alone and in a batch; it is not among the tasks that can be submitted."""
    alone = await client.post("/api/jobs", json={"task": "prune_history", "args": {}})
    batch = await client.post("/api/batches", json={"jobs": [{"task": "prune_history", "args": {}}]})
    for answer in (alone, batch):
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["pointer"].endswith("/task")
        assert "runs on its schedule only" in answer.text
    assert await database.fetch("SELECT FROM jobs WHERE task = 'prune_history'") == []
    names = [task["name"] for task in (await client.get("/api/tasks")).json()["items"]]
    assert "sync_file" in names
    assert "prune_history" not in names
    await submit(client, "diag.noop")


async def test_a_schedule_that_is_off_says_why(environ: dict[str, str]) -> None:
    """404 to whoever would run it."""
    async with running_web({**environ, "JOBS_TIMETABLE": "prune_history=off; canary=off"}) as client:
        answer = await client.post("/api/schedules/prune_history/run")
        assert answer.status_code == 404
        assert "is off: JOBS_TIMETABLE says so" in answer.json()["detail"]
