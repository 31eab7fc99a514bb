"""The shipped jobs on a site of several stewards and workers, some of which are stopped when something is due."""

import signal
import sys
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta

from jobs.stores.database import Database, Row
from tests.support.bed import SHIPPED_LEASE, SHORT_LEASE
from tests.support.conditions import eventually
from tests.support.processes import Running, started

_STEWARD = (sys.executable, "-m", "jobs", "steward")
_WORKER = (sys.executable, "-m", "jobs", "worker", "--queues", "data_sync:2,data_processing:2,scheduled:2")
_START_S = 60.0
_NEVER = "0 0 29 2 *"  # for what is due when a test says so, and not by itself meanwhile
_NAMES = (
    *("canary.data_processing", "canary.data_sync", "canary.scheduled"),
    *("check_low_stock", "prune_history", "sync_pending_files"),
)


async def _start(stack: AsyncExitStack, environ: dict[str, str], *, stewards: int, workers: int) -> list[Running]:
    commands = [(_STEWARD, "steward_started")] * stewards + [(_WORKER, "worker_started")] * workers
    running = [await stack.enter_async_context(started(command, environ)) for command, _ in commands]
    for one, (_, said) in zip(running, commands, strict=True):
        await one.says(said, within_s=_START_S)
    return running


async def _due_now(database: Database, *, ago_s: float) -> None:
    """Let every schedule have been due so long ago, whatever its rule.

    Not at the full minute before: that may be so long ago that it is taken late, and what is not made up is missed.
    """
    await database.execute("UPDATE schedules SET next_due_at = now() - make_interval(secs => $1)", ago_s)


async def _rows(database: Database) -> list[Row]:
    return await database.fetch("SELECT * FROM schedules ORDER BY name")


async def _enrolled(database: Database) -> None:
    async def are_there() -> bool:
        return tuple(row["name"] for row in await _rows(database)) == _NAMES

    await eventually(are_there, within_s=20)


async def _runs(database: Database, task: str) -> list[Row]:
    return await database.fetch("SELECT * FROM jobs WHERE task = $1 ORDER BY run_at", task)


async def test_two_stewards_and_three_workers_run_each_once(environ: dict[str, str], database: Database) -> None:
    """Each of the shipped schedules that is due has one job, and that has run once."""
    kinds = sorted({name.partition(".")[0] for name in _NAMES})  # what is said of the canary holds for each
    site = {**environ, **SHIPPED_LEASE, "JOBS_TIMETABLE": "; ".join(f"{kind}={_NEVER}" for kind in kinds)}
    async with AsyncExitStack() as stack:
        await _start(stack, site, stewards=2, workers=3)
        await _enrolled(database)
        await _due_now(database, ago_s=0)

        async def have_ended() -> bool:
            rows = await _rows(database)
            jobs = await database.fetch("SELECT FROM jobs WHERE state = 'succeeded'")
            return all(row["fired"] for row in rows) and len(jobs) == sum(row["fired"] for row in rows)

        await eventually(have_ended, within_s=40)
    jobs = await database.fetch("SELECT * FROM jobs")
    assert len(jobs) == sum(row["fired"] for row in await _rows(database))
    assert len({(job["tags"][0], job["run_at"]) for job in jobs}) == len(jobs)
    assert {job["tags"][0].removeprefix("schedule:") for job in jobs} == set(_NAMES)
    assert {(job["owner"], job["state"], job["run"]) for job in jobs} == {("system", "succeeded", 1)}
    assert await database.fetch("SELECT FROM tries") == []


async def test_what_was_missed_while_the_steward_was_stopped_is_made_up_once(
    environ: dict[str, str], database: Database
) -> None:
    """Where the schedule says so: the check of stock is, the canary is not. Both are counted."""
    # Every six hours, as it is shipped, but half an hour from now at least: it must not be due by itself meanwhile.
    minute = (datetime.now(UTC) - timedelta(minutes=30)).minute
    site = {**environ, "JOBS_TIMETABLE": f"prune_history=off; check_low_stock={minute} */6 * * *"}
    async with AsyncExitStack() as stack:
        steward, _ = await _start(stack, site, stewards=1, workers=1)

        async def are_there() -> bool:
            return len(await _rows(database)) == len(_NAMES) - 1

        await eventually(are_there, within_s=20)
        async with database.transaction() as connection:
            await connection.execute("SELECT FROM schedules FOR UPDATE")  # so that it holds none when it is stopped
            steward.send(signal.SIGSTOP)
            before = {row["name"]: row for row in await _rows(database)}
            # Three times of the check went by meanwhile, and as many of the canary of a queue whose rule is moved here.
            await connection.execute(
                "UPDATE schedules SET next_due_at = now() - interval '15 hours' WHERE name = 'check_low_stock'"
            )
            await connection.execute(
                """
                UPDATE schedules SET next_due_at = date_trunc('minute', now()) - interval '10 minutes'
                WHERE name = 'canary.scheduled'
                """
            )
        steward.send(signal.SIGCONT)

        async def is_judged() -> bool:
            found = {row["name"]: row for row in await _rows(database)}
            return bool(found["check_low_stock"]["fired"] and found["canary.scheduled"]["missed"])

        await eventually(is_judged, within_s=30)

        async def has_run() -> bool:
            return [job["state"] for job in await _runs(database, "check_low_stock")] == ["succeeded"]

        await eventually(has_run, within_s=30)
        after = {row["name"]: row for row in await _rows(database)}
        assert after["check_low_stock"]["fired"] == 1
        assert after["check_low_stock"]["missed"] >= 2
        assert after["check_low_stock"]["next_due_at"] > after["check_low_stock"]["last_due_at"]
        assert after["canary.scheduled"]["missed"] >= 9
        assert after["canary.scheduled"]["fired"] <= before["canary.scheduled"]["fired"] + 2
        assert len(await _runs(database, "check_low_stock")) == 1


async def test_a_worker_that_is_stopped_in_a_run_does_not_run_it_twice_over(
    environ: dict[str, str], database: Database
) -> None:
    """Its lease ends, another worker does the work, and what the first one says afterwards counts no more."""
    site = {
        **environ,
        **SHORT_LEASE,
        "JOBS_TIMETABLE": f"off; check_low_stock={_NEVER}",
    }
    async with AsyncExitStack() as stack:
        steward, first = await _start(stack, site, stewards=1, workers=1)

        async def is_there() -> bool:
            return bool(await _rows(database))

        await eventually(is_there, within_s=20)
        # The check waits for this lock, so that the worker can be stopped in the middle of it.
        async with database.transaction() as connection:
            await connection.execute("SELECT pg_advisory_xact_lock(hashtextextended('switchyard.low_stock', 0))")
            await _due_now(database, ago_s=0)
            await first.says("job_started", within_s=30)
            first.send(signal.SIGSTOP)
            second = await stack.enter_async_context(started(_WORKER, site))
            await second.says("job_started", within_s=_START_S)

        async def has_ended() -> bool:
            return [job["state"] for job in await _runs(database, "check_low_stock")] == ["succeeded"]

        await eventually(has_ended, within_s=30)
        await second.says("job_ended")
        first.send(signal.SIGCONT)
        await first.says(r"lease_lost|job_left|job_abandoned|lost", within_s=20)
        (job,) = await _runs(database, "check_low_stock")
        assert (job["state"], job["run"]) == ("succeeded", 1)
        assert (await _rows(database))[0]["fired"] == 1
        assert steward.runs
