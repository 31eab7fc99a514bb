"""Ending tasks for sure: those that miss a cancellation are cancelled again, whoever gives up waiting for them."""

import asyncio

import pytest

from jobs.cancelling import cancel_until_ended

_AGAIN_S = 0.01


async def _deaf(missed: asyncio.Event, *, times: int) -> None:
    """Miss so many cancellations, as one that comes just as an answer does is missed."""
    for _ in range(times):
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            missed.set()
    await asyncio.Event().wait()


async def test_who_misses_a_cancellation_gets_another() -> None:
    """As often as it takes; who has ended is not waited for, and who ends well neither."""
    deaf = asyncio.create_task(_deaf(asyncio.Event(), times=3))
    quick = asyncio.create_task(asyncio.sleep(0))
    await quick
    await asyncio.sleep(0)
    await cancel_until_ended([deaf, quick], again_s=_AGAIN_S)
    assert deaf.cancelled()
    assert not quick.cancelled()


@pytest.mark.parametrize("times", [1, 4])
async def test_who_is_cancelled_while_it_waits_gives_nobody_up(times: int) -> None:
    """Loops that hold loops end so from the inside: nothing goes on behind the back of who was cancelled."""
    missed = asyncio.Event()
    deaf = asyncio.create_task(_deaf(missed, times=times))
    await asyncio.sleep(0)
    waiting = asyncio.create_task(cancel_until_ended([deaf], again_s=60))
    await missed.wait()
    await cancel_until_ended([waiting], again_s=_AGAIN_S)
    assert deaf.cancelled()
    assert waiting.cancelled()


async def test_a_deadline_is_one_all_the_same() -> None:
    """It counts, once they have ended."""
    deaf = asyncio.create_task(_deaf(asyncio.Event(), times=1))
    await asyncio.sleep(0)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(5 * _AGAIN_S):
            await cancel_until_ended([deaf], again_s=60)
    assert deaf.cancelled()
