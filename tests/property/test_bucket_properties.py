"""What a token bucket promises, for any limits and times: by the storage in memory, as whoever uses it sees it."""

import asyncio
from fractions import Fraction
from math import ceil

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from limits import parse_many

from ratelimit import keys
from ratelimit.arithmetic import Level, Verb, gauge_of, judge
from ratelimit.bucket import BucketRequest, Decision, Limit
from ratelimit.notation import parse_limits, spell
from ratelimit.storage.memory import TokenBucketMemoryStorage
from tests.support.buckets import SECOND_US, START_US, Call, asks_of

limits_ = st.builds(
    Limit, amount=st.integers(1, 5_000), period_s=st.sampled_from([1, 7, 60, 3_600]), burst=st.integers(1, 200)
)
gaps_us = st.one_of(st.integers(0, 1_000), st.integers(0, 10 * SECOND_US))


class Clocked:
    """A bucket in memory, and its clock."""

    def __init__(self) -> None:
        self.now_us = START_US
        self._storage = TokenBucketMemoryStorage(clock=lambda: self.now_us)

    def acquire(self, *requests: BucketRequest) -> Decision:
        """Ask for all of them."""
        return asyncio.run(self._storage.acquire(*requests))


def _of(limit: Limit, *, key: str = "a", cost: int = 1) -> BucketRequest:
    return BucketRequest(policy="p", key=key, limit=limit, cost=cost)


def _play(limit: Limit, gaps: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Acquire after each gap; give when how much was admitted."""
    level: Level | None = None
    now_us, admitted = START_US, []
    for gap_us, cost in gaps:
        now_us += gap_us
        call = Call(after_us=gap_us, verb=Verb.ACQUIRE, requests=(_of(limit, cost=cost),))
        fills, levels = judge(Verb.ACQUIRE, now_us, asks_of(call), [level])
        level = levels.get(b"a", level)
        if fills[0].wait_us == 0:
            admitted.append((now_us, cost))
    return admitted


@given(limits_, st.lists(st.tuples(gaps_us, st.integers(1, 5)), min_size=1, max_size=60))
def test_in_no_interval_more_is_admitted_than_burst_and_what_comes(limit: Limit, gaps: list[tuple[int, int]]) -> None:
    """From any admission to any other."""
    admitted = _play(limit, gaps)
    rate = Fraction(limit.amount, limit.period_s * SECOND_US)
    for first, (start_us, _) in enumerate(admitted):
        total = 0
        for end_us, cost in admitted[first:]:
            total += cost
            assert total <= limit.burst + rate * (end_us - start_us)


@given(limits_, st.integers(0, 300), gaps_us, st.integers(1, 250))
def test_who_waits_as_long_as_told_succeeds_and_not_sooner(limit: Limit, used: int, gap_us: int, cost: int) -> None:
    """To the microsecond, and to the second of Retry-After."""
    bench = Clocked()
    bench.acquire(_of(limit, cost=min(used, limit.burst)))
    bench.now_us += gap_us
    denied = bench.acquire(_of(limit, cost=cost))
    assume(not denied.admitted)
    wait_us = denied.states[0].wait_us
    if wait_us is None:
        assert cost > limit.burst
        return
    assert denied.retry_after_s == ceil(wait_us / SECOND_US)
    bench.now_us += wait_us - 1
    early = bench.acquire(_of(limit, cost=cost))
    assert (early.admitted, early.states[0].wait_us) == (False, 1)
    bench.now_us += 1
    assert bench.acquire(_of(limit, cost=cost)).admitted


@given(st.lists(st.tuples(limits_, st.integers(1, 30)), min_size=2, max_size=5), st.integers(1, 10))
def test_of_several_buckets_all_are_charged_or_none(asked: list[tuple[Limit, int]], times: int) -> None:
    """As often as it is asked."""
    bench = Clocked()
    left = [limit.burst for limit, _ in asked]
    requests = [_of(limit, key=str(number), cost=cost) for number, (limit, cost) in enumerate(asked)]
    for _ in range(times):
        decision = bench.acquire(*requests)
        if decision.admitted:
            left = [has - cost for has, (_, cost) in zip(left, asked, strict=True)]
        assert [state.remaining for state in decision.states] == left


@pytest.mark.parametrize(
    "limit", [Limit(amount=7, period_s=11, burst=5), Limit(amount=999_983, period_s=3_600, burst=30)], ids=spell
)
def test_a_rate_does_not_drift_over_a_million_steps(limit: Limit) -> None:
    """Each step takes a microsecond or more, none of which brings a whole token."""
    call = Call(after_us=0, verb=Verb.ACQUIRE, requests=(_of(limit),))
    asks, level, now_us, admitted = asks_of(call), None, START_US, 0
    for step in range(1_000_000):
        now_us += 1 + step % 3 * 997
        fills, levels = judge(Verb.ACQUIRE, now_us, asks, [level])
        level = levels.get(b"a", level)
        admitted += fills[0].wait_us == 0
    came = Fraction(limit.amount * (now_us - START_US - 1), limit.period_s * SECOND_US)
    assert limit.burst + came - 1 < admitted <= limit.burst + came


@given(st.lists(st.tuples(st.integers(1, 10**6), st.integers(0, 9), st.sampled_from("smhd")), min_size=1, max_size=3))
def test_what_limits_reads_is_read_alike(drawn: list[tuple[int, int, str]]) -> None:
    """`limits` is asked itself."""
    words = {"s": "second", "m": "minutes", "h": "HOUR", "d": " day"}
    text = "; ".join(f"{amount} per {times or ''}{words[word]}" for amount, times, word in drawn)
    try:
        ours = parse_limits(text)
    except ValueError as error:
        assert "counted exactly" in str(error)  # noqa: PT017  most can be counted
        return
    assert [(limit.amount, limit.period_s) for limit in ours] == [
        (item.amount, item.get_expiry()) for item in parse_many(text)
    ]


@given(limits_)
def test_what_is_spelt_is_read(limit: Limit) -> None:
    """With its burst."""
    assert parse_limits(spell(limit)) == (limit,)


@given(st.builds(Limit, amount=st.integers(1, 10**9), period_s=st.integers(1, 10**7), burst=st.integers(1, 10**9)))
def test_a_limit_that_is_taken_can_be_counted_exactly(limit: Limit) -> None:
    """What is refused says what would do."""
    try:
        gauge = gauge_of(limit)
    except ValueError as error:
        assert "smaller burst" in str(error)  # noqa: PT017  others are taken
    else:
        assert 2 * gauge.capacity < 2**53
        assert Fraction(gauge.rate, gauge.unit) == Fraction(limit.amount, limit.period_s * SECOND_US)


@given(st.lists(st.tuples(st.text(), st.text()), min_size=2, max_size=2, unique=True))
def test_no_two_buckets_have_one_name(pairs: list[tuple[str, str]]) -> None:
    """Whatever characters a user's name has."""
    first, second = (keys.bucket(*pair) for pair in pairs)
    assert first != second


@given(st.text(min_size=201))
def test_a_name_is_short(text: str) -> None:
    """Names come from outside."""
    assert len(keys.bucket("default", text)) <= 200
    assert keys.bucket("default", text) != keys.bucket("default", text + "x")
