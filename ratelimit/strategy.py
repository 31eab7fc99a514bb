"""The token bucket as a strategy of `limits`: items and identifiers, one bucket each."""

from limits import RateLimitItem, WindowStats
from limits.aio.strategies import RateLimiter
from limits.limits import safe_string
from limits.storage import StorageTypes

from ratelimit import keys
from ratelimit.bucket import BucketRequest, Limit
from ratelimit.storage.support import TokenBucketSupport

_POLICY = "limits"  # the first word of a bucket's name: other strategies on the same item have other keys


class TokenBucketRateLimiter(RateLimiter):
    """Lets an item's amount pass at once, and as many in each of its periods, evenly.

    `RateLimitItem` has no burst: for another one, ask the storage itself with a `ratelimit.bucket.Limit`.
    """

    def __init__(self, storage: StorageTypes) -> None:
        """Raise NotImplementedError, as the strategies of `limits` do, for a storage without token buckets."""
        if not isinstance(storage, TokenBucketSupport):
            raise NotImplementedError(f"token buckets are not implemented for a storage of type {type(storage)}")
        super().__init__(storage)
        self._buckets: TokenBucketSupport = storage

    async def hit(self, item: RateLimitItem, *identifiers: str, cost: int = 1) -> bool:
        """Take so many tokens; say whether they were there. Raises ValueError for a negative cost."""
        return (await self._buckets.acquire(_request(item, identifiers, cost))).admitted

    async def test(self, item: RateLimitItem, *identifiers: str, cost: int = 1) -> bool:
        """Say whether so many tokens are there."""
        return (await self._buckets.peek(_request(item, identifiers, cost))).admitted

    async def get_window_stats(self, item: RateLimitItem, *identifiers: str) -> WindowStats:
        """Give the second since 1970 at which the bucket is full, and how many whole tokens it has."""
        (state,) = (await self._buckets.peek(_request(item, identifiers, 0))).states
        return WindowStats(state.full_at_s, state.remaining)

    async def clear(self, item: RateLimitItem, *identifiers: str) -> None:
        """Fill the bucket."""
        await self._buckets.clear(_request(item, identifiers, 0))


def _request(item: RateLimitItem, identifiers: tuple[str, ...], cost: int) -> BucketRequest:
    words = (item.namespace, *map(safe_string, identifiers), str(item.amount), str(item.get_expiry()))
    limit = Limit(amount=item.amount, period_s=item.get_expiry(), burst=item.amount)
    return BucketRequest(policy=_POLICY, key=keys.joined(words), limit=limit, cost=cost)
