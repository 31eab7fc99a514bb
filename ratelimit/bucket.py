"""What is asked of token buckets and what they answer: records. How an answer is found is not here.

They are tuples, because some are made for each request: a frozen dataclass takes three times as long to make and hash.
Name their fields all the same.
"""

from enum import StrEnum
from typing import NamedTuple, Protocol


class Limit(NamedTuple):
    """`amount` tokens come each `period_s` seconds, evenly; a full bucket holds `burst` of them."""

    amount: int
    period_s: int
    burst: int


class BucketRequest(NamedTuple):
    """What somebody wants of one bucket.

    `policy` is a word out of few, such as `default` or `data_sync`: it names the bucket's kind in headers and metrics.
    `key` says whose bucket it is, such as `user:4` or `ip:192.0.2.7`. `cost` is in tokens.
    """

    policy: str
    key: str
    limit: Limit
    cost: int = 1


class BucketState(NamedTuple):
    """How a bucket stands after a decision.

    `remaining` are its whole tokens, `full_at_s` the second of the epoch at which it is full again, `wait_us` the
    fewest microseconds after which the request would fit: 0 where it did, None where it never will, because it costs
    more than the bucket holds.
    """

    request: BucketRequest
    remaining: int
    full_at_s: int
    wait_us: int | None


class Backend(StrEnum):
    """What decided."""

    REDIS = "redis"
    LOCAL = "local"  # this process, while Redis is away or after it has just denied
    OPEN = "open"  # nobody: the policy lets all pass while Redis is away
    CLOSED = "closed"  # nobody: the policy lets none pass while Redis is away


class Decision(NamedTuple):
    """The answer to all requests together: each bucket was charged, or none.

    `states` are in the requests' order. Of a bucket that nobody decides about, while Redis is away, there is none.
    """

    admitted: bool
    states: tuple[BucketState, ...]
    backend: Backend

    @property
    def binding(self) -> BucketState | None:
        """The bucket that decides: of those that deny the one with the longest wait, else the one with least left."""
        if not self.states:
            return None
        return min(self.states, key=_share_left) if self.admitted else max(self.states, key=_wait_us)

    @property
    def retry_after_s(self) -> int | None:
        """The whole seconds after which the same requests would be admitted; None where they are, or never will be."""
        if self.admitted or any(state.wait_us is None for state in self.states):
            return None
        return max((-(-(state.wait_us or 0) // 1_000_000) for state in self.states), default=None)


_FOR_EVER = 2**63


def _share_left(state: BucketState) -> float:
    return state.remaining / state.request.limit.burst


def _wait_us(state: BucketState) -> int:
    return _FOR_EVER if state.wait_us is None else state.wait_us


class Buckets(Protocol):
    """Whatever decides: Redis, the memory of this process, or the one in place of the other."""

    async def acquire(self, *requests: BucketRequest) -> Decision:
        """Charge all buckets, or none where one has too little."""

    async def peek(self, *requests: BucketRequest) -> Decision:
        """Say what `acquire` would. Nothing is charged or written."""

    async def charge(self, *requests: BucketRequest) -> Decision:
        """Charge each bucket whatever it has; none is emptied further than to nothing."""

    async def refund(self, *requests: BucketRequest) -> None:
        """Give back what was charged; no bucket gets fuller than full."""

    async def clear(self, *requests: BucketRequest) -> None:
        """Fill the buckets."""
