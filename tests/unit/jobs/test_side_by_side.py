"""Two things at the same time: both end, or none goes on."""

import asyncio
import gc

import pytest

from jobs.side_by_side import side_by_side


class _Door:
    """Something that goes on once it is opened, and says whether it was broken off."""

    def __init__(self) -> None:
        self.reached = asyncio.Event()
        self.opened = asyncio.Event()
        self.is_broken_off = False

    async def through(self, word: str, error: Exception | None = None) -> str:
        self.reached.set()
        try:
            await self.opened.wait()
        except asyncio.CancelledError:
            self.is_broken_off = True
            raise
        if error is not None:
            raise error
        return word


async def test_both_go_on_at_the_same_time() -> None:
    """In any order, and each gives what it has."""
    one, other = _Door(), _Door()
    task = asyncio.create_task(side_by_side(one.through("one"), other.through("other")))
    await one.reached.wait()
    await other.reached.wait()
    other.opened.set()
    await asyncio.sleep(0)
    one.opened.set()
    assert await task == ("one", "other")


@pytest.mark.parametrize("fails", [0, 1])
async def test_an_error_of_one_breaks_the_other_off(fails: int) -> None:
    """It is raised as it is, in no group of errors, and nothing is left behind."""
    doors, error = (_Door(), _Door()), OSError("it is away")
    doors[fails].opened.set()
    before = asyncio.all_tasks()
    with pytest.raises(OSError, match="it is away"):
        await side_by_side(*(door.through("", error if door is doors[fails] else None) for door in doors))
    assert [door.is_broken_off for door in doors] == [fails == 1, fails == 0]
    assert asyncio.all_tasks() == before


async def test_of_two_errors_one_is_raised() -> None:
    """The other is not told of as one that nobody has looked at."""
    told: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context))
    one, other = _Door(), _Door()
    one.opened.set()
    other.opened.set()
    with pytest.raises(OSError, match="it is away"):
        await side_by_side(one.through("", OSError("it is away")), other.through("", OSError("it is away too")))
    gc.collect()
    assert told == []


async def test_who_is_cancelled_leaves_nothing_behind() -> None:
    """Both are broken off before he ends."""
    one, other = _Door(), _Door()
    task = asyncio.create_task(side_by_side(one.through(""), other.through("")))
    await one.reached.wait()
    await other.reached.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert one.is_broken_off
    assert other.is_broken_off
