"""Readers that share work in one process: with whom, and until when."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from jobs.cache.lanes import Lanes


class Work:
    """Numbered calls, each of which ends when it is told to."""

    def __init__(self) -> None:
        self.begun = 0
        self.starts: list[asyncio.Event] = [asyncio.Event() for _ in range(9)]
        self.ended: list[asyncio.Event] = [asyncio.Event() for _ in range(9)]

    async def __call__(self) -> int:
        """Give the number of the call."""
        number, self.begun = self.begun, self.begun + 1
        self.starts[number].set()
        await self.ended[number].wait()
        return number

    async def has_begun(self, count: int) -> None:
        """Wait until so many calls have."""
        async with asyncio.timeout(10):
            for event in self.starts[:count]:
                await event.wait()


@pytest.fixture
def work() -> Work:
    """Give work of which nothing has begun."""
    return Work()


def _readers(lanes: Lanes, work: Callable[[], Awaitable[int]], count: int, name: str = "a") -> list[asyncio.Task[int]]:
    return [asyncio.create_task(lanes.share(name, work)) for _ in range(count)]


async def test_who_comes_while_one_is_under_way_shares_the_next(work: Work) -> None:
    """It begins when the first has ended: nobody gets what was looked at before he came."""
    lanes = Lanes(held_s=60)
    first = _readers(lanes, work, 3)
    await work.has_begun(1)
    second = _readers(lanes, work, 3)
    await asyncio.sleep(0)
    second += _readers(lanes, work, 3)
    await asyncio.sleep(0)
    assert work.begun == 1
    for event in work.ended:
        event.set()
    assert await asyncio.gather(*first) == [0] * 3
    assert await asyncio.gather(*second) == [1] * 6
    assert work.begun == 2
    assert lanes._last == {}, "nothing is kept of what has ended"  # noqa: SLF001  there is no other way to see it


async def test_different_names_have_nothing_to_do_with_one_another(work: Work) -> None:
    """They are under way at the same time."""
    lanes = Lanes(held_s=60)
    one, other = _readers(lanes, work, 1, "a"), _readers(lanes, work, 1, "b")
    await work.has_begun(2)
    for event in work.ended:
        event.set()
    assert await asyncio.gather(*one, *other) == [0, 1]


async def test_work_that_nobody_waits_for_is_cancelled_and_the_next_begins(work: Work) -> None:
    """Whoever comes just then gets work of his own."""
    lanes = Lanes(held_s=60)
    gone = _readers(lanes, work, 2)
    await work.has_begun(1)
    waiting = _readers(lanes, work, 1)
    await asyncio.sleep(0)
    for reader in gone:
        reader.cancel()
    await work.has_begun(2)
    work.ended[1].set()
    assert await waiting[0] == 1
    assert all(reader.cancelled() for reader in gone)


async def test_work_that_was_given_up_before_it_began_is_not_joined(work: Work) -> None:
    """Its last reader was cancelled in the same moment in which another comes."""
    lanes = Lanes(held_s=60)
    first = _readers(lanes, work, 1)
    await work.has_begun(1)
    given_up = _readers(lanes, work, 1)
    await asyncio.sleep(0)
    given_up[0].cancel()
    await asyncio.wait(given_up)
    (late,) = _readers(lanes, work, 1)
    for event in work.ended:
        event.set()
    assert await first[0] == 0
    assert await late == 1


async def test_work_that_hangs_does_not_hold_up_the_next(work: Work) -> None:
    """Not longer than it may."""
    lanes = Lanes(held_s=0.05)
    hanging = _readers(lanes, work, 1)
    await work.has_begun(1)
    (following,) = _readers(lanes, work, 1)
    work.ended[1].set()
    async with asyncio.timeout(10):
        assert await following == 1
    assert not hanging[0].done()
    work.ended[0].set()
    assert await hanging[0] == 0


async def test_an_error_is_everybodys() -> None:
    """And the next one tries anew."""
    lanes = Lanes(held_s=60)

    async def fail() -> int:
        raise ZeroDivisionError

    async def succeed() -> int:
        return 1

    outcomes = await asyncio.gather(*_readers(lanes, fail, 3), return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [ZeroDivisionError] * 3
    assert await lanes.share("a", succeed) == 1
