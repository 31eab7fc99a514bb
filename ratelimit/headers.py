"""The headers that say how a limited request stands. Pure: from a decision to names and values."""

from functools import lru_cache

from ratelimit.bucket import BucketRequest, BucketState, Decision

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
    request, remaining, full_at_s, _ = state
    headers = [
        (b"x-ratelimit-limit", b"%d" % request.limit.burst),
        (b"x-ratelimit-remaining", b"%d" % remaining),
        (b"x-ratelimit-reset", b"%d" % full_at_s),
    ]
    if draft:
        policies = _policies(tuple([one.request for one in decision.states]))
        left = f'"{request.policy}";r={remaining};t={seconds_to_full(state)}'
        headers += (b"ratelimit-policy", policies), (b"ratelimit", left.encode())
    return headers


def seconds_to_full(state: BucketState) -> int:
    """Give the whole seconds after which a bucket is full at the latest. It needs no clock, so none can be wrong."""
    limit = state.request.limit
    return -(-(limit.burst - state.remaining) * limit.period_s // limit.amount)


@lru_cache(maxsize=4096)  # whoever asks once mostly asks again
def _policies(requests: tuple[BucketRequest, ...]) -> bytes:
    limits = [f'"{policy}";q={limit.amount};w={limit.period_s}' for policy, _, limit, _ in requests]
    return ", ".join(limits).encode()
