"""Looks that many ask for are taken one at a time, and nobody waits longer than he has time."""

import asyncio

import pytest

from app.looks import Look
from jobs.errors import StoreUnavailableError


class _Store:
    """Answers once it is let; counts how often it was asked."""

    def __init__(self) -> None:
        self.answers = asyncio.Event()
        self.fault: StoreUnavailableError | None = None
        self.asked = 0

    async def look(self) -> int:
        self.asked += 1
        await self.answers.wait()
        if self.fault is not None:
            raise self.fault
        return self.asked


async def test_all_who_ask_meanwhile_share_one_look() -> None:
    """Also those who come while it hangs; who has no time is told so, and the look goes on."""
    store = _Store()
    look = Look(store.look)
    for _ in range(2):
        with pytest.raises(StoreUnavailableError, match="no answer in time"):
            await look.seen(within_s=0.01)
    waiting = [asyncio.create_task(look.seen(within_s=10)) for _ in range(3)]
    await asyncio.sleep(0)
    store.answers.set()
    assert await asyncio.gather(*waiting) == [1, 1, 1]
    assert await look.seen(within_s=10) == 2


async def test_what_was_seen_is_kept_for_a_while_and_an_error_is_not() -> None:
    """So a store that is back is seen at once."""
    store = _Store()
    store.answers.set()
    look = Look(store.look, kept_s=3600)
    store.fault = StoreUnavailableError("away")
    for _ in range(2):
        with pytest.raises(StoreUnavailableError, match="away"):
            await look.seen(within_s=10)
    store.fault = None
    assert [await look.seen(within_s=10) for _ in range(3)] == [3, 3, 3]


async def test_a_look_that_hangs_can_be_given_up() -> None:
    """At the end of the process; one that was never taken too."""
    store = _Store()
    look, never = Look(store.look), Look(store.look)
    with pytest.raises(StoreUnavailableError):
        await look.seen(within_s=0)
    async with asyncio.timeout(10):
        await look.close()
        await never.close()
    assert store.asked == 1
