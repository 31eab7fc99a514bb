"""Limits that share a timer end their own tasks, at their own times, and nothing else."""

import asyncio

import pytest

from jobs.deadlines import Deadlines, Limit


async def _limited(deadlines: Deadlines, timeout_s: float, sleep_s: float) -> float:
    """Sleep under a limit; give when that ended, and raise TimeoutError where the limit did so."""
    with Limit(deadlines, timeout_s):
        await asyncio.sleep(sleep_s)
    return asyncio.get_running_loop().time()


async def test_each_limit_ends_at_its_own_time() -> None:
    """Whichever began first: the earlier of two is watched first, and the later one after it."""
    deadlines, loop = Deadlines(), asyncio.get_running_loop()
    began = loop.time()
    ends: dict[float, float] = {}

    async def noted(timeout_s: float) -> None:
        with pytest.raises(TimeoutError):
            await _limited(deadlines, timeout_s, 10)
        ends[timeout_s] = loop.time() - began

    await asyncio.gather(noted(0.2), noted(0.05), noted(0.1))
    assert list(ends) == [0.05, 0.1, 0.2]
    assert all(timeout_s - 0.01 < ended for timeout_s, ended in ends.items())


async def test_one_that_has_ended_cancels_nobody() -> None:
    """The timer that it had set goes off in vain, and the next limit is still watched."""
    deadlines = Deadlines()
    await _limited(deadlines, 0.05, 0)
    await asyncio.sleep(0.1)
    with pytest.raises(TimeoutError):
        await _limited(deadlines, 0.05, 10)


async def test_a_cancellation_from_elsewhere_passes() -> None:
    """Also where the time is over in the same moment: whoever cancelled must not be told of a timeout."""
    deadlines = Deadlines()
    sleeping = asyncio.create_task(_limited(deadlines, 10, 10))
    await asyncio.sleep(0)
    sleeping.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sleeping
    limit = Limit(deadlines, 10)

    async def both() -> None:
        with limit:
            await asyncio.sleep(10)

    task = asyncio.create_task(both())
    await asyncio.sleep(0)
    limit.expire()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
