"""The headers that say how a limited request stands. Pure: from a decision to names and values."""

from collections.abc import Iterable
from functools import lru_cache

from ratelimit.bucket import BucketState, Decision, Limit

RawHeaders = list[tuple[bytes, bytes]]


def headers_of(decision: Decision, *, draft: bool) -> RawHeaders:
    """Give the headers of an answer; none of one that nobody decided.

    The numbers are those of the binding bucket; when to come again after a refusal is `Decision.retry_after_s`. `draft`
    adds `RateLimit` and `RateLimit-Policy` as draft-ietf-httpapi-ratelimit-headers-10 has them; the next draft names
    their parameters otherwise.
    """
    state = decision.binding
    if state is None:
        return []
    headers = [
        (b"x-ratelimit-limit", b"%d" % state.request.limit.burst),
        (b"x-ratelimit-remaining", b"%d" % state.remaining),
        (b"x-ratelimit-reset", b"%d" % state.full_at_s),
    ]
    return [*headers, *_draft(decision.states, state)] if draft else headers


def seconds_to_full(state: BucketState) -> int:
    """Give the whole seconds after which a bucket is full at the latest. It needs no clock, so none can be wrong."""
    limit = state.request.limit
    return -(-(limit.burst - state.remaining) * limit.period_s // limit.amount)


def _draft(states: Iterable[BucketState], binding: BucketState) -> RawHeaders:
    policies = b", ".join(_policy(state.request.policy, state.request.limit) for state in states)
    left = f'"{binding.request.policy}";r={binding.remaining};t={seconds_to_full(binding)}'
    return [(b"ratelimit-policy", policies), (b"ratelimit", left.encode())]


@lru_cache(maxsize=256)
def _policy(name: str, limit: Limit) -> bytes:
    return f'"{name}";q={limit.amount};w={limit.period_s}'.encode()
