"""Firing schedules: each due time has one job, whoever fires, and what nobody fired is made up for by the rule."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from jobs import keys
from jobs.fire import Firer
from jobs.schedule import Schedule
from jobs.stores.database import Database, Row
from jobs.stores.schedules import FORGOTTEN_S, LET_GO_S
from tests.support.bell import Bell, bell_of, half_past
from tests.support.both import write_history
from tests.support.conditions import eventually


@pytest.fixture
async def bell(environ: dict[str, str], database: Database) -> AsyncIterator[Bell]:
    """Give both stores, and firers."""
    async with bell_of(environ, database) as found:
        yield found


async def _age(bell: Bell, seconds: float) -> None:
    """Let nobody have declared anything for so long."""
    await bell.database.execute("UPDATE schedules SET seen_at = seen_at - make_interval(secs => $1)", seconds)


async def _look_on(bell: Bell, firer: Firer) -> Row:
    """Look until something more has come due; give the row then."""
    before = await bell.row("often")

    async def has_moved() -> Row | None:
        await firer.look()
        row = await bell.row("often")
        return row if row["next_due_at"] > before["next_due_at"] else None

    return await eventually(has_moved)


def _yearly(**more: Any) -> Schedule:  # noqa: ANN401  the fields of Schedule
    """Declare a schedule that is due on New Year."""
    return Schedule(**{"name": "yearly", "task": "diag.noop", "cron": "0 0 1 1 *"} | more)


async def test_a_new_schedule_counts_from_now(bell: Bell) -> None:
    """Nothing is fired for the time before it was there."""
    await bell.firer(half_past(make_up="one")).look()
    row = await bell.row("hourly")
    assert timedelta(0) < row["next_due_at"] - row["now"] < timedelta(hours=1)
    assert (row["last_due_at"], row["fired"], row["missed"]) == (None, 0, 0)
    assert await bell.jobs() == []


async def test_what_is_due_becomes_a_job_in_line(bell: Bell) -> None:
    """Of the system's, with the due time as its own, by declared terms."""
    often = Schedule(
        name="often", task="diag.sleep", args={"seconds": 0.1}, every_s=1, queue="scheduled", priority=7, timeout_s=5
    )
    await bell.enroll([often])
    row = await _look_on(bell, bell.firer(often))
    (job,) = await bell.jobs()
    assert (job["id"], job["run_at"]) == (row["last_job_id"], row["last_due_at"])
    assert job["origin"] is None  # no request has led to it
    assert row["next_due_at"] - row["last_due_at"] == timedelta(seconds=1)
    assert (job["owner"], job["task"], job["queue"], job["priority"]) == ("system", "diag.sleep", "scheduled", 7)
    assert (job["args"], job["timeout_s"], job["tags"]) == ({"seconds": 0.1}, 5, ["schedule:often"])
    assert (row["fired"], row["overlapped"]) == (1, 0)
    assert await bell.both.queue.holder("diag.sleep", "system", "schedule:often") == job["id"]


async def test_a_schedule_that_breaks_keeps_no_other_back(bell: Bell) -> None:
    """It is tried again a second later, and fired once it can be."""
    broken, whole = (half_past(name=name, make_up="one") for name in ("broken", "whole"))
    firer = bell.firer(broken, whole)
    await bell.enroll([broken, whole])
    await bell.set_back("broken", hours=1)
    holder = await firer.fire(broken) or pytest.fail("it was not due")
    for name in ("broken", "whole"):
        await bell.set_back(name, hours=1)
    await bell.redis.hset(keys.job(holder.id), "st", "bogus")  # type: ignore[misc]
    await firer.look()
    assert await firer.look() == 1.0  # s from now
    assert [(await bell.row(name))["fired"] for name in ("broken", "whole")] == [1, 1]
    await bell.redis.hset(keys.job(holder.id), "st", "queued")  # type: ignore[misc]
    await firer.look()
    assert (await bell.row("broken"))["overlapped"] == 1


async def test_of_many_that_fire_at_once_one_does(bell: Bell) -> None:
    """They need no lease: the row says who may, and the job's id what has been fired, should the row be put back."""
    schedule = half_past(make_up="one", overlap="allow")
    firers = [bell.firer(schedule) for _ in range(8)]
    await asyncio.gather(*(firer.look() for firer in firers))
    for hours in (1, 2):
        await bell.set_back("hourly", hours=hours)
        await asyncio.gather(*(firer.fire(schedule) for firer in firers))
        assert len(await bell.jobs()) == 1  # the second time it is the same hour's again
    row = await bell.row("hourly")
    assert (row["fired"], row["missed"]) == (1, 3)


@pytest.mark.parametrize(("make_up", "fired"), [("one", 1), ("none", 0)])
async def test_missed_hours_are_made_up_for_once_or_not_at_all(bell: Bell, make_up: str, fired: int) -> None:
    """And counted in either case; the next one is due as ever."""
    schedule = half_past(make_up=make_up)
    await bell.enroll([schedule])
    due_at = (await bell.row("hourly"))["next_due_at"]
    await bell.set_back("hourly", hours=5)
    firer = bell.firer(schedule)
    await firer.look()
    await firer.look()
    row = await bell.row("hourly")
    assert (row["missed"], row["fired"], row["next_due_at"]) == (5, fired, due_at)
    assert [job["run_at"] for job in await bell.jobs()] == [due_at - timedelta(hours=1)] * fired


async def test_no_run_begins_while_the_former_one_is_unfinished(bell: Bell) -> None:
    """It is left out and counted."""
    schedule = half_past(make_up="one")
    firer = bell.firer(schedule)
    await firer.look()
    await bell.set_back("hourly", hours=3)
    first = await firer.fire(schedule)
    assert first is not None
    await bell.database.execute("UPDATE schedules SET next_due_at = next_due_at - interval '2 hours'")
    assert await firer.fire(schedule) is None
    row = await bell.row("hourly")
    assert (row["fired"], row["overlapped"], row["last_job_id"]) == (1, 1, first.id)


async def test_what_may_overlap_does(bell: Bell) -> None:
    """As declared."""
    often = Schedule(name="often", task="diag.noop", every_s=1, overlap="allow")
    await bell.enroll([often])
    firer = bell.firer(often)
    for fired in (1, 2):
        row = await _look_on(bell, firer)
        assert (len(await bell.jobs()), row["fired"], row["overlapped"]) == (fired, fired, 0)


async def test_an_ended_run_is_in_nobodys_way(bell: Bell) -> None:
    """Though it was cancelled a moment ago, and the history has not been written."""
    often = Schedule(name="often", task="diag.noop", every_s=1)
    await bell.enroll([often])
    firer = bell.firer(often)
    row = await _look_on(bell, firer)
    job = await bell.both.jobs.get(row["last_job_id"])
    assert job is not None
    await bell.both.queue.cancel([job])
    row = await _look_on(bell, firer)
    assert (row["fired"], row["overlapped"]) == (2, 0)
    await write_history(bell.both)
    assert [row["state"] for row in await bell.jobs()] == ["cancelled", "queued"]


async def test_a_changed_rule_counts_from_now(bell: Bell) -> None:
    """What was due by the former one is not."""
    await bell.enroll([_yearly(make_up="one")])
    await bell.set_back("yearly", hours=24 * 400)
    changed = _yearly(make_up="one", cron="0 0 2 1 *")
    await bell.firer(changed).look()
    row = await bell.row("yearly")
    assert (row["rule"], row["missed"]) == (changed.rule, 0)
    assert row["next_due_at"] > row["now"]
    assert await bell.jobs() == []


async def test_while_two_versions_run_the_one_that_started_last_counts(bell: Bell) -> None:
    """And the other fires nothing; once nobody has the later rule any more, the former is back."""
    old, new = _yearly(make_up="one"), _yearly(make_up="one", cron="0 0 2 1 *")
    left = bell.firer(old)
    await left.look()
    await bell.firer(new).look()
    await bell.set_back("yearly", hours=24 * 400)
    assert await left.look() > 1
    await bell.enroll([old], takes_over=False)
    assert await left.fire(old) is None
    assert (await bell.row("yearly"))["rule"] == new.rule
    await _age(bell, LET_GO_S + 1)
    await bell.enroll([old], takes_over=False)
    row = await bell.row("yearly")
    assert row["rule"] == old.rule
    assert row["next_due_at"] > row["now"]
    assert await bell.jobs() == []


async def test_what_is_taken_out_is_not_fired_and_forgotten_after_an_hour(bell: Bell) -> None:
    """Put back then, it counts from now."""
    schedule = half_past(make_up="one")
    await bell.enroll([schedule])
    await bell.set_back("hourly", hours=2)
    await bell.firer().look()
    assert (await bell.row("hourly"))["fired"] == 0
    await _age(bell, FORGOTTEN_S + 1)
    await bell.firer().look()
    assert await bell.database.fetch("SELECT FROM schedules") == []
    await bell.firer(schedule).look()
    assert await bell.jobs() == []


async def test_an_outage_of_an_hour_forgets_nothing(bell: Bell) -> None:
    """Who comes back first declares what he has before he drops what nobody has declared."""
    schedule = half_past(make_up="one")
    await bell.enroll([schedule])
    await bell.set_back("hourly", hours=2)
    await _age(bell, 2 * FORGOTTEN_S)
    firer = bell.firer(schedule)
    await firer.look()
    assert (await bell.row("hourly"))["fired"] == 1
