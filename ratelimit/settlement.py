"""Redis is told what was charged here while it was away. When that is done is decided elsewhere."""

from ratelimit.bucket import Buckets
from ratelimit.counters import Counters
from ratelimit.debts import Debts


class Settlement:
    """Carries debts to the buckets of Redis.

    Where an answer gets lost a bucket is charged twice; nobody gets more by that, and someone may have to wait.
    """

    def __init__(self, *, debts: Debts, redis: Buckets, counters: Counters) -> None:
        self._debts = debts
        self._redis = redis
        self._counters = counters

    async def settle(self, most: int) -> None:
        """Settle up to so many debts by one or two calls; they stay where Redis does not answer."""
        debts = self._debts.take(most)
        owed = [debt.request for debt in debts if debt.request.cost]
        try:
            if cleared := [debt.request for debt in debts if debt.is_cleared]:
                await self._redis.clear(*cleared)
            if owed:
                await self._redis.charge(*owed)
        except BaseException:
            self._debts.put_back(debts)
            raise
        self._counters.settled_tokens += sum(request.cost for request in owed)
