"""Redis is given up at its first failure, and asked again only when somebody brought it back."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from ratelimit.breaker import AwayError, Breaker
from ratelimit.counters import Cause, Counters
from tests.support.severed import Clock


def _breaker(deadline_s: float = 10.0) -> Breaker:
    return Breaker(deadline_s=deadline_s, counters=Counters(), clock=Clock())


async def _yes() -> str:
    return "yes"


async def _never() -> str:
    await asyncio.Event().wait()
    return ""


def _raising(error: Exception) -> Callable[[], Awaitable[str]]:
    async def question() -> str:
        raise error

    return question


async def test_one_failure_is_enough() -> None:
    """The next question is not asked at all."""
    counters = Counters()
    breaker = Breaker(deadline_s=10, counters=counters, clock=Clock())
    assert await breaker.through(_yes) == "yes"
    with pytest.raises(AwayError):
        await breaker.through(_raising(ConnectionError("gone")))
    assert breaker.is_away
    with pytest.raises(AwayError):
        await breaker.through(_raising(AssertionError("must not be asked")))
    assert counters.outages == {Cause.ERROR: 1}


async def test_silence_costs_those_who_wait_the_deadline_and_nobody_after_them() -> None:
    """All that were under way are let go by the first that is late."""
    counters = Counters()
    breaker = Breaker(deadline_s=0.05, counters=counters, clock=Clock())
    waiting = [asyncio.create_task(breaker.through(_never)) for _ in range(20)]
    outcomes = await asyncio.gather(*waiting, return_exceptions=True)
    assert {type(outcome) for outcome in outcomes} == {AwayError}
    with pytest.raises(AwayError):
        await breaker.through(_never)
    assert counters.outages == {Cause.TIMEOUT: 1}


async def test_an_error_lets_go_those_who_still_wait() -> None:
    """One broken connection tells of all others before they are late."""
    breaker = _breaker()
    waits = asyncio.create_task(breaker.through(_never))
    await asyncio.sleep(0)
    with pytest.raises(AwayError):
        await breaker.through(_raising(ConnectionError("gone")))
    async with asyncio.timeout(5):
        with pytest.raises(AwayError):
            await waits


async def test_a_value_error_is_the_askers() -> None:
    """Else one request that cannot be would take Redis from all."""
    breaker = _breaker()
    with pytest.raises(ValueError, match="negative"):
        await breaker.through(_raising(ValueError("negative")))
    assert not breaker.is_away


async def test_while_it_returns_questions_wait_and_then_go_through() -> None:
    """Nobody decides in between."""
    breaker = _breaker()
    with pytest.raises(AwayError):
        await breaker.through(_raising(ConnectionError("gone")))
    await breaker.tripped()
    with breaker.returning():
        waits = asyncio.create_task(breaker.through(_yes))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert not waits.done()
    assert await waits == "yes"
    assert not breaker.is_away


async def test_where_the_return_fails_those_who_waited_go_elsewhere() -> None:
    """And Redis stays away, as one and the same outage."""
    breaker = _breaker()
    with pytest.raises(AwayError):
        await breaker.through(_raising(ConnectionError("gone")))
    waits: list[asyncio.Task[str]] = []

    async def returns() -> None:
        with breaker.returning():
            waits.append(asyncio.create_task(breaker.through(_yes)))
            await asyncio.sleep(0)
            raise ConnectionError

    with pytest.raises(ConnectionError):
        await returns()
    with pytest.raises(AwayError):
        await waits[0]
    assert breaker.is_away


async def test_nobody_waits_for_a_return_longer_than_the_deadline() -> None:
    """Whatever takes so long."""
    breaker = _breaker(deadline_s=0.05)
    with pytest.raises(AwayError):
        await breaker.through(_raising(ConnectionError("gone")))
    with breaker.returning(), pytest.raises(AwayError):
        await breaker.through(_yes)
