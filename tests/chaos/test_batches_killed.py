"""Whoever is killed, and wherever: a batch is there whole or not at all, ends, and what follows it is made once."""

import asyncio
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import asyncpg
import httpx
import pytest
from redis.asyncio import Redis

from jobs.stores.database import Database
from tests.chaos.mortals import MortalSite, mortal_site
from tests.support.batches import end_of_batch, noops, submit_batch
from tests.support.bed import NOTE_ENDS, SHORT_LEASE
from tests.support.conditions import eventually, reaches
from tests.support.processes import Running, started, web_process
from tests.support.site import running_worker

_STEWARD = (sys.executable, "-m", "jobs", "steward")
_LOCK = 4711
# Whoever stores such a row waits there for as long as the test holds the lock.
_WAIT_AT = """
CREATE FUNCTION wait_for_test() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN PERFORM pg_advisory_xact_lock({lock}); RETURN new; END $$;
CREATE TRIGGER wait_for_test BEFORE INSERT ON {table} FOR EACH ROW WHEN ({when}) EXECUTE FUNCTION wait_for_test();
"""
_PAUSE_MS = 60_000
_A_MINUTE_LATER = "UPDATE jobs SET accepted_at = accepted_at - interval '1 minute' WHERE finished_at IS NULL"
_ALL_END_WITHIN_S = 60.0


@asynccontextmanager
async def _waiting_at(environ: Mapping[str, str], table: str, when: str = "true") -> AsyncIterator[asyncpg.Connection]:
    """Let whoever stores such a row wait until the connection that is given unlocks it."""
    connection = await asyncpg.connect(environ["DATABASE_URL"])
    try:
        await connection.execute(_WAIT_AT.format(lock=_LOCK, table=table, when=when))
        await connection.execute("SELECT pg_advisory_lock($1)", _LOCK)
        yield connection
    finally:
        await connection.close()


async def _until_waiting(database: Database) -> None:
    async def waits() -> bool:
        return bool(await database.fetch("SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"))

    await eventually(waits, within_s=20)


async def _kill(process: Running) -> None:
    process.send(signal.SIGKILL)
    await process.ends(within_s=10)


@asynccontextmanager
async def _steward(environ: Mapping[str, str]) -> AsyncIterator[Running]:
    async with started(_STEWARD, environ) as steward:
        await steward.says("steward_started", within_s=60)
        yield steward


async def _cancelled(web: httpx.AsyncClient) -> tuple[str, str]:
    """Make a batch that ends as soon as a steward writes it down; give it and what is to follow it."""
    batch = await submit_batch(web, noops(3, delay_s=600), on_complete={"task": "diag.noop"})
    await web.post(f"/api/batches/{batch['id']}/cancel")
    return batch["id"], batch["on_complete_job_id"]


@pytest.mark.usefixtures("stores_stay")
async def test_a_steward_that_dies_before_it_commits_has_done_nothing(
    web: httpx.AsyncClient, environ: dict[str, str], database: Database
) -> None:
    """Neither the end nor what follows is there; the next one makes both."""
    batch, follower = await _cancelled(web)
    async with _waiting_at(environ, "jobs", f"new.id = '{follower}'") as lock, _steward(environ) as steward:
        await _until_waiting(database)
        await _kill(steward)
        await lock.execute("SELECT pg_advisory_unlock($1)", _LOCK)
    assert (await web.get(f"/api/batches/{batch}")).json()["finished_at"] is None
    async with running_worker(environ):
        await end_of_batch(web, batch)
        await reaches(web, follower, "succeeded")
    assert len(await database.fetch("SELECT FROM jobs")) == 4


async def test_a_steward_that_dies_after_it_committed_leaves_the_rest_to_others(
    web: httpx.AsyncClient, environ: dict[str, str], database: Database
) -> None:
    """What follows is stored, and Redis does not have it; it is put in line, and runs once."""
    await database.execute(NOTE_ENDS)
    batch, follower = await _cancelled(web)
    async with (
        Redis.from_url(environ["REDIS_URL"]) as redis,
        _waiting_at(environ, "jobs", f"new.id = '{follower}'") as lock,
        _steward(environ) as steward,
    ):
        await _until_waiting(database)
        await redis.execute_command("CLIENT", "PAUSE", _PAUSE_MS, "WRITE")
        await lock.execute("SELECT pg_advisory_unlock($1)", _LOCK)
        await end_of_batch(web, batch)
        await _kill(steward)
        await redis.execute_command("CLIENT", "UNPAUSE")
        assert await redis.exists(f"arq:job:{follower}") == 0
    await database.execute(_A_MINUTE_LATER)
    async with running_worker(environ):
        await reaches(web, follower, "succeeded", within_s=20)
    ends = Counter(row["job_id"] for row in await database.fetch("SELECT job_id FROM ends"))
    assert set(ends.values()) == {1}
    assert len(ends) == 4


@pytest.mark.usefixtures("stores_stay")
@pytest.mark.parametrize("is_committed", [False, True])
async def test_a_web_process_that_dies_leaves_a_whole_batch_or_none(
    environ: dict[str, str], database: Database, web: httpx.AsyncClient, *, is_committed: bool
) -> None:
    """Killed before the commit, or between that and Redis: what is there is all there, and all of it runs.

    It is one statement, which PostgreSQL commits whatever becomes of who has sent it: he is stopped meanwhile.
    """
    async with _waiting_at(environ, "batches") as lock, web_process(environ) as (doomed, client):
        body = {"jobs": noops(500), "on_complete": {"task": "diag.noop"}}
        asked = asyncio.create_task(client.post("/api/batches", json=body))
        await _until_waiting(database)
        doomed.send(signal.SIGSTOP)
        if is_committed:
            await lock.execute("SELECT pg_advisory_unlock($1)", _LOCK)

            async def is_stored() -> bool:
                return bool(await database.fetch("SELECT FROM batches"))

            await eventually(is_stored)
        await _kill(doomed)
        await lock.execute("SELECT pg_advisory_unlock_all()")
        with pytest.raises(httpx.TransportError):
            await asked
    await _until_idle(database)
    batches = await database.fetch("SELECT id, on_complete_job_id FROM batches")
    assert len(await database.fetch("SELECT FROM jobs")) == 500 * len(batches)
    assert len(batches) == 1 or not is_committed
    await database.execute(_A_MINUTE_LATER)
    async with running_worker(environ):
        for batch in batches:
            ended = await end_of_batch(web, batch["id"], within_s=40)
            assert ended["counts"] == {"succeeded": 500}
            await reaches(web, batch["on_complete_job_id"], "succeeded")


async def _until_idle(database: Database) -> None:
    """Wait until PostgreSQL has ended what a dead client had asked for."""

    async def is_idle() -> bool:
        return not await database.fetch(
            "SELECT FROM pg_stat_activity WHERE datname = current_database() AND state = 'active'"
            " AND pid <> pg_backend_pid()"
        )

    await eventually(is_idle)


async def _submit(site: MortalSite, accepted: list[str]) -> None:
    """Submit batches, and cancel some, until all were killed."""
    while site.is_dying:
        jobs = [*noops(20), {"task": "diag.sleep", "args": {"seconds": 0.1}}, *noops(5, delay_s=0.3)]
        answer = await site.post("/api/batches", {"jobs": jobs, "on_complete": {"task": "diag.noop"}})
        if answer is None:
            continue
        assert answer.status_code == 202, answer.text
        accepted.append(answer.json()["id"])
        if site.luck.random() < 1 / 3:
            await site.post(f"/api/batches/{accepted[-1]}/cancel", {})


@pytest.mark.usefixtures("stores_stay")
async def test_whoever_is_killed_each_batch_ends_and_is_followed_once(
    environ: dict[str, str], database: Database
) -> None:
    """Web process, worker and steward, at random, also while batches are cancelled; what was accepted is all there."""
    await database.execute(NOTE_ENDS)
    accepted: list[str] = []
    async with mortal_site({**environ, **SHORT_LEASE}) as site:
        await asyncio.gather(*(_submit(site, accepted) for _ in range(2)))

        async def all_have_ended() -> bool:
            return not await database.fetch(
                "SELECT FROM jobs WHERE finished_at IS NULL"
                " UNION ALL SELECT FROM batches WHERE finished_at IS NULL OR on_complete IS NOT NULL"
            )

        await eventually(all_have_ended, within_s=_ALL_END_WITHIN_S)
    batches = {row["id"]: row for row in await database.fetch("SELECT * FROM batches")}
    assert accepted
    assert set(accepted) <= batches.keys()
    jobs = {row["id"]: row for row in await database.fetch("SELECT id, batch_id, state FROM jobs")}
    members = Counter(row["batch_id"] for row in jobs.values())
    assert members == Counter(dict.fromkeys(batches, 27)), "26 jobs and the one that follows"
    assert {jobs[batch["on_complete_job_id"]]["state"] for batch in batches.values()} == {"succeeded"}
    assert all(sum(batch["counts"].values()) == 26 for batch in batches.values())
    ends = Counter(row["job_id"] for row in await database.fetch("SELECT job_id FROM ends"))
    assert ends == Counter(jobs.keys())
