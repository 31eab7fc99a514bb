"""Redis fails in each way that it knows: nobody waits or fails for it, and nobody gets a second burst."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext, suppress
from typing import Final
from urllib.parse import urlsplit

import pytest
from redis.asyncio import Redis
from redis.exceptions import RedisError

from deploy.local.redis import RedisServer
from jobs.cancelling import cancel_until_ended
from ratelimit.bucket import Backend, BucketRequest, Decision
from ratelimit.counters import Cause
from ratelimit.limiter import Limiter
from ratelimit.storage.memory import TokenBucketMemoryStorage
from ratelimit.storage.redis import TokenBucketRedisStorage
from tests.chaos.outages import demoted, filled, hung, killed, locked, stopped
from tests.chaos.wire import Cut, wire_to
from tests.support.conditions import eventually
from tests.support.pulse import Pulse, beating
from tests.support.server_folder import server_folder
from tests.support.severed import running, want

Fault = Callable[[RedisServer], AbstractAsyncContextManager[None]]

_FAULTS: Final = (stopped, killed, hung, demoted, filled, locked)
# Where Redis fails it says so at once, however long it may take: only one that hangs keeps anybody for the deadline.
_PATIENT_S = 10.0
_HUNG_S = 2.0  # longer than what the machine takes now and then
_AT_ONCE_S = 0.3
_NOISE_S = 0.1
_AGAIN_S = 0.005
_BURST = 20
_AT_ONCE = 10


@pytest.fixture(scope="module")
def server() -> Iterator[RedisServer]:
    """Start a Redis that forgets all when it is killed: what was spent before must not come back as a burst either."""
    with server_folder() as folder, RedisServer(folder / "redis", durable=False) as redis:
        yield redis


class Crowd:
    """Users who each ask again and again; how long each answer took, and what decided."""

    def __init__(self, limiter: Limiter, name: str) -> None:
        self._limiter = limiter
        self._name = name
        self.took_s: list[float] = []
        self.decisions: list[Decision] = []

    async def ask(self, times: int) -> None:
        """Let ten ask at the same time, so many times each."""
        await asyncio.gather(*(self._user(number, times) for number in range(_AT_ONCE)))

    async def _user(self, number: int, times: int) -> None:
        loop = asyncio.get_running_loop()
        for _ in range(times):
            began_s = loop.time()
            self.decisions.append(await self._limiter.acquire(_tokens(f"{self._name}-{number}")))
            self.took_s.append(loop.time() - began_s)

    @property
    def admitted(self) -> int:
        """How often somebody was let pass."""
        return sum(decision.admitted for decision in self.decisions)


def _tokens(key: str) -> BucketRequest:
    """Ask for a token of a bucket that gets no other while a test lasts."""
    return want(key=key, amount=1, period_s=86_400, burst=_BURST)


async def _spent(limiter: Limiter, key: str, times: int) -> int:
    """Ask for one token so many times at once; say how often that was let pass."""
    decisions = await asyncio.gather(*(limiter.acquire(_tokens(key)) for _ in range(times)))
    return sum(decision.admitted for decision in decisions)


def _deadline_s(fault: Fault) -> float:
    return _HUNG_S if fault is hung else _PATIENT_S


@asynccontextmanager
async def _limiter(url: str, *, deadline_s: float = _PATIENT_S) -> AsyncIterator[Limiter]:
    scheme, _, address = url.partition("://")
    scheme = "redis+unix" if scheme == "unix" else scheme
    redis = TokenBucketRedisStorage(f"async+{scheme}+bucket://{address}", patience_s=2 * deadline_s)
    limiter = Limiter(redis, TokenBucketMemoryStorage(), deadline_s=deadline_s)
    try:
        async with running(limiter):
            yield limiter
    finally:
        await redis.aclose()


@asynccontextmanager
async def _asking(server: RedisServer) -> AsyncIterator[Pulse]:
    """Ask for nothing beside, again and again; tell how long its longest answer took, be it an error."""
    latest, clock = Pulse(), asyncio.get_running_loop().time

    async def ask() -> None:
        async with Redis.from_url(server.url) as redis:
            while True:
                began_s = clock()
                with suppress(RedisError):
                    await redis.ping()
                latest.latest_s = max(latest.latest_s, clock() - began_s)
                await asyncio.sleep(_AGAIN_S)

    asking = asyncio.create_task(ask())
    try:
        yield latest
    finally:
        await cancel_until_ended([asking], again_s=0.5)


async def _back(limiter: Limiter) -> float:
    """Give the seconds after which Redis decides again."""
    loop = asyncio.get_running_loop()
    began_s = loop.time()

    async def is_here() -> bool:
        return not limiter.is_away

    await eventually(is_here)
    return loop.time() - began_s


@pytest.mark.parametrize("fault", _FAULTS)
async def test_nobody_fails_or_waits_and_it_comes_back_by_itself(server: RedisServer, fault: Fault) -> None:
    """In an outage only those wait who had asked when it began, for the deadline; within a second it is over."""
    async with _limiter(server.url, deadline_s=_deadline_s(fault)) as limiter, beating() as pulse:
        before, amid, after = (Crowd(limiter, f"{fault.__name__}-{when}") for when in ("before", "amid", "after"))
        await before.ask(5)
        assert {decision.backend for decision in before.decisions} == {Backend.REDIS}
        async with fault(server), nullcontext(Pulse()) if fault is hung else _asking(server) as failing:
            await amid.ask(30)
            assert limiter.is_away
        async with _asking(server) as serving:
            took_s = await _back(limiter)
        await after.ask(5)
    assert {decision.backend for decision in amid.decisions} == {Backend.LOCAL}
    assert amid.admitted == _AT_ONCE * _BURST
    noise_s = _NOISE_S + pulse.latest_s
    longest_s = _HUNG_S if fault is hung else _AT_ONCE_S + failing.latest_s
    assert max(amid.took_s) < longest_s + noise_s
    assert sum(took > longest_s / 2 + noise_s for took in amid.took_s) <= _AT_ONCE
    assert took_s < 1 + serving.latest_s + noise_s
    assert {decision.backend for decision in after.decisions} == {Backend.REDIS}
    assert sum(limiter.counters.outages.values()) == 1
    assert limiter.counters.outages[Cause.TIMEOUT] == (fault is hung)


@pytest.mark.parametrize("fault", _FAULTS)
async def test_one_further_burst_for_each_process_and_none_after_the_return(server: RedisServer, fault: Fault) -> None:
    """Who spends all before, in and after an outage gets what a bucket holds once more from each of two processes."""
    name = f"{fault.__name__}-burst"
    deadline_s = _deadline_s(fault)
    async with _limiter(server.url, deadline_s=deadline_s) as one, _limiter(server.url, deadline_s=deadline_s) as other:
        assert await _spent(one, name, _BURST) == _BURST
        async with fault(server):
            for limiter in (one, other):
                await limiter.charge(_tokens(f"{name}-of-somebody"))  # a denial would not notice a replica
            assert [await _spent(limiter, name, 2 * _BURST) for limiter in (one, other)] == [_BURST, _BURST]
        await asyncio.gather(_back(one), _back(other))
        assert [await _spent(limiter, name, 2 * _BURST) for limiter in (one, other)] == [0, 0]
        assert [limiter.counters.settled_tokens for limiter in (one, other)] == [_BURST + 1, _BURST + 1]


async def test_a_denial_needs_no_write(server: RedisServer) -> None:
    """A Redis that takes no writes goes on denying whoever has nothing left, and gives nobody a burst for that."""
    async with _limiter(server.url) as limiter:
        crowd = Crowd(limiter, "denied")
        await crowd.ask(_BURST)
        async with demoted(server):
            for number in range(_AT_ONCE):
                decision = await limiter.acquire(_tokens(f"denied-{number}"))
                assert (decision.admitted, decision.backend) == (False, Backend.REDIS)
        assert not limiter.is_away


async def test_a_lost_answer(server: RedisServer) -> None:
    """It was charged in Redis and is charged here: one who lost it has less, and nobody was told of an error."""
    cut = Cut(words=(b"EVALSHA", b"lost"), arrives=True)
    async with wire_to(urlsplit(server.url).path, cut) as (url, wire), _limiter(url) as limiter:
        await limiter.acquire(_tokens("found"))  # the script is there from now on
        decision = await limiter.acquire(_tokens("lost"))
        assert (decision.admitted, decision.backend) == (True, Backend.LOCAL)
        await _back(limiter)
        assert wire.cuts == 1
        assert (await limiter.acquire(_tokens("lost"))).states[0].remaining == _BURST - 3
