"""Redis is told what was charged here while it was away. When that is done is decided elsewhere."""

from dataclasses import replace

from ratelimit.bucket import BucketRequest, Buckets
from ratelimit.counters import Counters
from ratelimit.debts import Debt, Debts


class Settlement:
    """Carries debts from the buckets of this process to those of Redis.

    A bucket is charged what was spent of it here, but no more than is still missing here: the rest time has paid
    already. Where an answer gets lost it is charged twice; nobody gets more by that, and someone may have to wait.
    """

    def __init__(self, *, debts: Debts, local: Buckets, redis: Buckets, counters: Counters) -> None:
        self._debts = debts
        self._local = local
        self._redis = redis
        self._counters = counters

    async def settle(self, most: int) -> None:
        """Settle up to so many debts by one or two calls; they stay where Redis does not answer."""
        if not (debts := self._debts.take(most)):
            return
        try:
            owed = await self._owed(debts)
            if cleared := [debt.request for debt in debts if debt.is_cleared]:
                await self._redis.clear(*cleared)
            if owed:
                await self._redis.charge(*owed)
        except BaseException:
            self._debts.put_back(debts)
            raise
        self._counters.settled_tokens += sum(request.cost for request in owed)

    async def _owed(self, debts: list[Debt]) -> list[BucketRequest]:
        now = await self._local.peek(*(debt.request for debt in debts))
        costs = (
            min(debt.spent, debt.request.limit.burst - state.remaining)
            for debt, state in zip(debts, now.states, strict=True)
        )
        return [replace(debt.request, cost=cost) for debt, cost in zip(debts, costs, strict=True) if cost > 0]
