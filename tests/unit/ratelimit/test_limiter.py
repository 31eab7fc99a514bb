"""The limiter before, in and after an outage, with a line that is cut in Redis' place and a clock that a test moves."""

import asyncio

import pytest

from ratelimit.bucket import Backend
from ratelimit.counters import Cause
from ratelimit.limiter import Limiter
from ratelimit.probe import Backoff
from ratelimit.stand_in import WhenAway
from ratelimit.storage.memory import TokenBucketMemoryStorage
from tests.support.conditions import eventually
from tests.support.severed import Clock, Line, returns, running, want

_AT_ONCE = Backoff(first_s=0.0, longest_s=0.0)
_WORDS = {"free": WhenAway.OPEN, "login": WhenAway.CLOSED}


class Site:
    """What several processes share: far buckets, a clock, and a line to each process."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.far = TokenBucketMemoryStorage(clock=self.clock.us)
        self.lines: list[Line] = []

    def limiter(self, *, deadline_s: float = 10.0) -> Limiter:
        """Give the limiter of another process."""
        line = Line(self.far)
        self.lines.append(line)
        return Limiter(
            line,
            TokenBucketMemoryStorage(clock=self.clock.us),
            when_away=_WORDS,
            deadline_s=deadline_s,
            backoff=_AT_ONCE,
            clock=self.clock,
        )

    def cut(self, error: Exception | None = None) -> None:
        """Let Redis be away for all: by an error, or silent."""
        for line in self.lines:
            line.is_cut, line.error = True, error

    def mend(self) -> None:
        """Let Redis be back."""
        for line in self.lines:
            line.is_cut = False


async def _admitted(limiter: Limiter, times: int, key: str = "user:1") -> int:
    return sum([(await limiter.acquire(want(key=key))).admitted for _ in range(times)])


async def _left(limiter: Limiter, key: str = "user:1") -> int:
    return (await limiter.peek(want(key=key, cost=0))).states[0].remaining


@pytest.fixture
def site() -> Site:
    """Give a Redis that nobody has asked yet."""
    return Site()


async def test_an_outage_admits_one_further_burst_and_its_end_none(site: Site) -> None:
    """Each process one; after the return exactly what Redis' own refill gives."""
    one, other = site.limiter(), site.limiter()
    assert await _admitted(one, 20) == 10
    site.cut(ConnectionError("gone"))
    site.clock.pass_(2)  # else the denial is remembered
    assert [await _admitted(one, 20), await _admitted(other, 20)] == [10, 10]
    assert (await one.acquire(want())).backend is Backend.LOCAL
    site.mend()
    await asyncio.gather(returns(one), returns(other))
    assert [await _admitted(one, 20), await _admitted(other, 20)] == [0, 0]
    for _ in range(3):
        site.clock.pass_(4)
        assert await _admitted(one, 20) == 4


async def test_time_pays_for_what_was_spent_in_an_outage(site: Site) -> None:
    """A bucket that is full here when Redis is back owes nothing; one that is half full owes half."""
    limiter = site.limiter()
    site.cut(ConnectionError("gone"))
    assert await _admitted(limiter, 10, "a") == 10
    site.clock.pass_(5)
    assert await _admitted(limiter, 2, "b") == 2
    site.clock.pass_(1)
    site.mend()
    await returns(limiter)
    assert limiter.counters.settled_tokens == 4 + 1
    assert [await _left(limiter, key) for key in "ab"] == [6, 9]


async def test_what_was_settled_is_not_settled_again(site: Site) -> None:
    """A second outage adds what was spent in it, though the first is still missing in the bucket here."""
    limiter = site.limiter()
    for _ in range(2):
        site.cut(ConnectionError("gone"))
        assert await _admitted(limiter, 3) == 3
        site.mend()
        await returns(limiter)
    assert await _left(limiter) == 4


async def test_outages_that_follow_each_other_give_no_burst_each(site: Site) -> None:
    """The buckets here keep what was spent of them."""
    limiter = site.limiter()
    total = 0
    for _ in range(5):
        site.cut(ConnectionError("gone"))
        total += await _admitted(limiter, 20)
        site.mend()
        await returns(limiter)
        total += await _admitted(limiter, 20)
        site.clock.pass_(2)  # two more there and two more here
    assert total == 10 + 4 * 2  # what is spent here is missing there


async def test_a_silent_redis_costs_the_first_the_deadline_and_then_nobody(site: Site) -> None:
    """All are decided here."""
    limiter = site.limiter(deadline_s=0.05)
    site.cut()
    first = await asyncio.gather(*(limiter.acquire(want()) for _ in range(5)))
    asked = len(site.lines[0].asked)
    then = [await limiter.acquire(want()) for _ in range(10)]
    assert {decision.backend for decision in (*first, *then)} == {Backend.LOCAL}
    assert sum(decision.admitted for decision in (*first, *then)) == 10
    assert len(site.lines[0].asked) == asked == 5
    assert limiter.counters.outages == {Cause.TIMEOUT: 1}


async def test_each_policys_word_counts_while_redis_is_away(site: Site) -> None:
    """Open lets pass and closed denies, without a state of what nobody knows; together the strictest decides."""
    limiter = site.limiter()
    site.cut(ConnectionError("gone"))
    free = await limiter.acquire(want("free"))
    assert (free.admitted, free.states, free.backend) == (True, (), Backend.OPEN)
    login = await limiter.acquire(want(), want("login"))
    assert (login.admitted, login.states, login.backend) == (False, (), Backend.CLOSED)
    assert (login.binding, login.retry_after_s) == (None, None)
    both = await limiter.acquire(want("free"), want())
    assert (both.admitted, both.backend) == (True, Backend.LOCAL)
    assert [state.request.policy for state in both.states] == ["default"]
    assert await _left(limiter) == 9


async def test_a_denial_is_remembered_until_it_is_cleared(site: Site) -> None:
    """It costs Redis one question a second; an admin's reset ends it at once."""
    limiter = site.limiter()
    asked = site.lines[0].asked
    await _admitted(limiter, 10)
    assert [(await limiter.acquire(want())).backend for _ in range(5)] == [Backend.LOCAL] * 5
    assert len(asked) == 11
    await limiter.clear(want())
    site.clock.pass_(0.125)
    assert await _admitted(limiter, 20) == 10
    await limiter.refund(want())
    assert await _admitted(limiter, 20) == 1


async def test_charges_and_refunds_of_an_outage_are_settled_together(site: Site) -> None:
    """What was charged here and given back is not owed."""
    limiter = site.limiter()
    site.cut(ConnectionError("gone"))
    await limiter.charge(want(cost=7))
    await limiter.refund(want(cost=2))
    await limiter.refund(want(key="b", cost=2))
    site.mend()
    await returns(limiter)
    assert [await _left(limiter, key) for key in ("user:1", "b")] == [5, 10]


async def test_a_reset_in_an_outage_reaches_redis_when_it_is_back(site: Site) -> None:
    """And what was spent here after it."""
    limiter = site.limiter()
    await _admitted(limiter, 10)
    site.cut(ConnectionError("gone"))
    await limiter.clear(want())
    assert await _admitted(limiter, 3) == 3
    site.mend()
    await returns(limiter)
    assert await _admitted(limiter, 20) == 7


async def test_a_reset_reaches_what_was_spent_here_in_an_earlier_outage(site: Site) -> None:
    """Whoever is reset has all that he may have, wherever he is asked for next."""
    limiter = site.limiter()
    site.cut(ConnectionError("gone"))
    await _admitted(limiter, 10)
    site.mend()
    await returns(limiter)
    await limiter.clear(want())
    site.cut(ConnectionError("gone"))
    assert await _admitted(limiter, 20) == 10


async def test_a_debt_stays_where_redis_goes_away_again_while_it_is_told(site: Site) -> None:
    """Nothing is forgotten, and nobody waits meanwhile for longer than the deadline."""
    limiter = site.limiter(deadline_s=0.05)
    line = site.lines[0]
    site.cut(ConnectionError("gone"))
    assert await _admitted(limiter, 6) == 6
    site.mend()
    line.hold_after(1)  # the probe; what is owed hangs
    async with running(limiter):

        async def has_probed() -> bool:
            return line.asked.count("charge") > 2

        await eventually(has_probed)
        assert await _admitted(limiter, 1) == 1
    line.let_go()
    await returns(limiter)
    assert await _left(limiter) == 3


async def test_who_asks_while_the_last_debt_is_told_is_decided_by_redis(site: Site) -> None:
    """He waits for that: here he would spend what Redis is not told of any more."""
    limiter = site.limiter()
    line = site.lines[0]
    site.cut(ConnectionError("gone"))
    assert await _admitted(limiter, 6) == 6
    site.mend()
    line.hold_after(1)
    async with running(limiter):

        async def has_probed() -> bool:
            return line.asked.count("charge") == 2

        await eventually(has_probed)
        asking = [asyncio.create_task(limiter.acquire(want())) for _ in range(9)]
        await asyncio.sleep(0)
        line.let_go()
        assert sum(decision.admitted for decision in await asyncio.gather(*asking)) == 4


async def test_more_debts_than_fit_into_one_call(site: Site) -> None:
    """All are told before Redis is used again."""
    limiter = site.limiter()
    site.cut(ConnectionError("gone"))
    keys = [f"user:{number}" for number in range(345)]
    for key in keys:
        await limiter.acquire(want(key=key, cost=10))
    site.mend()
    await returns(limiter)
    assert site.lines[0].asked.count("charge") == 1 + 4
    assert not any([(await limiter.acquire(want(key=key))).admitted for key in keys])


async def test_a_wrong_question_is_the_askers_and_takes_redis_from_nobody(site: Site) -> None:
    """It raises ValueError, now as in an outage."""
    limiter = site.limiter()
    line = site.lines[0]
    line.is_cut, line.error = True, ValueError("negative")
    with pytest.raises(ValueError, match="negative"):
        await limiter.acquire(want())
    assert not limiter.is_away


def test_pauses_double_up_to_the_longest() -> None:
    """Each is drawn from its upper half."""
    lowest = Backoff(first_s=0.25, longest_s=2.0, uniform=lambda low, _: low).pauses()
    highest = Backoff(first_s=0.25, longest_s=2.0, uniform=lambda _, high: high).pauses()
    assert [next(lowest) for _ in range(5)] == [0.125, 0.25, 0.5, 1.0, 1.0]
    assert [next(highest) for _ in range(5)] == [0.25, 0.5, 1.0, 2.0, 2.0]
    assert max(next(pauses) for pauses in [Backoff().pauses()] * 20) < 0.7
