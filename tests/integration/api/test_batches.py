"""POST /api/batches: all of the jobs are accepted or none; and bad input changes nothing."""

import asyncio
import json
from typing import Any

import httpx
import pytest
from redis.asyncio import Redis

from jobs import keys
from jobs.registry import Task
from jobs.stores.database import Database
from tests.support.batches import Jobs, noops, submit_batch
from tests.support.site import end_of, quotas, running_web, running_worker, submit


async def _left(database: Database) -> int:
    """Count all that a batch could leave in PostgreSQL."""
    rows = await database.fetch(
        "SELECT id FROM jobs UNION ALL SELECT id FROM batches UNION ALL SELECT key FROM idempotency_keys"
    )
    return len(rows)


async def test_a_batch_is_answered_with_itself_and_its_place(web: httpx.AsyncClient, database: Database) -> None:
    """202, a Location that leads to it, a row for each job, all of one moment, in the order that they were given."""
    jobs = [
        *({"task": "diag.sleep", "args": {"seconds": number}, "priority": 9, "tags": ["a"]} for number in range(300)),
        {"task": "diag.noop", "queue": "scheduled", "max_tries": 2, "timeout_s": 7, "unique_key": "k"},
        {"task": "diag.noop", "delay_s": 600, "expires_in_s": 900},
    ]
    answer = await web.post("/api/batches", json={"jobs": jobs, "name": "night", "on_complete": {"task": "diag.noop"}})
    batch = answer.json()
    assert answer.status_code == 202
    assert answer.headers["location"] == f"/api/batches/{batch['id']}"
    follower = batch.pop("on_complete_job_id")
    assert batch == {
        "id": batch["id"],
        "name": "night",
        "total": 302,
        "counts": {"queued": 301, "scheduled": 1},
        "state": "running",
        "created_at": batch["created_at"],
        "finished_at": None,
    }
    rows = await database.fetch("SELECT * FROM jobs ORDER BY id")
    assert [row["args"] for row in rows[:300]] == [{"seconds": float(number)} for number in range(300)]
    assert {(row["batch_id"], row["owner"], row["state"]) for row in rows} == {(batch["id"], "admin", "accepted")}
    assert len({row["accepted_at"] for row in rows}) == 1
    assert {(row["priority"], tuple(row["tags"]), row["timeout_s"]) for row in rows[:300]} == {(9, ("a",), 3600)}
    named, later = rows[300:]
    assert (named["queue"], named["max_tries"], named["timeout_s"], named["unique_key"]) == ("scheduled", 2, 7, "k")
    assert (later["run_at"] - later["accepted_at"]).total_seconds() == 600
    assert (later["expires_at"] - later["accepted_at"]).total_seconds() == 900
    assert (await web.get(f"/api/jobs/{follower}")).status_code == 404


async def test_its_jobs_are_jobs_like_any_other(web: httpx.AsyncClient, environ: dict[str, str]) -> None:
    """Each can be read, says which batch it is of, and runs with the arguments that it was given."""
    jobs: Jobs = [{"task": "diag.sleep", "args": {"seconds": 0.01 * number}} for number in range(5)]
    batch = await submit_batch(web, jobs)
    seen = (await web.get(f"/api/batches/{batch['id']}")).json()
    assert seen["counts"] == {"accepted": 5}, "nobody has written the history yet"
    async with running_worker(environ):
        alone = await submit(web, "diag.noop")
        assert (await end_of(web, alone["id"]))["batch_id"] is None
        ids = await _members(environ, batch["id"])
        ended = [await end_of(web, job_id) for job_id in ids]
    assert [job["result"] for job in ended] == [0.01 * number for number in range(5)]
    assert {job["batch_id"] for job in ended} == {batch["id"]}


async def _members(environ: dict[str, str], batch_id: str) -> list[str]:
    database = await Database.open(environ["DATABASE_URL"], size=1, patience_s=5, answer_s=5)
    try:
        rows = await database.fetch("SELECT id FROM jobs WHERE batch_id = $1 ORDER BY id", batch_id)
        return [row["id"] for row in rows]
    finally:
        await database.close()


async def test_ten_thousand_are_accepted_and_one_more_is_not(web: httpx.AsyncClient, database: Database) -> None:
    """Each of them is in both stores; and none of those that are too many."""
    batch = await submit_batch(web, noops(10_000))
    assert (batch["total"], batch["counts"]) == (10_000, {"queued": 10_000})
    refused = await web.post("/api/batches", json={"jobs": noops(10_001)})
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/jobs")
    assert await _left(database) == 10_001


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        ({}, ["/jobs"]),
        ({"jobs": []}, ["/jobs"]),
        ({"jobs": noops(1), "name": ""}, ["/name"]),
        ({"jobs": noops(1), "name": "x" * 201}, ["/name"]),
        ({"jobs": noops(1), "nmae": "x"}, ["/nmae"]),
        ({"jobs": [*noops(17), {"task": "no.such"}, *noops(3)]}, ["/jobs/17/task"]),
        ({"jobs": [*noops(17), {"args": {}}, *noops(3)]}, ["/jobs/17/task"]),
        ({"jobs": [*noops(17), {"task": "diag.sleep", "args": {"seconds": "x"}}]}, ["/jobs/17/args/seconds"]),
        ({"jobs": [*noops(17), {"task": "diag.sleep"}, *noops(3)]}, ["/jobs/17/args/seconds"]),
        ({"jobs": [*noops(2), {"task": "diag.noop", "args": {"a": 1}}]}, ["/jobs/2/args/a"]),
        ({"jobs": [*noops(2), {"task": "diag.fail", "args": {"message": "a\x00"}}]}, ["/jobs/2/args"]),
        ({"jobs": [{"task": "diag.fail", "args": {"message": "x" * 270_000}}]}, ["/jobs/0/args"]),
        ({"jobs": [*noops(2), *noops(2, queue="no_such")]}, ["/jobs/2/queue", "/jobs/3/queue"]),
        ({"jobs": [*noops(2), *noops(1, priority=11)]}, ["/jobs/2/priority"]),
        ({"jobs": noops(1, delay_s=1, run_at="2026-01-01T00:00:00Z")}, ["/jobs/0/run_at"]),
        ({"jobs": [*noops(1, unique_key="k"), *noops(1), *noops(1, unique_key="k")]}, ["/jobs/2/unique_key"]),
        ({"jobs": noops(1), "on_complete": {"task": "no.such"}}, ["/on_complete/task"]),
        ({"jobs": noops(1), "on_complete": {"task": "diag.sleep"}}, ["/on_complete/args/seconds"]),
        ({"jobs": noops(1), "on_complete": {"task": "diag.noop", "unique_key": "k"}}, ["/on_complete/unique_key"]),
        ({"jobs": [{"task": "no.such"}, {"task": "diag.sleep"}]}, ["/jobs/0/task", "/jobs/1/args/seconds"]),
    ],
)
async def test_one_wrong_field_refuses_all_and_is_named(
    web: httpx.AsyncClient, database: Database, body: dict[str, Any], pointers: list[str]
) -> None:
    """422, by a pointer into the body; nothing was changed."""
    answer = await web.post("/api/batches", json=body)
    assert (answer.status_code, answer.json()["type"]) == (422, "validation")
    assert [mistake["pointer"] for mistake in answer.json()["errors"]] == pointers
    assert await _left(database) == 0


async def test_of_many_wrong_ones_a_hundred_are_named(web: httpx.AsyncClient, database: Database) -> None:
    """Whoever gets all of them wrong is not sent them all back, whichever check finds them."""
    for wrong in ({"task": "no.such"}, {"task": "diag.sleep"}, {"tsak": "diag.noop"}):
        answer = await web.post("/api/batches", json={"jobs": [wrong] * 3_000})
        assert (answer.status_code, len(answer.json()["errors"])) == (422, 100)
    assert await _left(database) == 0


async def test_a_body_that_ends_too_soon_or_is_too_long_changes_nothing(
    web: httpx.AsyncClient, database: Database
) -> None:
    """400 where the JSON is cut off, 413 above 16 MiB; a body of more than 1 MiB is taken."""
    text = json.dumps({"jobs": noops(50)})
    cut = await web.post("/api/batches", content=text[:-20], headers={"Content-Type": "application/json"})
    assert (cut.status_code, cut.json()["type"]) == (400, "validation")
    long: dict[str, object] = {"task": "diag.fail", "args": {"message": "x" * 200_000}}
    refused = await web.post("/api/batches", json={"jobs": [long] * 90})
    assert (refused.status_code, refused.json()["type"]) == (413, "too-large")
    assert await _left(database) == 0
    assert (await submit_batch(web, [long] * 10))["counts"] == {"queued": 10}
    # Of 14 MB some may still be `accepted`: a busy Redis takes longer for them than one waits for it.
    assert sum((await submit_batch(web, [long] * 70))["counts"].values()) == 70
    assert await _left(database) == 82


async def test_a_batch_counts_whole_against_the_quota(
    environ: dict[str, str], database: Database, redis_url: str
) -> None:
    """429 that names what is free, and then so many fit exactly; nothing of what was refused is left."""
    async with running_web({**environ, **quotas(waiting=10)}) as web, Redis.from_url(redis_url) as redis:
        await submit_batch(web, noops(4))
        refused = await web.post("/api/batches", json={"jobs": noops(7)})
        assert (refused.status_code, refused.json()["type"]) == (429, "waiting-quota")
        assert "6 are free" in refused.json()["detail"]
        assert await _left(database) == 5
        assert await redis.exists(keys.reserve("admin"), keys.reserved("admin")) == 0
        await submit_batch(web, noops(6))
        assert (await web.post("/api/jobs", json={"task": "diag.noop"})).status_code == 429
        assert await redis.exists(keys.reserve("admin"), keys.reserved("admin")) == 0


async def test_of_batches_at_once_as_many_as_fit_are_accepted(environ: dict[str, str], database: Database) -> None:
    """Two processes take no place twice."""
    settings = {**environ, **quotas(waiting=10)}
    async with running_web(settings) as one, running_web(settings) as other:
        answers = await asyncio.gather(
            *(client.post("/api/batches", json={"jobs": noops(4)}) for _ in range(5) for client in (one, other))
        )
    assert sorted(answer.status_code for answer in answers) == [202] * 2 + [429] * 8
    assert len(await database.fetch("SELECT FROM jobs")) == 8


async def test_a_refused_row_refuses_all_and_gives_the_places_back(
    web: httpx.AsyncClient, database: Database, redis_url: str
) -> None:
    """Whatever PostgreSQL has against one of them."""
    await database.execute("ALTER TABLE jobs ADD CONSTRAINT no_nines CHECK (priority <> 9)")
    answer = await web.post("/api/batches", json={"jobs": [*noops(300), *noops(1, priority=9)]})
    assert answer.status_code == 500
    assert await _left(database) == 0
    async with Redis.from_url(redis_url) as redis:
        assert await redis.keys("arq:*") == []
        assert await redis.exists(keys.reserve("admin"), keys.reserved("admin")) == 0


async def test_a_unique_key_that_another_job_has_refuses_all(web: httpx.AsyncClient, database: Database) -> None:
    """409 that names both; once that has ended, the batch is accepted."""
    holder = await submit(web, "diag.noop", unique_key="k")
    jobs = [*noops(3), *noops(1, unique_key="k")]
    answer = await web.post("/api/batches", json={"jobs": jobs})
    assert (answer.status_code, answer.json()["type"]) == (409, "conflict")
    assert holder["id"] in answer.json()["detail"]
    assert "/jobs/3" in answer.json()["detail"]
    assert await _left(database) == 1
    await web.post(f"/api/jobs/{holder['id']}/cancel")
    await submit_batch(web, jobs)


async def test_what_is_not_there_is_not_found(web: httpx.AsyncClient) -> None:
    """404 for all that can be done with a batch."""
    for answer in (
        await web.get("/api/batches/no-such"),
        await web.post("/api/batches/no-such/cancel"),
        await web.post("/api/batches/no-such/retry"),
        await web.get("/api/batches/a%00b"),
    ):
        assert (answer.status_code, answer.json()["type"]) == (404, "not-found")


async def test_an_on_complete_that_asks_for_it_is_told_the_batch(environ: dict[str, str], database: Database) -> None:
    """A task that has an argument `batch_id` gets it, unless it was given one."""
    asked = Task(name="test.follow", function=_follow, queue="data_sync")
    async with running_web(environ, asked) as web:
        for args, told in (({}, None), ({"batch_id": "mine"}, "mine")):
            following = {"task": "test.follow", "args": args}
            batch = await submit_batch(web, noops(1), on_complete=following)
            row = await database.fetch_row("SELECT on_complete FROM batches WHERE id = $1", batch["id"])
            assert row is not None
            assert row["on_complete"]["args"] == {"batch_id": told or batch["id"]}


async def _follow(_: object, batch_id: str) -> str:
    return batch_id


async def test_places_of_a_process_that_died_are_free_after_their_time(environ: dict[str, str], redis_url: str) -> None:
    """What is kept for batches on their way counts until then, and leaves nothing."""
    async with running_web({**environ, **quotas(waiting=10)}) as web, Redis.from_url(redis_url) as redis:
        seconds, _ = await redis.time()
        kept = {"alive": f"{(seconds + 25) * 1000}:7", "dead": f"{(seconds - 1) * 1000}:9"}
        await redis.hset(keys.reserved("admin"), mapping=kept)
        refused = await web.post("/api/batches", json={"jobs": noops(4)})
        assert (refused.status_code, "3 are free" in refused.json()["detail"]) == (429, True)
        await submit_batch(web, noops(3))
        assert (await web.post("/api/jobs", json={"task": "diag.noop"})).status_code == 429
        assert await redis.hgetall(keys.reserved("admin")) == {b"alive": kept["alive"].encode()}
        assert 0 < await redis.pttl(keys.reserved("admin")) <= 30_000
