"""A load is broken off in the middle: of a file either all rows are facts, or none is."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from functools import partial
from typing import Any

import httpx
import psutil
from redis.asyncio import Redis

from jobs import keys
from jobs.errors import StoreUnavailableError
from jobs.stores.database import Database
from jobs.tasks.data_sync.turns import take_turn
from tests.chaos.exports import count_facts, export, publish_template, sync, upload
from tests.chaos.outages import stopped
from tests.support.children import is_gone
from tests.support.conditions import PATIENCE_S, eventually, reaches
from tests.support.processes import Running, worker_process
from tests.support.running import ran_now
from tests.support.servers import Servers
from tests.support.site import running_web

_ROWS = 60_000
_READER = "jobs.tasks.data_sync.reader"
_FIRST_BYTES = 256 * 1024  # of rows that it tells at once, and then how many they were
_LOAD_S = 25.0


async def _rows_are_read(web: httpx.AsyncClient, task_id: str) -> None:
    async def some() -> bool:
        shown: Any = (await web.get(f"/api/data-sync/progress/{task_id}")).json()
        return bool(0 < shown["rows"]["read"] < _ROWS)

    await eventually(some)


@asynccontextmanager
async def _amid_load(
    environ: Mapping[str, str], database: Database, web: httpx.AsyncClient, task_id: str
) -> AsyncIterator[tuple[Running, int]]:
    """Start a worker and let a load of it stand still in the middle; give it, and its reading process.

    That is stopped when it has told more than the worker has taken yet, as others had the turn to load.
    """
    async with AsyncExitStack() as turn:
        await take_turn(await turn.enter_async_context(database.transaction()), most=1)
        async with worker_process({**environ, "JOBS_LOADS": "1"}) as worker:
            (reader,) = await eventually(lambda: _readers(worker))
            await eventually(lambda: _waits_to_be_heard(reader))
            os.kill(reader, signal.SIGSTOP)
            await turn.aclose()
            await _rows_are_read(web, task_id)
            yield worker, reader


async def _readers(worker: Running) -> list[int]:
    """Find the reading processes of a worker."""
    search = await asyncio.create_subprocess_exec(
        *("pgrep", "-P", str(worker.pid), "-f", _READER), stdout=asyncio.subprocess.PIPE
    )
    found, _ = await search.communicate()
    return [int(pid) for pid in found.split()]


async def _waits_to_be_heard(reader: int) -> bool:
    """Say whether it has told its first rows, and sleeps: nothing else than a full pipe lets it."""
    process = psutil.Process(reader)
    return process.io_counters().write_chars > _FIRST_BYTES and process.status() == psutil.STATUS_SLEEPING


async def _error_type(web: httpx.AsyncClient, task_id: str) -> str | None:
    """Give the type of a job's error as soon as it is written, which is a moment after the state is known."""
    error: Any = (await web.get(f"/api/jobs/{task_id}")).json()["error"]
    return None if error is None else str(error["type"])


async def _stands(redis_url: str, task_id: str, how: tuple[str | None, str | None]) -> bool:
    """Say whether Redis has a job in this state and after so many tries; nothing of one that has ended."""
    async with Redis.from_url(redis_url, decode_responses=True) as redis:
        return tuple(await redis.hmget(keys.job(task_id), "st", "try")) == how


async def _next_try_now(redis_url: str, task_id: str) -> None:
    """End the wait before the next try: it is minutes long for a sync."""
    async with Redis.from_url(redis_url) as redis:
        due_ms = int(1000 * time.time())
        await redis.hset(keys.job(task_id), "since", str(due_ms))
        await redis.zadd(keys.queue("data_sync"), {task_id: due_ms})


async def test_a_load_whose_worker_is_killed_keeps_nothing_and_is_done_again(
    web: httpx.AsyncClient, database: Database, environ: dict[str, str]
) -> None:
    """The next worker loads the file whole, as soon as the lease has ended; the lost start is no try."""
    await publish_template(web)
    file = await upload(web, export(_ROWS))
    task_id = await sync(web, file["id"])
    async with _amid_load(environ, database, web, task_id) as (worker, reader):
        os.kill(worker.pid, signal.SIGKILL)
        assert await worker.ends(within_s=5) == -signal.SIGKILL
        os.kill(reader, signal.SIGCONT)
        await is_gone(reader, within_s=PATIENCE_S)
    assert await count_facts(database) == 0
    async with worker_process(environ):
        ended = await reaches(web, task_id, "succeeded", within_s=_LOAD_S)
    assert (ended["tries"], ended["result"]["rows"]["inserted"]) == (1, _ROWS)
    assert await count_facts(database, file["id"]) == _ROWS


async def test_a_load_whose_reading_process_is_killed_is_tried_again(
    web: httpx.AsyncClient, database: Database, environ: dict[str, str], redis_url: str
) -> None:
    """Nothing is kept of the try; the worker goes on, and the next try loads the file whole."""
    await publish_template(web)
    file = await upload(web, export(_ROWS))
    task_id = await sync(web, file["id"])
    async with _amid_load(environ, database, web, task_id) as (_, reader):
        os.kill(reader, signal.SIGKILL)
        await reaches(web, task_id, "retrying")
        assert await eventually(lambda: _error_type(web, task_id)) == "ReaderDiedError"
        assert await count_facts(database) == 0
        await _next_try_now(redis_url, task_id)
        ended = await reaches(web, task_id, "succeeded", within_s=_LOAD_S)
    assert (ended["tries"], ended["result"]["rows"]["inserted"]) == (2, _ROWS)
    assert await count_facts(database) == _ROWS


async def test_a_load_whose_tries_an_outage_has_used_up_is_due_as_soon_as_it_is_over(
    web: httpx.AsyncClient, database: Database, environ: dict[str, str], redis_url: str, servers: Servers
) -> None:
    """PostgreSQL is away from the middle of the first try to the end of the last: the file is failed, and is swept."""
    environ = {**environ, "JOBS_TIMETABLE": "off; sync_pending_files=0 0 29 2 *"}
    await publish_template(web)
    file = await upload(web, export(1_000))
    task_id = await sync(web, file["id"])

    async def waits() -> bool:
        return bool(await database.fetch("SELECT FROM pg_locks WHERE relation = 'facts'::regclass AND NOT granted"))

    async def shown() -> Any:  # noqa: ANN401  JSON
        return (await web.get(f"/api/data-sync/files/{file['id']}")).json()

    async def has_failed() -> bool:
        return bool((await shown())["state"] == "failed")

    async with worker_process(environ, "data_sync:2,scheduled:1"), AsyncExitStack() as away:
        with suppress(StoreUnavailableError):  # of our own transaction, which PostgreSQL takes with it
            async with database.transaction() as connection:
                await connection.execute("LOCK TABLE facts")
                await eventually(waits, within_s=_LOAD_S)
                await away.enter_async_context(stopped(servers.postgres))
        for tries in (1, 2):
            await eventually(partial(_stands, redis_url, task_id, ("retrying", str(tries))), within_s=_LOAD_S)
            await _next_try_now(redis_url, task_id)
        await eventually(partial(_stands, redis_url, task_id, (None, None)), within_s=_LOAD_S)
        await away.aclose()
        await eventually(has_failed, within_s=_LOAD_S)  # which it has once the end of its job is written
        assert await count_facts(database) == 0
        async with running_web(environ) as scheduling:
            swept = await ran_now(scheduling, "sync_pending_files")
            assert swept["state"] == "succeeded", swept
            assert swept["result"]["files"] == 1
        again = (await shown())["task_id"]
        assert again != task_id
        ended = await reaches(web, again, "succeeded", within_s=2 * _LOAD_S)
    assert ended["result"]["rows"]["inserted"] == await count_facts(database) == 1_000


async def test_a_file_that_breaks_in_its_last_row_keeps_nothing(site: httpx.AsyncClient, database: Database) -> None:
    """Not one of its rows becomes a fact, and those of an earlier file stay as they were."""
    await publish_template(site)
    earlier = await upload(site, export(1_000))
    await reaches(site, await sync(site, earlier["id"]), "succeeded")
    before = await database.fetch("SELECT * FROM facts ORDER BY row_hash")
    broken = await upload(site, export(20_000, ending='1,S0,"a thing that never ends,1,2031-01-01,1,C1,Nowhere\n'))
    ended = await reaches(site, await sync(site, broken["id"]), "failed", within_s=_LOAD_S)
    assert (ended["error"]["type"], ended["tries"]) == ("UnreadableFileError", 1)
    assert "20002" in ended["error"]["message"].replace(",", "")
    assert await database.fetch("SELECT * FROM facts ORDER BY row_hash") == before
    assert len(before) == 1_000
    shown = (await site.get(f"/api/data-sync/files/{broken['id']}")).json()
    assert shown["state"] == "failed"
