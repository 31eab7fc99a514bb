"""Lists of files and syncs, a page at a time, each one's own; and how each source does."""

from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest

from app.api.cursors import List, write_cursor
from jobs.stores.database import Database
from jobs.stores.listing import LAST, MOST_LOOKED_AT, Place
from jobs.stores.queries import load_queries
from jobs.tasks.data_sync import shelf
from tests.support.files import ORDERS, as_csv, publish, sync, upload
from tests.support.people import new_user

_MANY_FILES = """
INSERT INTO files (
    id, sha256, name, format, size, platform, shop_id, domain, sub_domain, granularity, owner, state, created_at
)
SELECT
    gen_random_uuid(), 'h' || number, 'f', 'csv', 1, 'many', 's', 'orders', '', 'daily', 'admin', 'pending',
    now() + make_interval(secs => number)
FROM generate_series(1, $1::integer) AS number
"""
_MANY_SYNCS = """
WITH ended AS (
    INSERT INTO jobs (
        id, task, queue, owner, state, priority, args, tags, max_tries, timeout_s, accepted_at, finished_at
    )
    SELECT 'ended' || number, 'sync_file', 'q', 'admin', 'succeeded', 5, '{}', '{}', 5, 300, now(), now()
    FROM generate_series(1, $1::integer) AS number
    RETURNING id
)

INSERT INTO syncs (id, owner, job_id, files, created_at)
SELECT id, 'admin', id, 1, now() + interval '1 second' FROM ended
"""
_OWNERS = "UPDATE $table SET owner = 'owner ' || ascii(right(id::text, 1)) % 4 WHERE owner <> 'ann'"

FILES, TASKS, GOVERNANCE = (f"/api/data-sync/{name}" for name in ("files", "tasks", "governance"))


async def _upload(web: httpx.AsyncClient, number: int, **more: str) -> str:
    answer = await upload(web, as_csv([ORDERS, (f"A{number}", "x", 1, 1, "2026-03-01")]), **more)
    file_id: str = answer.json()["id"]
    return file_id


async def _pages(web: httpx.AsyncClient, path: str, key: str, **params: Any) -> list[list[str]]:  # noqa: ANN401
    """Go through a list to its end."""
    pages: list[list[str]] = []
    cursor: str | None = None
    while not pages or cursor is not None:
        answer = await web.get(path, params={**params, **({} if cursor is None else {"cursor": cursor})})
        assert answer.status_code == 200, answer.text
        pages.append([item[key] for item in answer.json()["items"]])
        cursor = answer.json()["next_cursor"]
    return pages


async def test_files_page_by_page(web: httpx.AsyncClient) -> None:
    """Newest first, each once; the last page may be full."""
    assert await _pages(web, FILES, "id") == [[]]
    files = [await _upload(web, number) for number in range(4)][::-1]
    assert await _pages(web, FILES, "id", limit=3) == [files[:3], files[3:]]
    assert await _pages(web, FILES, "id", limit=4) == [files]


async def test_filters_of_files(web: httpx.AsyncClient, database: Database) -> None:
    """Each keeps what it says, also together and over pages; a state is what is shown."""
    files = [
        await _upload(web, number, shop_id=f"s{number % 2}", platform=("shop", "mall")[number % 3 == 0])
        for number in range(6)
    ][::-1]
    assert await _pages(web, FILES, "id", platform="mall") == [[files[2], files[5]]]
    assert await _pages(web, FILES, "id", shop_id="s1", limit=2) == [[files[0], files[2]], [files[4]]]
    assert await _pages(web, FILES, "id", shop_id="s1", platform="mall") == [[files[2]]]
    assert await _pages(web, FILES, "id", domain="traffic") == [[]]
    assert await _pages(web, FILES, "id", domain="orders", granularity="daily", state="pending") == [files]
    await database.execute(
        """
        WITH job AS (
            INSERT INTO jobs (
                id, task, queue, owner, state, priority, args, tags, max_tries, timeout_s, accepted_at, finished_at
            )
            VALUES ('gone', 'sync_file', 'q', 'admin', 'failed', 5, '{}', '{}', 5, 300, now(), now())
            RETURNING id
        )

        UPDATE files SET state = 'processing', job_id = job.id FROM job WHERE files.id = $1::uuid
        """,
        files[1],
    )
    assert await _pages(web, FILES, "id", state="failed") == [[files[1]]]
    assert await _pages(web, FILES, "id", state="processing") == [[]]


async def test_files_of_one_moment_are_told_once_each(web: httpx.AsyncClient, database: Database) -> None:
    """The id tells them apart where the time does not."""
    files = [await _upload(web, number) for number in range(5)]
    await database.execute("UPDATE files SET created_at = '2026-03-01'")
    found = [file_id for page in await _pages(web, FILES, "id", limit=2) for file_id in page]
    assert found == sorted(files, reverse=True)


async def test_a_page_ends_after_some_thousand(web: httpx.AsyncClient, database: Database) -> None:
    """It may be empty and lead on; going on finds what fits, once."""
    old = await _upload(web, 1)
    task = (await web.post("/api/data-sync/single", json={"file_id": old})).json()["task_id"]
    await database.execute(_MANY_FILES, 2 * MOST_LOOKED_AT)
    await database.execute(_MANY_SYNCS, 2 * MOST_LOOKED_AT)
    for path, key, params, one in (
        (FILES, "id", {"platform": "shop"}, old),
        (TASKS, "task_id", {"state": "running"}, task),
    ):
        *before, last = await _pages(web, path, key, **params)
        assert last == [one], path
        assert before, path
        assert not any(before), path


@pytest.mark.parametrize("what", ["files", "syncs"])
async def test_the_list_of_an_owner_of_few_is_read_by_his_index(
    web: httpx.AsyncClient, database: Database, what: str
) -> None:
    """Also by a plan that PostgreSQL has made for any owner."""
    old = await _upload(web, 1)
    await web.post("/api/data-sync/single", json={"file_id": old})
    await database.execute("UPDATE files SET owner = 'ann'")
    await database.execute("UPDATE syncs SET owner = 'ann'")
    await database.execute({"files": _MANY_FILES, "syncs": _MANY_SYNCS}[what], 2 * MOST_LOOKED_AT)
    for table in ("files", "syncs"):
        await database.execute(_OWNERS.replace("$table", table))
    await database.execute(f"ANALYZE {what}")
    look = load_queries(Path(shelf.__file__).with_suffix(".sql"))[f"{what}_of_owner"]
    async with database.connect() as connection:
        await connection.execute("SET plan_cache_mode = force_generic_plan")
        await connection.execute(f"PREPARE look AS {look}")
        plan = await connection.fetch(f"EXPLAIN EXECUTE look('ann', '9999-01-01', '{UUID(int=0)}', 51)")
        found = await connection.fetch(f"EXECUTE look('ann', '9999-01-01', '{UUID(int=0)}', 51)")
        await connection.execute("DEALLOCATE look")
        await connection.execute("RESET plan_cache_mode")
    assert len(found) == 1
    assert f"{what}_by_owner" in "".join(row[0] for row in plan)


async def test_each_sees_his_own(site: httpx.AsyncClient) -> None:
    """An administrator everybody's."""
    await publish(site)
    ann, bob = await new_user(site, "ann"), await new_user(site, "bob")
    with ann.asking(site):
        hers = await _upload(site, 1)
        task = (await sync(site, hers))["task_id"]
        assert await _pages(site, FILES, "id") == [[hers]]
        assert await _pages(site, TASKS, "task_id") == [[task]]
        assert (await site.get(GOVERNANCE)).json()["states"]["ingested"] == 1
    with bob.asking(site):
        assert await _pages(site, FILES, "id") == await _pages(site, TASKS, "task_id") == [[]]
        assert (await site.get(GOVERNANCE)).json()["sources"] == []
    mine = await _upload(site, 2)
    assert await _pages(site, FILES, "id") == [[mine, hers]]
    assert await _pages(site, TASKS, "task_id") == [[task]]


async def test_syncs_of_one_and_of_many(web: httpx.AsyncClient, database: Database) -> None:
    """One entry a submission, whoever asks again; it says whether it has ended."""
    one, *many = [await _upload(web, number) for number in range(3)]
    job = (await web.post("/api/data-sync/single", json={"file_id": one})).json()["task_id"]
    assert (await web.post("/api/data-sync/single", json={"file_id": one})).status_code == 200
    batch = (await web.post("/api/data-sync/batch", json={})).json()["task_id"]
    items = (await web.get(TASKS)).json()["items"]
    assert [(item["task_id"], item["kind"], item["files"], item["state"]) for item in items] == [
        (batch, "batch", len(many), "running"),
        (job, "file", 1, "running"),
    ]
    await database.execute("UPDATE jobs SET state = 'failed', finished_at = now() WHERE id = $1", job)
    assert await _pages(web, TASKS, "task_id", state="ended") == [[job]]
    assert await _pages(web, TASKS, "task_id", state="running") == [[batch]]
    assert await _pages(web, TASKS, "task_id", limit=1) == [[batch], [job]]


async def test_sources_and_their_templates(site: httpx.AsyncClient) -> None:
    """There, missing, or outdated by files whose headers it does not have."""
    await publish(site)
    await sync(site, await _upload(site, 1))
    odd = await upload(site, as_csv([("other", *ORDERS[1:]), ("A1", "x", 1, 1, "2026-03-01")]))
    await sync(site, odd.json()["id"])
    await publish(site, granularity="weekly")
    await _upload(site, 2, granularity="weekly")
    await _upload(site, 3, granularity="monthly")
    shown = (await site.get(GOVERNANCE)).json()
    told = {
        source["granularity"]: (source["template"], source["template_version"], source["files"])
        for source in shown["sources"]
    }
    assert told == {"daily": ("outdated", 1, 2), "weekly": ("there", 1, 1), "monthly": ("missing", None, 1)}
    states = {state: count for state, count in shown["states"].items() if count}
    assert states == {"ingested": 1, "header_changed": 1, "pending": 2}


async def test_what_a_replaced_template_has_loaded_is_outdated(site: httpx.AsyncClient) -> None:
    """Until it is synced again; a template of the sub-domain's own replaces the one without. One's own files count."""

    async def told(web: httpx.AsyncClient) -> list[tuple[str | None, str, int | None, int]]:
        sources = (await web.get(GOVERNANCE)).json()["sources"]
        return [
            (one["sub_domain"], one["template"], one["template_version"], one["loaded_by_older"]) for one in sources
        ]

    ann = await new_user(site, "ann")
    await publish(site)
    plain, european = await _upload(site, 1), await _upload(site, 2, sub_domain="eu")
    for file_id in (plain, european):
        await sync(site, file_id)
    assert await told(site) == [(None, "there", 1, 0), ("eu", "there", 1, 0)]
    await publish(site, sub_domain="eu")
    assert await told(site) == [(None, "there", 1, 0), ("eu", "outdated", 1, 1)]
    await publish(site)
    assert await told(site) == [(None, "outdated", 2, 1), ("eu", "outdated", 1, 1)]
    await sync(site, plain)
    assert await told(site) == [(None, "there", 2, 0), ("eu", "outdated", 1, 1)]
    with ann.asking(site):
        await _upload(site, 3, sub_domain="eu")
        assert await told(site) == [("eu", "there", 1, 0)]


@pytest.mark.parametrize(
    ("path", "params", "pointer"),
    [
        (FILES, {"limit": 201}, "/limit"),
        (FILES, {"state": "gone"}, "/state"),
        (FILES, {"domain": "sales"}, "/domain"),
        (FILES, {"cursor": "x"}, "/cursor"),
        (FILES, {"cursor": write_cursor(List.JOBS, Place(LAST, "j"))}, "/cursor"),
        (FILES, {"cursor": write_cursor(List.FILES, Place(LAST, "no uuid"))}, "/cursor"),
        (FILES, {"colour": "red"}, "/colour"),
        (TASKS, {"state": "queued"}, "/state"),
        (TASKS, {"cursor": "x"}, "/cursor"),
    ],
)
async def test_bad_queries(web: httpx.AsyncClient, path: str, params: dict[str, Any], pointer: str) -> None:
    """422, with the field."""
    answer = await web.get(path, params=params)
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
