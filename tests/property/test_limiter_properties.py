"""Whenever Redis goes and comes back: nobody gets more than his bucket and one further burst an outage and process."""

import asyncio
from collections.abc import Sequence
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from ratelimit.bucket import Limit
from ratelimit.limiter import Limiter
from ratelimit.probe import Backoff
from ratelimit.storage.memory import TokenBucketMemoryStorage
from tests.support.severed import Clock, Line, returns, want

_PROCESSES = 2

limits = st.builds(
    Limit,
    amount=st.integers(1, 30),
    period_s=st.integers(1, 30),
    burst=st.integers(1, 20),
)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("ask"), st.integers(0, _PROCESSES - 1), st.integers(1, 25)),
        st.tuples(st.just("pass"), st.integers(0, 40), st.just(0)),
        st.tuples(st.just("cut"), st.just(0), st.just(0)),
        st.tuples(st.just("mend"), st.just(0), st.just(0)),
    ),
    max_size=30,
)


class Play:
    """Two processes, one Redis, and all that was admitted by either."""

    def __init__(self, limit: Limit) -> None:
        self.clock = Clock()
        far = TokenBucketMemoryStorage(clock=self.clock.us)
        self.lines = [Line(far) for _ in range(_PROCESSES)]
        self.limiters = [
            Limiter(
                line,
                TokenBucketMemoryStorage(clock=self.clock.us),
                clock=self.clock,
                backoff=Backoff(first_s=0.0, longest_s=0.0),
            )
            for line in self.lines
        ]
        self.limit = limit
        self.began_s = self.clock()
        self.admitted = 0

    async def take(self, step: tuple[str, int, int]) -> None:
        """Take one step."""
        name, number, times = step
        if name == "ask":
            self.admitted += await self.ask(self.limiters[number], times)
        elif name == "pass":
            self.clock.pass_(number / 4)
        elif name == "cut":
            for line in self.lines:
                line.is_cut = True
        else:
            await self.mend()

    async def ask(self, limiter: Limiter, times: int) -> int:
        """Ask so many times; say how often it was let pass."""
        limit = self.limit
        request = want(amount=limit.amount, period_s=limit.period_s, burst=limit.burst)
        return sum([(await limiter.acquire(request)).admitted for _ in range(times)])

    async def mend(self) -> None:
        """Bring Redis back, and wait until all use it again."""
        for line in self.lines:
            line.is_cut = False
        for limiter in self.limiters:
            await returns(limiter)

    @property
    def most(self) -> Fraction:
        """What may have been admitted by now."""
        limit = self.limit
        outages = sum(sum(limiter.counters.outages.values()) for limiter in self.limiters)
        passed = Fraction(self.clock() - self.began_s)
        return limit.burst * (1 + outages) + passed * limit.amount / limit.period_s


@given(limits, steps)
def test_what_is_admitted_is_bounded(limit: Limit, steps: Sequence[tuple[str, int, int]]) -> None:
    """At each moment, over all processes together."""

    async def play() -> None:
        site = Play(limit)
        for step in steps:
            await site.take(step)
            assert site.admitted <= site.most

    asyncio.run(play())


@given(limits, st.integers(0, 40), st.integers(0, 40))
def test_the_return_gives_nobody_a_burst(limit: Limit, before: int, after: int) -> None:
    """Who has spent all in the outage gets from then on what comes by time, and not a token more."""

    async def play() -> None:
        site = Play(limit)
        for limiter in site.limiters:
            await site.ask(limiter, 25)
        await site.take(("cut", 0, 0))
        await site.take(("pass", before + 4, 0))
        for limiter in site.limiters:
            await site.ask(limiter, 25)
        await site.mend()
        began_s, admitted = site.clock(), 0
        for _ in range(4):
            await site.take(("pass", after, 0))
            admitted += sum([await site.ask(limiter, 25) for limiter in site.limiters])
            assert admitted <= Fraction(site.clock() - began_s) * limit.amount / limit.period_s

    asyncio.run(play())
