"""How late an event loop is."""

import asyncio
import time

from jobs.loop_lag import LoopLag, Peak


def test_the_greatest_is_given_until_it_is_old() -> None:
    """And then the greatest of those since."""
    peak = Peak(kept_s=10)
    assert peak.at(0) == 0
    for now_s, value in ((0, 5.0), (1, 2.0), (2, 3.0), (3, 1.0)):
        peak.note(value, now_s=now_s)
    assert [peak.at(now_s) for now_s in (3, 9.9, 10, 11.9, 12, 12.9, 13)] == [5, 5, 3, 3, 1, 1, 0]


async def test_a_loop_that_is_kept_is_late() -> None:
    """By about as long; also in the words of who asks before its sleep has ended."""
    lag = LoopLag()
    assert lag.greatest_s == 0
    measuring = asyncio.create_task(lag.run())
    await asyncio.sleep(0)
    time.sleep(0.4)  # noqa: ASYNC251  that is what keeps it
    at_once = lag.greatest_s
    await asyncio.sleep(0.01)
    later = lag.greatest_s
    measuring.cancel()
    assert at_once >= 0.29
    assert later >= 0.29
