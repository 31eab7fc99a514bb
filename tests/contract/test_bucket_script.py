"""The script of the token buckets does what its specification says, and the specification what fractions say."""

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from redis import Redis
from redis.exceptions import ResponseError

from ratelimit.arithmetic import Level, judge
from tests.support.buckets import LONG_PRODUCT, START_US, Call, Edit, Exact, ScriptBench, asks_of, calls

_WAIT = "math.ceil((debt + need - capacity) / rate)"

RULES: dict[str, Edit] = {
    "a wait is rounded up": (_WAIT, _WAIT.replace("ceil", "floor")),
    "a wait is for all that is asked": (_WAIT, _WAIT.replace("need", "1")),
    "the time until full is rounded up": ("math.ceil(b.debt / b.rate)", "math.floor(b.debt / b.rate)"),
    "tokens left are whole": ("math.floor((b.capacity - b.debt)", "math.ceil((b.capacity - b.debt)"),
    "the clock is Redis'": ("local time = redis.call('TIME')", "local time = {1700000000, 0}"),
    "the clock has microseconds": ("time[1] * 1000000 + time[2]", "time[1] * 1000000"),
    "a clock that steps back is followed": ("(not refused or b.later)", "not refused"),
    "a clock that steps back empties nothing": ("math.max(now - at, 0)", "(now - at)"),
    "it fills as time passes": ("math.max(now - at, 0)", "0"),
    "it is never emptier than empty": ("math.min(debt, capacity)", "debt"),
    "a changed limit keeps what was consumed": ("if of ~= unit then", "if false then"),
    "what was consumed is rounded up": ("(part > 0 and 1 or 0)", "0"),
    "what was consumed is counted exactly": (
        "debt = converted(debt, of, unit)",
        "debt = math.ceil(debt * unit / of)",
    ),
    "all or none": ("elseif not refused then b.debt", "elseif b.wait == 0 then b.debt"),
    "a denial writes nothing": ("(not refused or b.later)", "true"),
    "to peek writes nothing": ("WHAT ~= 'peek' and ", ""),
    "what never fits is said": ("if need > capacity then wait = -1", "if false then wait = -1"),
    "a charge stops at empty": ("math.min(b.debt + b.need, b.capacity)", "b.debt + b.need"),
    "a charge is not refused": ("if WHAT == 'acquire' or WHAT == 'peek' then", "if WHAT ~= 'refund' then"),
    "a refund stops at full": ("math.max(b.debt - b.need, 0)", "b.debt - b.need"),
    "a refund gives back": ("if WHAT == 'refund' then", "if false then"),
    "numbers have all their digits": (
        "string.format('%.0f:%.0f:%.0f', b.debt, now, b.unit)",
        "b.debt .. ':' .. now .. ':' .. b.unit",
    ),
    "the unit is kept": ("b.debt, now, b.unit)", "b.debt, now, 1)"),
    "a key lives until the bucket is full": ("math.floor(full / 1000) + 2", "math.floor(full / 1000)"),
    "a key lives no longer": ("math.floor(full / 1000) + 2", "math.floor(full / 1000) + 5000"),
    "a full bucket has no key": ("if b.debt == 0 then", "if false then"),
}


@pytest.fixture
def redis(redis_url: str) -> Iterator["Redis"]:
    """Connect."""
    with Redis.from_url(redis_url) as redis:
        yield redis


def test_the_script_follows_its_specification(redis: "Redis") -> None:
    """In every answer, in every key that it leaves behind, and in what it does not write."""
    bench = ScriptBench(redis)

    @settings(max_examples=300, deadline=None)
    @given(calls())
    @example(LONG_PRODUCT)
    def play(series: list[Call]) -> None:
        bench.reset()
        bench.play(series)

    play()


@settings(max_examples=500, deadline=None)
@given(calls())
@example(LONG_PRODUCT)
def test_the_specification_follows_exact_fractions(series: list[Call]) -> None:
    """Whatever is asked, also of changing limits and by a clock that steps back."""
    exact, levels, now_us = Exact(), dict[bytes, Level](), START_US
    for call in series:
        now_us += call.after_us
        asks = asks_of(call)
        fills, written = judge(call.verb, now_us, asks, [levels.get(ask.name) for ask in asks])
        levels |= written
        assert fills == exact.play(call, now_us)


@pytest.mark.parametrize("edit", RULES.values(), ids=RULES.keys())
def test_without_a_rule_a_series_fails(redis: "Redis", edit: Edit) -> None:
    """The script answers, or leaves behind, what it must not."""
    bench = ScriptBench(redis, edit)

    @settings(
        max_examples=400,
        deadline=None,
        derandomize=True,
        phases=[Phase.explicit, Phase.generate],
        print_blob=False,
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
    )
    @given(calls())
    @example(LONG_PRODUCT)
    def play(series: list[Call]) -> None:
        bench.reset()
        bench.play(series)

    with pytest.raises((AssertionError, ResponseError)):
        play()
