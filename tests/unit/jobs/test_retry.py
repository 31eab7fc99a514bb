"""When a failed try is tried again."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.contract import Retry
from jobs.errors import JobFailedError, JobTimeoutError
from jobs.retry import Backoff, RetryPolicy


def highest(_: float, high: float) -> float:
    """Draw the top of the range."""
    return high


@pytest.mark.parametrize(("tries", "expected_s"), [(1, 60), (2, 120), (3, 240), (4, 240), (5000, 240)])
def test_the_ceiling_doubles_up_to_the_cap(tries: int, expected_s: float) -> None:
    """60, 120, 240 and then no more, however many tries there were."""
    assert Backoff(base_s=60, cap_s=240).delay_s(tries, highest) == expected_s


@given(st.integers(1, 10_000), st.floats(0.001, 100), st.floats(0.001, 10_000), st.floats(0, 1), st.integers())
def test_a_delay_lies_between_floor_and_ceiling(tries: int, base: float, cap: float, floor: float, seed: int) -> None:
    """Whatever the numbers, nobody waits longer than the cap, nor shorter than the floor's share."""
    backoff = Backoff(base_s=base, cap_s=cap, floor=floor)
    ceiling = backoff.delay_s(tries, highest)
    assert ceiling <= cap
    assert floor * ceiling <= backoff.delay_s(tries, random.Random(seed).uniform) <= ceiling  # noqa: S311  no secret


@pytest.mark.parametrize(
    ("policy", "error", "tries", "allowed"),
    [
        (RetryPolicy(), ValueError(), 1, True),
        (RetryPolicy(), ValueError(), 3, False),
        (RetryPolicy(retry_on=(OSError,)), ValueError(), 1, False),
        (RetryPolicy(retry_on=(OSError,)), ConnectionError(), 1, True),
        (RetryPolicy(permanent=(LookupError,)), KeyError(), 1, False),
        (RetryPolicy(), JobFailedError(), 1, False),
        (RetryPolicy(), JobTimeoutError(), 1, False),
        (RetryPolicy(retry_on=(OSError,)), JobTimeoutError(), 1, False),
        (RetryPolicy(retry_on=(TimeoutError,)), JobTimeoutError(), 1, True),
        (RetryPolicy(retry_on=()), Retry(), 1, True),
        (RetryPolicy(permanent=(Exception,)), Retry(defer=7), 2, True),
        (RetryPolicy(), Retry(), 3, False),
    ],
)
def test_what_is_tried_again(policy: RetryPolicy, error: Exception, tries: int, *, allowed: bool) -> None:
    """`permanent` wins, business reasons are final, a timeout has to be listed by name, and Retry wins over all."""
    assert (policy.delay_s(error, tries=tries, max_tries=3, uniform=highest) is not None) is allowed


def test_who_asks_for_another_try_says_when() -> None:
    """A Retry of arq's has a wait of its own, or none; other errors have the policy's."""
    policy = RetryPolicy(backoff=Backoff(base_s=4))
    waits = [policy.delay_s(error, tries=2, max_tries=3, uniform=highest) for error in (Retry(7), Retry(), OSError())]
    assert waits == [7, 0, 8]
