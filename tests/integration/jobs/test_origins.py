"""A job tells which request has led to it: in each line that the worker writes of it, and where it is shown."""

from collections.abc import AsyncIterator, Mapping
from typing import Any

import httpx
import orjson
import pytest
from redis.asyncio import Redis

from jobs import keys
from tests.support.conditions import eventually, reaches
from tests.support.processes import Running, worker_process
from tests.support.site import end_of, submit

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
TRACEPARENT = f"00-{TRACE}-00f067aa0ba902b7-01"
EVERY = "data_sync:4,scheduled:4"


@pytest.fixture
async def worker(environ: dict[str, str]) -> AsyncIterator[Running]:
    """Run a worker whose lines can be read."""
    async with worker_process({**environ, "JOBS_LOG_LEVEL": "debug"}, EVERY) as worker:
        yield worker


def lines_of(worker: Running, job_id: str) -> list[Mapping[str, Any]]:
    """Give what a worker has logged of a job."""
    lines = [orjson.loads(line) for line in worker.lines if line.startswith("{")]
    return [line for line in lines if line.get("job") == job_id]


async def test_each_line_of_a_job_says_whose_it_is(web: httpx.AsyncClient, worker: Running) -> None:
    """Job, task, owner, try and worker, and the request and the trace that it comes from; retries and ends too."""
    sent = {"X-Request-ID": "asked-by-ann", "traceparent": TRACEPARENT}
    answer = await web.post("/api/jobs", json={"task": "diag.fail", "args": {"times": 1}}, headers=sent)
    assert answer.headers["traceparent"] == TRACEPARENT
    job = answer.json()
    assert (job["request_id"], job["trace_id"]) == ("asked-by-ann", TRACE)
    ended = await end_of(web, job["id"])
    await worker.says(f'{job["id"]}.*"event":"job_ended"')
    lines = lines_of(worker, job["id"])
    told = ["job_started", "try_failed", "job_retrying", "job_started", "job_ended"]
    assert [line["event"] for line in lines] == told
    assert [line["try"] for line in lines] == [1, 1, 1, 2, 2]
    name = orjson.loads(worker.lines[0])["worker"]
    known = {"task": "diag.fail", "owner": "admin", "worker": name, "request": "asked-by-ann", "trace": TRACE}
    assert [{**line, **known} for line in lines] == lines
    assert (ended["request_id"], ended["trace_id"]) == ("asked-by-ann", TRACE)


async def test_lines_from_outside_a_job_say_it_too(web: httpx.AsyncClient, worker: Running) -> None:
    """It is cancelled by others, and a loss of its lease is noticed by a thread."""
    headers = {"X-Request-ID": "asked"}
    answer = await web.post("/api/jobs", json={"task": "diag.sleep", "args": {"seconds": 60}}, headers=headers)
    job = await reaches(web, answer.json()["id"], "running")
    await worker.says(f'{job["id"]}.*"event":"job_started"')  # it is claimed before it begins
    await web.post(f"/api/jobs/{job['id']}/cancel", headers={"X-Request-ID": "another"})
    await end_of(web, job["id"])
    await worker.says(f'{job["id"]}.*"event":"job_ended"')
    lines = lines_of(worker, job["id"])
    assert [line["event"] for line in lines] == ["job_started", "job_cancelling", "job_ended"]
    assert {(line["request"], line["owner"], line["task"]) for line in lines} == {("asked", "admin", "diag.sleep")}
    assert {line["worker"] for line in lines} == {orjson.loads(worker.lines[0])["worker"]}


async def test_a_batch_and_what_follows_it_come_from_one_request(web: httpx.AsyncClient, worker: Running) -> None:
    """A retry by hand comes from the request that wants it, from then on."""
    jobs = [{"task": "diag.noop"}, {"task": "diag.fail", "max_tries": 1}]
    body = {"jobs": jobs, "on_complete": {"task": "diag.noop"}}
    sent = {"X-Request-ID": "many", "traceparent": TRACEPARENT}
    batch = (await web.post("/api/batches", json=body, headers=sent)).json()

    async def all_ended() -> list[Any] | None:
        items: list[Any] = (await web.get("/api/jobs", params={"batch": batch["id"]})).json()["items"]
        return items if len(items) == len(jobs) + 1 and all(item["finished_at"] for item in items) else None

    items = await eventually(all_ended)
    assert {(item["request_id"], item["trace_id"]) for item in items} == {("many", TRACE)}
    assert {line["request"] for item in items for line in lines_of(worker, item["id"])} == {"many"}
    (failed,) = [item["id"] for item in items if item["state"] == "failed"]
    await web.post(f"/api/batches/{batch['id']}/retry", headers={"X-Request-ID": "again"})

    async def failed_again() -> bool:
        job = (await web.get(f"/api/jobs/{failed}")).json()
        return (job["run"], job["state"], job["request_id"], job["trace_id"]) == (2, "failed", "again", None)

    await eventually(failed_again)
    retried = await web.post(f"/api/jobs/{failed}/retry", headers={"X-Request-ID": "once-more"})
    assert (retried.json()["run"], retried.json()["request_id"]) == (3, "once-more")
    await end_of(web, failed)
    requests = list(dict.fromkeys(line["request"] for line in lines_of(worker, failed)))
    assert requests == ["many", "again", "once-more"]


async def test_what_no_request_has_led_to_says_none(worker: Running, environ: dict[str, str]) -> None:
    """Such as the jobs of stock clients, whatever they put into a payload."""
    payload = orjson.dumps({"t": None, "f": "diag.noop", "a": [], "k": {}, "et": 1, "o": "for\nged"})
    async with Redis.from_url(environ["REDIS_URL"]) as redis:
        await redis.set(keys.PAYLOAD + "stock", payload, px=60_000)
        await redis.zadd(keys.queue("scheduled"), {"stock": 1})
    await worker.says('"job":"stock".*"event":"job_ended"')
    lines = lines_of(worker, "stock")
    assert [line["event"] for line in lines] == ["job_started", "job_ended"]
    assert {(line["task"], line["owner"], "request" in line) for line in lines} == {("diag.noop", "arq", False)}


@pytest.mark.parametrize("sent", [[], ["no trace"], [TRACEPARENT, TRACEPARENT]])
async def test_a_trace_that_is_none_is_ignored(web: httpx.AsyncClient, sent: list[str]) -> None:
    """And so are two: none is made in its place."""
    answer = await web.get("/healthz", headers=[("traceparent", value) for value in sent])
    assert "traceparent" not in answer.headers
    assert (await submit(web, "diag.noop"))["trace_id"] is None
