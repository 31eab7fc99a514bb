"""/metrics: what a scraper gets, from real stores, and from stores that are away."""

import asyncio
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager
from itertools import chain
from pathlib import Path

import httpx
import pytest
from redis.asyncio import Redis

from deploy.local.redis import RedisServer
from deploy.local.server import Server
from jobs import counters, keys
from jobs.counters import Pair, field_of
from jobs.scoring import PARKED
from jobs.stores.database import Database
from tests.chaos.outages import hung, stopped
from tests.support.metrics import Samples, samples_of, scrape, value_of, whole_scrape
from tests.support.programs import program_of
from tests.support.pulse import beating
from tests.support.site import IMPATIENT, end_of, running_web, submit

TOKEN = "a-token-of-16-ch"  # noqa: S105  the test's own
NOOP = Pair("data_sync", "diag.noop")
LABELS = {"queue": NOOP.queue, "task": NOOP.task}


@pytest.fixture
def own_redis() -> Iterator[RedisServer]:
    """Give a Redis that the test may stop."""
    folder = Path(tempfile.mkdtemp(prefix="switchyard-tests-"))
    try:
        with RedisServer(folder, durable=True) as redis:
            yield redis
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def scrape_once(client: httpx.AsyncClient) -> Samples:
    """Scrape without a login, in the plain format; give what there is, also where a store has not answered."""
    client.headers.pop("Authorization", None)
    answer = await client.get("/metrics")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    return samples_of(answer.text)


async def test_the_counters_in_redis_are_shown(web: httpx.AsyncClient, redis_url: str) -> None:
    """With the entries of the queues; no login is asked for."""
    async with Redis.from_url(redis_url) as redis:
        fields = {
            field_of(counters.STARTED, NOOP): 12,
            field_of(counters.ENDED, NOOP, "failed"): 3,
            field_of(counters.WAIT_MS, NOOP, "1"): 5,
            field_of(counters.WAIT_MS_SUM, NOOP): 40,
        }
        await redis.execute_command("HSET", keys.COUNTERS, *chain.from_iterable(fields.items()))
        await redis.zadd(keys.queue("data_sync"), {"a": -5, "b": -4, "c": PARKED})
    await scrape_once(web)  # as whoever has no login
    samples = await scrape(web)
    assert value_of(samples, "switchyard_jobs_started_total", **LABELS) == 12
    assert value_of(samples, "switchyard_jobs_ended_total", **LABELS, state="failed") == 3
    assert value_of(samples, "switchyard_jobs_ended_total", **LABELS, state="succeeded") == 0
    assert value_of(samples, "switchyard_job_wait_seconds_bucket", **LABELS, le="0.005") == 0
    assert value_of(samples, "switchyard_job_wait_seconds_bucket", **LABELS, le="0.01") == 5
    assert value_of(samples, "switchyard_job_wait_seconds_sum", **LABELS) == 0.04
    assert value_of(samples, "switchyard_queue_entries", queue="data_sync", band="ready") == 2
    assert value_of(samples, "switchyard_queue_entries", queue="data_sync", band="parked") == 1
    assert value_of(samples, "switchyard_redis_up") == value_of(samples, "switchyard_postgresql_up") == 1


async def test_every_declared_task_is_there_before_anything_ran(web: httpx.AsyncClient) -> None:
    """In each of its queues, at zero."""
    samples = await scrape(web)
    shown = {(dict(labels)["queue"], dict(labels)["task"]) for labels in samples["switchyard_jobs_started_total"]}
    assert {("data_sync", "sync_file"), ("data_sync", "diag.noop"), ("scheduled", "diag.noop")} <= shown
    assert set(samples["switchyard_jobs_started_total"].values()) == {0}


async def test_openmetrics_and_head_are_answered(web: httpx.AsyncClient) -> None:
    """The format by the Accept header; another method is told the right one."""
    answer = await web.get("/metrics", headers={"Accept": "application/openmetrics-text; version=1.0.0"})
    assert answer.headers["content-type"].startswith("application/openmetrics-text; version=1.0.0")
    assert answer.text.endswith("# EOF\n")
    assert (await web.head("/metrics")).content == b""
    assert (await web.post("/metrics")).status_code == 405


@pytest.mark.parametrize("authorization", [None, "Bearer", "Bearer wrong", f"Basic {TOKEN}", f"Bearer {TOKEN}x"])
async def test_a_token_that_is_set_must_be_sent(environ: dict[str, str], authorization: str | None) -> None:
    """Else 401, as a problem, and with the way to do better; the administrator's key is no token either."""
    async with running_web({**environ, "APP_METRICS_TOKEN": TOKEN}) as client:
        with_key = await client.get("/metrics")
        del client.headers["Authorization"]
        headers = {} if authorization is None else {"Authorization": authorization}
        without = await client.get("/metrics", headers=headers)
        for answer in (with_key, without):
            assert (answer.status_code, answer.json()["type"]) == (401, "unauthenticated")
            assert answer.headers["content-type"] == "application/problem+json"
            assert answer.headers["www-authenticate"] == "Bearer"


async def test_the_token_opens_the_metrics_and_nothing_else(environ: dict[str, str]) -> None:
    """It is written into a scraper's configuration, so it must not be worth much."""
    async with running_web({**environ, "APP_METRICS_TOKEN": TOKEN}) as client:
        client.headers["Authorization"] = f"Bearer {TOKEN}"
        assert (await client.get("/metrics")).status_code == 200
        assert (await client.get("/api/tasks")).status_code == 401


@pytest.mark.parametrize("outage", [stopped, hung])
async def test_without_redis_the_answer_says_so(
    environ: dict[str, str], own_redis: RedisServer, outage: Callable[[Server], AbstractAsyncContextManager[None]]
) -> None:
    """200 within the two seconds, without what Redis keeps; all of it is back with Redis."""
    async with running_web({**environ, **IMPATIENT, "REDIS_URL": own_redis.url}) as client:
        before = await scrape(client)
        async with outage(own_redis):
            began = time.monotonic()
            async with beating() as pulse:
                during = await scrape_once(client)
            assert time.monotonic() - began - pulse.latest_s < 3
        after = await scrape_once(client)
    assert value_of(during, "switchyard_redis_up") == 0
    assert value_of(during, "switchyard_postgresql_up") == 1
    assert set(during) == {
        "switchyard_redis_up",
        "switchyard_postgresql_up",
        "switchyard_postgresql_seconds",
        "switchyard_build_info",
        "switchyard_web_loop_lag_seconds",
        "switchyard_pool_connections",
        "switchyard_pool_size",
        "switchyard_rate_limit_redis_away",
        "switchyard_alerts_open",
        "switchyard_steward_tick_age_seconds",
        "switchyard_jobs_not_enqueued",
    }
    assert after.keys() >= before.keys()
    assert value_of(after, "switchyard_redis_up") == 1


async def test_without_postgresql_the_counters_are_shown(environ: dict[str, str], tmp_path: Path) -> None:
    """They are what an alert on its absence may want to be combined with."""
    nobody = f"postgresql://switchyard@/switchyard?host={tmp_path}"
    async with running_web({**environ, "DATABASE_URL": nobody}) as client:
        samples = await scrape_once(client)
    assert value_of(samples, "switchyard_postgresql_up") == 0
    assert value_of(samples, "switchyard_jobs_started_total", **LABELS) == 0


async def test_promtool_finds_nothing_to_mend(environ: dict[str, str], database: Database) -> None:
    """The names and types are as Prometheus' own linter wants them."""
    promtool = program_of("prometheus", "promtool")
    text = await whole_scrape(environ, database)
    checking = await asyncio.create_subprocess_exec(
        *(promtool, "check", "metrics"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await checking.communicate(text.encode())
    assert (checking.returncode, said.decode()) == (0, "")


async def test_a_job_is_counted_on_its_way(site: httpx.AsyncClient) -> None:
    """Put in line, started, ended, each once, with one wait and one run, by the scripts themselves."""
    job = await submit(site, "diag.noop")
    await end_of(site, job["id"])
    samples = await scrape(site)
    for name in ("jobs_enqueued_total", "jobs_started_total", "job_wait_seconds_count", "job_run_seconds_count"):
        assert value_of(samples, f"switchyard_{name}", **LABELS) == 1
        assert sum(samples[f"switchyard_{name}"].values()) == 1
    assert value_of(samples, "switchyard_jobs_ended_total", **LABELS, state="succeeded") == 1
    assert sum(samples["switchyard_jobs_ended_total"].values()) == 1
    assert 0 <= value_of(samples, "switchyard_job_wait_seconds_sum", **LABELS) < 10
    assert set(samples["switchyard_queue_entries"].values()) == {0}
