"""The token bucket in whole numbers: the specification that the script and the memory follow. It reads no clock.

A token is divided into units so fine that a whole number of them comes each microsecond. What is kept of a bucket is
its debt, the units that it lacks; no level is a full bucket. All numbers stay below 2^53, where Lua's are exact.
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from functools import lru_cache
from math import gcd
from typing import NamedTuple

from ratelimit.bucket import Limit

US_PER_S = 1_000_000
NEVER = -1  # a wait that has no end: more is asked than the bucket holds

_EXACT = 2**53


class Verb(StrEnum):
    """What is done to buckets; `acquire.lua` has the same words."""

    ACQUIRE = "acquire"
    PEEK = "peek"
    CHARGE = "charge"
    REFUND = "refund"


class Gauge(NamedTuple):
    """A limit in units: of one token, of what comes each microsecond, of a full bucket."""

    unit: int
    rate: int
    capacity: int


class Level(NamedTuple):
    """What is kept of a bucket: the units that it lacked at a microsecond, and how many units were a token then."""

    debt: int
    at_us: int
    unit: int


class Ask(NamedTuple):
    """So many units of the bucket of this name."""

    name: bytes
    gauge: Gauge
    need: int


class Fill(NamedTuple):
    """How a bucket stands: whole tokens left, microseconds until full, and to wait (0: it fits, NEVER)."""

    left: int
    full_us: int
    wait_us: int


class Verdict(NamedTuple):
    """How the buckets stand after it, in the order of what was asked, and the levels to be kept."""

    fills: list[Fill]
    levels: Mapping[bytes, Level]


@lru_cache(maxsize=4096)
def gauge_of(limit: Limit) -> Gauge:
    """Divide a limit into units; raises ValueError where whole numbers could not follow it exactly."""
    for name, number in (("amount", limit.amount), ("period", limit.period_s), ("burst", limit.burst)):
        if number < 1:
            raise ValueError(f"a limit's {name} is at least 1, not {number}")
    period_us = limit.period_s * US_PER_S
    shared = gcd(limit.amount, period_us)
    unit = period_us // shared
    capacity = limit.burst * unit
    if 2 * capacity >= _EXACT:
        raise ValueError(
            f"{limit.amount} tokens each {limit.period_s} s with a burst of {limit.burst} cannot be counted exactly; "
            "take a round amount, a shorter period or a smaller burst"
        )
    return Gauge(unit, limit.amount // shared, capacity)


def need_of(cost: int, gauge: Gauge) -> int:
    """Give a cost in units; any that the bucket never holds is one unit more than full. Negative: ValueError."""
    if cost < 0:
        raise ValueError(f"a cost is at least 0, not {cost}")
    return min(cost * gauge.unit, gauge.capacity + 1)


def debt_at(now_us: int, level: Level | None, gauge: Gauge) -> int:
    """Let a bucket fill until now; give the units that it lacks.

    A level of another unit was left by another limit: what was consumed stays so, as far as the new bucket has room.
    One of a later microsecond was left before the clock stepped back: nothing has come since, as far as we know.
    """
    if level is None:
        return 0
    debt = level.debt
    if level.unit != gauge.unit:
        debt = -(-debt * gauge.unit // level.unit)
    return max(min(debt, gauge.capacity) - max(now_us - level.at_us, 0) * gauge.rate, 0)


def judge(verb: Verb, now_us: int, asks: Sequence[Ask], levels: Sequence[Level | None]) -> Verdict:
    """Decide about all buckets together; `levels` are what is kept of them. No two asks are of one bucket."""
    stood = [debt_at(now_us, level, ask.gauge) for ask, level in zip(asks, levels, strict=True)]
    waits = [_wait(verb, debt, ask) for ask, debt in zip(asks, stood, strict=True)]
    refused = any(waits)
    stands = stood if refused else [_moved(verb, debt, ask) for ask, debt in zip(asks, stood, strict=True)]
    fills = [_fill(debt, ask.gauge, wait) for ask, debt, wait in zip(asks, stands, waits, strict=True)]
    if verb is Verb.PEEK:
        return Verdict(fills, {})
    return Verdict(
        fills,
        {
            ask.name: Level(debt, now_us, ask.gauge.unit)
            for ask, debt, level in zip(asks, stands, levels, strict=True)
            # a level of later than now would not fill until the clock is there again
            if not refused or (level and level.at_us > now_us)
        },
    )


def _moved(verb: Verb, debt: int, ask: Ask) -> int:
    if verb is Verb.REFUND:
        return max(debt - ask.need, 0)
    return min(debt + ask.need, ask.gauge.capacity)


def _wait(verb: Verb, debt: int, ask: Ask) -> int:
    if verb in {Verb.CHARGE, Verb.REFUND}:
        return 0
    if ask.need > ask.gauge.capacity:
        return NEVER
    return max(-(-(debt + ask.need - ask.gauge.capacity) // ask.gauge.rate), 0)


def _fill(debt: int, gauge: Gauge, wait: int) -> Fill:
    return Fill((gauge.capacity - debt) // gauge.unit, -(-debt // gauge.rate), wait)
