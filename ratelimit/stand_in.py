"""What decides while Redis is away: a bucket of this process, or nobody."""

from collections.abc import Awaitable, Callable, Mapping
from enum import StrEnum

from ratelimit.bucket import Backend, BucketRequest, Buckets, Decision
from ratelimit.debts import Debts


class WhenAway(StrEnum):
    """What becomes of a policy's buckets while Redis is away."""

    LOCAL = "local"  # this process decides by buckets of its own, and tells Redis of it afterwards
    OPEN = "open"  # they let all pass
    CLOSED = "closed"  # they let none pass


class StandIn:
    """Decides in Redis' place, by each policy's word.

    Several buckets together: one that is closed denies all, those that are open are left out, and the decision has no
    state of either: nobody knows it.
    """

    def __init__(self, *, local: Buckets, debts: Debts, when_away: Mapping[str, WhenAway]) -> None:
        """Take the words by policy; `local` for those that have none. The buckets have to answer without waiting."""
        self._local = local
        self._debts = debts
        self._when_away = when_away

    async def acquire(self, *requests: BucketRequest) -> Decision:
        """Charge all local buckets, or none where one has too little or is closed."""
        decision = await self._decide(self._local.acquire, requests)
        if decision.admitted:
            self._debts.spend(state.request for state in decision.states)
        return decision

    async def peek(self, *requests: BucketRequest) -> Decision:
        """Say what `acquire` would."""
        return await self._decide(self._local.peek, requests)

    async def charge(self, *requests: BucketRequest) -> Decision:
        """Charge each bucket here, whatever its policy's word is: Redis is told of it afterwards."""
        decision = await self._local.charge(*requests)
        self._debts.spend(requests)
        return decision

    async def refund(self, *requests: BucketRequest) -> None:
        """Give back what was charged here; what Redis had charged before is not given back."""
        await self._local.refund(*requests)
        self._debts.give_back(requests)

    async def clear(self, *requests: BucketRequest) -> None:
        """Fill the buckets here at once, and those of Redis when it is back."""
        await self._local.clear(*requests)
        self._debts.clear(requests)

    async def _decide(self, ask: Callable[..., Awaitable[Decision]], requests: tuple[BucketRequest, ...]) -> Decision:
        words = [self._when_away.get(request.policy, WhenAway.LOCAL) for request in requests]
        if WhenAway.CLOSED in words:
            return Decision(admitted=False, states=(), backend=Backend.CLOSED)
        if words and WhenAway.LOCAL not in words:
            return Decision(admitted=True, states=(), backend=Backend.OPEN)
        return await ask(*(request for request, word in zip(requests, words, strict=True) if word is WhenAway.LOCAL))
