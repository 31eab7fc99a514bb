"""Schedules and stewards that are many, late, killed at the worst moment, or without a store: one run a due time."""

import asyncio
import json
import signal
import sys
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest

from jobs.cancelling import cancel_until_ended
from jobs.schedule import Schedule
from jobs.stores.database import Database, Row
from tests.chaos.outages import hung, stopped
from tests.chaos.workers import hasty_recoverer, worker_of
from tests.support.bell import Bell, bell_of, half_past
from tests.support.conditions import eventually
from tests.support.processes import Running, started
from tests.support.servers import Servers
from tests.support.site import running_web

_STEWARD = (sys.executable, "-m", "jobs", "steward")
_LATE_STEWARD = (sys.executable, "-m", "tests.support.late_steward")
_START_S = 60.0
_SECOND = timedelta(seconds=1)
_HELD_UP = """
SELECT FROM pg_stat_activity
WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%INSERT INTO jobs%'
"""


@pytest.fixture
async def bell(environ: dict[str, str], database: Database) -> AsyncIterator[Bell]:
    """Give both stores, for a site that has schedules."""
    async with bell_of({**environ, "JOBS_SCHEDULES": "tests.support.schedules:SCHEDULES"}, database) as found:
        yield found


@asynccontextmanager
async def _steward(environ: Mapping[str, str], command: tuple[str, ...] = _STEWARD) -> AsyncIterator[Running]:
    async with started(command, environ) as steward:
        await steward.says("steward_started", within_s=_START_S)
        yield steward


async def _until_fired(bell: Bell, amount: int) -> Row:
    """Wait until so many have been fired; give the row as it was then."""

    async def look() -> Row | None:
        return await bell.database.fetch_row("SELECT * FROM schedules WHERE name = 'often' AND fired >= $1", amount)

    return await eventually(look)


@asynccontextmanager
async def _held(bell: Bell) -> AsyncIterator[Row]:
    """Hold the row, as who fires does; give it. What was being fired is there, and nobody fires until the end."""
    async with bell.database.transaction() as connection:
        row = await connection.fetch_row("SELECT * FROM schedules WHERE name = 'often' FOR UPDATE")
        assert row is not None
        yield row


def _told(stewards: Iterable[Running], event: str) -> list[dict[str, Any]]:
    """Give what they have logged of this event, one steward after the other."""
    return [json.loads(line) for steward in stewards for line in steward.lines if f'"{event}"' in line]


async def _stop(bell: Bell, stewards: Sequence[Running], *, of: Sequence[Running]) -> None:
    """Stop some while nobody fires, and all have told of what they fired: none is cut off before its line."""
    async with _held(bell) as row:

        async def all_is_told() -> bool:
            return bool(len(_told(of, "schedule_fired")) == row["fired"])

        await eventually(all_is_told)
        for steward in stewards:
            steward.send(signal.SIGTERM)
            assert await steward.ends(within_s=10) == 0


async def _assert_one_each(bell: Bell, since: Row, *, every: timedelta = _SECOND) -> None:
    """Expect one job for each due time that was fired, and that all others were missed.

    `since` is the row after some firing: when a steward came to the first one is its own affair.
    """
    async with _held(bell) as row:
        times = [job["run_at"] for job in await bell.jobs()]
    assert len(times) == len(set(times)) == row["fired"]
    assert times[-1] == row["last_due_at"] == row["next_due_at"] - every
    assert times[since["fired"] - 1] == since["last_due_at"]
    due = (row["last_due_at"] - since["last_due_at"]) / every
    assert due == row["fired"] - since["fired"] + row["missed"] - since["missed"]


async def test_three_stewards_of_which_one_is_late_fire_once(environ: dict[str, str], database: Database) -> None:
    """The clock of the one lags by an hour; what counts is PostgreSQL's."""
    calmer = {**environ, "JOBS_SCHEDULES": "tests.support.schedules:CALMER"}
    async with bell_of(calmer, database) as bell, AsyncExitStack() as stack:
        stewards = [
            await stack.enter_async_context(_steward(bell.environ, command))
            for command in (_STEWARD, _STEWARD, _LATE_STEWARD)
        ]
        since = await _until_fired(bell, 1)
        await _until_fired(bell, 8)
        # Also the late one by itself fires what is due now.
        await _stop(bell, stewards[:2], of=stewards)
        fired = (await bell.row("often"))["fired"]
        await _until_fired(bell, fired + 2)
        await _stop(bell, stewards[2:], of=stewards)
        await _assert_one_each(bell, since, every=3 * _SECOND)
        row = await bell.row("often")
    said = _told(stewards, "schedule_fired")
    assert (row["fired"], row["missed"]) == (len(said), 0)
    written, due = (datetime.fromisoformat(said[-1][key]) for key in ("timestamp", "due_at"))
    assert timedelta(minutes=59) < due - written < timedelta(minutes=61)
    assert row["last_due_at"] == due


async def test_a_steward_that_is_killed_before_the_commit_has_fired_nothing(bell: Bell) -> None:
    """It had the row, and could not store the job; the next steward fires."""
    async with _steward(bell.environ) as steward:
        since = await _until_fired(bell, 1)
        async with bell.database.transaction() as connection:
            await connection.execute("LOCK TABLE jobs IN EXCLUSIVE MODE")

            async def waits() -> bool:
                return bool(await bell.database.fetch(_HELD_UP))

            await eventually(waits)
            await steward.kill()
    fired = (await bell.row("often"))["fired"]
    assert len(await bell.jobs()) == fired
    async with _steward(bell.environ) as steward:
        await _until_fired(bell, fired + 2)
        steward.send(signal.SIGTERM)
        assert await steward.ends(within_s=10) == 0
    await _assert_one_each(bell, since)


async def test_a_steward_that_is_killed_after_the_commit_has_fired_once(bell: Bell, servers: Servers) -> None:
    """Redis has not heard of the job; the recoverer of any other steward puts it in line."""
    async with _steward(bell.environ) as steward:
        since = await _until_fired(bell, 1)
        async with hung(servers.redis):
            before = len(await bell.jobs())

            async def has_more() -> bool:
                return len(await bell.jobs()) > before

            await eventually(has_more)
            await steward.kill()
    jobs = await bell.jobs()
    assert jobs[-1]["state"] == "accepted"
    async with hasty_recoverer(bell.environ, bell.database):

        async def are_in_line() -> bool:
            return not [job for job in await bell.jobs() if job["state"] == "accepted"]

        await eventually(are_in_line)
    await _assert_one_each(bell, since)
    assert await bell.in_line() == {job["id"] for job in jobs}


async def test_without_redis_a_run_is_accepted_and_put_in_line_later(bell: Bell, servers: Servers) -> None:
    """While it waits no other is added, as if it ran."""
    schedule = half_past(make_up="one")
    firer = bell.firer(schedule)
    await firer.look()
    await bell.set_back("hourly", hours=2)
    async with worker_of(bell.environ, {"data_sync": 1}), hasty_recoverer(bell.environ, bell.database):
        async with stopped(servers.redis):
            job = await firer.fire(schedule)
            assert job is not None
            assert job.state == "accepted"
            await bell.set_back("hourly", hours=1)
            assert await firer.fire(schedule) is None

        async def has_run() -> bool:
            return [row["state"] for row in await bell.jobs()] == ["succeeded"]

        await eventually(has_run, within_s=20)
    row = await bell.row("hourly")
    assert (row["fired"], row["overlapped"]) == (1, 1)


async def test_without_postgresql_nothing_is_fired_and_what_was_missed_is_judged_later(
    bell: Bell, servers: Servers
) -> None:
    """The loop waits for it."""
    often = Schedule(name="often", task="diag.noop", every_s=1, overlap="allow")
    loop = asyncio.create_task(bell.firer(often).run())
    since = await _until_fired(bell, 2)
    async with stopped(servers.postgres):
        await asyncio.sleep(3)  # due times have to pass while nobody can see them: nothing tells of those
    fired = (await bell.row("often"))["fired"]
    await _until_fired(bell, fired + 2)
    await cancel_until_ended([loop], again_s=1)
    await _assert_one_each(bell, since)
    assert (await bell.row("often"))["missed"] >= 2


async def test_without_postgresql_a_run_out_of_turn_is_accepted_by_redis(bell: Bell, servers: Servers) -> None:
    """Though the schedules cannot be shown; the same run is there when it is asked for again."""
    async with running_web(bell.environ) as client, stopped(servers.postgres):
        answer = await client.post("/api/schedules/nap/run")
        assert (answer.status_code, answer.json()["durability"]) == (202, "redis")
        again = await client.post("/api/schedules/nap/run")
        assert (again.status_code, again.json()["id"]) == (200, answer.json()["id"])
        assert (await client.get("/api/schedules")).status_code == 503
        assert (await client.get("/metrics")).status_code == 200
