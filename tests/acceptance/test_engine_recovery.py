"""Workers, real processes, die, freeze or hang in the middle of jobs: these run again soon, and nobody else pays."""

import signal
import time

import pytest

from jobs.model import State
from jobs.stores.database import Database
from tests.support.bed import SHORT_LEASE, Wanted, bed_of, sleeping
from tests.support.crew import crew_of
from tests.support.endurance.blocked import block_a_loop
from tests.support.endurance.frozen import freeze_a_worker
from tests.support.site import quotas

_RECOVERED_S = 20.0
_RUNS_S = 6.0  # long enough for all to run and for the kill, short enough to be over when the lost ones come back
_OWNERS = 5
_LIMIT = 40
_BLOCKED_S = 10.0
_NEIGHBOURS = 7


async def test_a_hundred_jobs_of_a_killed_worker_run_again_within_twenty_seconds(
    environ: dict[str, str], database: Database
) -> None:
    """With the lease of production, whatever their timeout; each ends once, and the running limit holds meanwhile."""
    limited = {**environ, **quotas(running=_LIMIT)}
    owners = [f"owner {number % _OWNERS}" for number in range(_OWNERS * (_LIMIT + 10))]
    async with bed_of(limited, database) as bed:
        async with bed.worker(100) as doomed, bed.worker(50), bed.worker(50):
            await bed.submit(sleeping(_RUNS_S, owner=owner, timeout_s=86_400) for owner in owners)
            await bed.trail.until(lambda: len(bed.trail.running) == _OWNERS * _LIMIT, within_s=_RUNS_S, what="200 run")
            lost = [job for job, step in bed.trail.running.items() if step.worker == doomed.pid]
            assert len(lost) == 100
            doomed.send(signal.SIGKILL)
            killed_ms = 1000 * time.time()
            await doomed.ends(within_s=5)
            await bed.bury(doomed.pid)
            await bed.trail.until_ended(bed.trail.owners, within_s=40)
            rows = await bed.until_written(within_s=30)
        again = [bed.trail.claims_of(job)[1] for job in lost]
        assert max(claim.at_ms for claim in again) - killed_ms <= 1000 * _RECOVERED_S
        assert {(row["state"], row["tries"], row["result"]) for row in rows.values()} == {(State.SUCCEEDED, 1, _RUNS_S)}
        assert set(bed.trail.most_running.values()) == {_LIMIT}
        assert (await bed.tally()).lost == len(lost)
        await bed.assert_settled()


async def test_a_worker_that_comes_back_changes_nothing(environ: dict[str, str], database: Database) -> None:
    """Frozen for three leases, it finds its jobs to be another's: its results, failures and progress do not count."""
    settings = {**environ, **SHORT_LEASE, "JOBS_TASKS": "tests.support.tasks:TASKS"}
    async with bed_of(settings, database) as bed:
        await freeze_a_worker(bed, seconds=9.0)


async def test_a_task_that_blocks_the_event_loop_loses_no_lease(environ: dict[str, str], database: Database) -> None:
    """It blocks for five leases: neither it nor its neighbours start again on the other worker, which is free."""
    async with bed_of({**environ, **SHORT_LEASE}, database) as bed:
        await block_a_loop(bed, seconds=_BLOCKED_S)


@pytest.mark.parametrize(("chances", "neighbours"), [(3, 7), (2, 3)])
async def test_a_task_that_kills_its_workers_fails_and_its_neighbours_succeed(
    environ: dict[str, str], database: Database, chances: int, neighbours: int
) -> None:
    """On a site of one worker, which is started again each time: after three losses it is given up, with the reason.

    The others, too, may lose so many leases or one less, and have all run beside it.
    """
    async with bed_of({**environ, **SHORT_LEASE}, database) as bed:
        async with crew_of(bed, size=1, slots=8) as crew:
            others = await bed.submit([sleeping(0.3, max_tries=chances)] * neighbours)
            (killer,) = await bed.submit([Wanted(task="diag.crash", max_tries=3)])
            await bed.trail.until_ended(bed.trail.owners, within_s=60)
            rows = await bed.until_written(within_s=30)
            assert crew.ended == [-signal.SIGKILL] * 3
        assert {(rows[job]["state"], rows[job]["tries"]) for job in others} == {(State.SUCCEEDED, 1)}
        assert (rows[killer]["state"], len(bed.trail.claims_of(killer))) == (State.FAILED, 3)
        assert "lost 3 times" in rows[killer]["error"]["message"]
        await bed.assert_settled()


async def test_what_must_not_be_tried_again_is_not_after_a_crash(environ: dict[str, str], database: Database) -> None:
    """With one try each, neither the task that killed its worker nor its neighbours start a second time."""
    async with bed_of({**environ, **SHORT_LEASE}, database) as bed:
        async with crew_of(bed, size=1, slots=8) as crew:
            # They run when it strikes, however late that is.
            await bed.submit([*[sleeping(60.0, max_tries=1)] * _NEIGHBOURS, Wanted(task="diag.crash", max_tries=1)])
            await bed.trail.until_ended(bed.trail.owners, within_s=60)
            rows = await bed.until_written(within_s=30)
            assert crew.ended == [-signal.SIGKILL]
        assert {row["state"] for row in rows.values()} == {State.FAILED}
        assert len(bed.trail.claims) == len(rows)
        await bed.assert_settled()
