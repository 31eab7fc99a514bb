"""Token buckets beside what they must do: exact fractions, calls drawn at random, the script on a real Redis."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from math import ceil, floor
from typing import Any

from hypothesis import strategies as st
from redis import Redis

from ratelimit import script
from ratelimit.arithmetic import NEVER, Ask, Fill, Level, Verb, gauge_of, judge, need_of
from ratelimit.bucket import BucketRequest, Limit

START_US = 1_800_000_000_000_000
SECOND_US = 1_000_000

# What stands in the script, and what stands there instead.
Edit = tuple[str, str]

LIMITS = (
    Limit(amount=3, period_s=60, burst=3),
    Limit(amount=200, period_s=60, burst=40),
    Limit(amount=7, period_s=11, burst=50),  # fractions of a microsecond
    Limit(amount=999_983, period_s=7, burst=500),  # many tokens a second, of a prime number
    Limit(amount=5, period_s=86_400 * 360, burst=140),  # near what can be counted
    Limit(amount=1, period_s=1, burst=1),
    Limit(amount=10_000_000, period_s=1, burst=100),  # ten tokens each microsecond
)


@dataclass(frozen=True, kw_only=True)
class Call:
    """One call: so long after the one before, this verb, these requests."""

    after_us: int
    verb: Verb
    requests: tuple[BucketRequest, ...]


_AFTER_US = st.one_of(
    st.just(0),
    st.integers(1, 1_000),
    st.integers(0, 3 * 60 * SECOND_US),
    st.integers(0, 86_400 * SECOND_US),
    st.sampled_from([1, 333_333, 20 * SECOND_US, 20 * SECOND_US - 1, 60 * SECOND_US]),
)
_BACKWARDS_US = st.integers(-3_600 * SECOND_US, -1)


@st.composite
def calls(draw: st.DrawFn) -> list[Call]:
    """Draw a series of calls to three buckets, whose limits change between one and another."""
    limits = draw(st.lists(st.sampled_from(LIMITS), min_size=1, max_size=2))
    return draw(st.lists(_call(limits), min_size=1, max_size=12))


@st.composite
def _call(draw: st.DrawFn, limits: Sequence[Limit]) -> Call:
    keys = draw(st.lists(st.sampled_from("abc"), min_size=1, max_size=3, unique=True))
    return Call(
        after_us=draw(st.one_of(_AFTER_US, _AFTER_US, _AFTER_US, _BACKWARDS_US)),
        verb=draw(st.sampled_from([Verb.ACQUIRE, Verb.ACQUIRE, Verb.ACQUIRE, *Verb])),
        requests=tuple(_request(draw, key, draw(st.sampled_from(limits))) for key in keys),
    )


def _request(draw: st.DrawFn, key: str, limit: Limit) -> BucketRequest:
    return BucketRequest(policy="p", key=key, limit=limit, cost=_cost(draw, limit))


def _cost(draw: st.DrawFn, limit: Limit) -> int:
    return draw(st.one_of(st.just(1), st.integers(0, 3), st.sampled_from([limit.burst, limit.burst + 1, 10**20])))


def _charge(after_us: int, limit: Limit, cost: int) -> Call:
    requests = (BucketRequest(policy="p", key="a", limit=limit, cost=cost),)
    return Call(after_us=after_us, verb=Verb.CHARGE, requests=requests)


# A limit changes where the product has too many digits for Lua: there about one quotient in a hundred is wrong.
LONG_PRODUCT = [_charge(0, LIMITS[2], 9), _charge(33, LIMITS[2], 0), _charge(0, LIMITS[4], 0)]


@dataclass
class Exact:
    """The bucket as a textbook has it, in tokens, by fractions of any size. Only a limit's change is rounded."""

    levels: dict[str, tuple[Fraction, int, Limit]] = field(default_factory=dict)

    def play(self, call: Call, now_us: int) -> list[Fill]:
        """Answer a call."""
        before = [self._debt(request, now_us) for request in call.requests]
        waits = [_exact_wait(call.verb, debt, request) for debt, request in zip(before, call.requests, strict=True)]
        refused = any(waits)
        fills = []
        for debt, wait, request in zip(before, waits, call.requests, strict=True):
            after = debt if refused else _exact_moved(call.verb, debt, request)
            rate = _rate(request.limit)
            fills.append(Fill(floor(request.limit.burst - after), ceil(after / rate), wait))
            was = self.levels.get(request.key)
            if call.verb is not Verb.PEEK and (not refused or (was and was[1] > now_us)):
                self.levels[request.key] = after, now_us, request.limit
        return fills

    def _debt(self, request: BucketRequest, now_us: int) -> Fraction:
        debt, at_us, limit = self.levels.get(request.key, (Fraction(0), now_us, request.limit))
        if gauge_of(limit).unit != (unit := gauge_of(request.limit).unit):
            debt = Fraction(ceil(debt * unit), unit)
        elapsed_us = max(now_us - at_us, 0)
        return max(min(debt, Fraction(request.limit.burst)) - elapsed_us * _rate(request.limit), Fraction(0))


def _rate(limit: Limit) -> Fraction:
    return Fraction(limit.amount, limit.period_s * SECOND_US)


def _exact_wait(verb: Verb, debt: Fraction, request: BucketRequest) -> int:
    if verb in {Verb.CHARGE, Verb.REFUND}:
        return 0
    if request.cost > request.limit.burst:
        return NEVER
    return max(ceil((debt + request.cost - request.limit.burst) / _rate(request.limit)), 0)


def _exact_moved(verb: Verb, debt: Fraction, request: BucketRequest) -> Fraction:
    if verb is Verb.REFUND:
        return max(debt - request.cost, Fraction(0))
    return min(debt + request.cost, Fraction(request.limit.burst))


def asks_of(call: Call) -> list[Ask]:
    """Count a call in units; its buckets are named by their keys alone."""
    return [Ask(one.key.encode(), gauge := gauge_of(one.limit), need_of(one.cost, gauge)) for one in call.requests]


# What the script has left behind, seen before any time can pass. Then the keys stay: their time runs by another clock.
_LOOK = """
local answer = (function()
%s
end)()
local seen = {}
for i, key in ipairs(KEYS) do
  seen[i] = {redis.call('GET', key), redis.call('PTTL', key)}
  redis.call('PERSIST', key)
end
return {answer, seen}
"""


class ScriptBench:
    """The script, with some of its text replaced, held against its specification under a clock of the test's own."""

    def __init__(self, redis: "Redis", *edits: Edit) -> None:
        text = script.TEXT
        for old, new in edits:
            if old not in text:
                raise ValueError(f"the script does not have this text: {old}")
            text = text.replace(old, new)
        self._redis = redis
        self._run: Any = redis.register_script(_LOOK % text)
        self._prefix = "t"
        self.reset()

    def reset(self) -> None:
        """Fill all buckets; the clock starts anew."""
        self._redis.flushdb()
        self._levels: dict[bytes, Level] = {}
        self.now_us = START_US

    def play(self, series: Sequence[Call]) -> None:
        """Make the calls; each must answer and leave behind what the specification says."""
        self._check_clock()
        for call in series:
            self.now_us += call.after_us
            self._check(call)

    def _check(self, call: Call) -> None:
        asks = asks_of(call)
        fills, written = judge(call.verb, self.now_us, asks, [self._levels.get(ask.name) for ask in asks])
        (now_us, *numbers), seen = self._called(call.verb, asks, now_us=self.now_us)
        assert now_us == self.now_us
        assert numbers == [number for fill in fills for number in fill]
        for ask, fill, (text, ttl_ms) in zip(asks, fills, seen, strict=True):
            level = written.get(ask.name) or self._levels.get(ask.name)
            if level is None or level.debt == 0:
                assert text is None
                self._levels.pop(ask.name, None)
                continue
            assert text == f"{level.debt}:{level.at_us}:{level.unit}".encode()
            if ask.name in written:
                assert fill.full_us <= ttl_ms * 1_000 - 1_000 <= fill.full_us + 1_000  # and the ms that Redis is in
            else:
                assert ttl_ms == -1, "it was written again"
            self._levels[ask.name] = level

    def _check_clock(self) -> None:
        """Without a clock of ours it is Redis'."""
        before, ((now_us, *_), _), after = self._time(), self._called(Verb.PEEK, [_SOME], now_us=None), self._time()
        assert before <= now_us <= after

    def _called(self, verb: Verb, asks: Sequence[Ask], *, now_us: int | None) -> Any:  # noqa: ANN401  a tree
        count, *words = script.arguments(verb, asks, prefix=self._prefix, now_us=now_us)
        keys = int(count)
        return self._run(keys=words[:keys], args=words[keys:])

    def _time(self) -> int:
        seconds, microseconds = self._redis.time()  # type: ignore[misc]  # redis-py's blocking client says it may wait
        return int(seconds) * SECOND_US + int(microseconds)


_SOME = Ask(b"clock", gauge_of(LIMITS[0]), 0)
