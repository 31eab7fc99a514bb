"""What was taken from buckets here while Redis was away: it does not know of it yet. Pure bookkeeping."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from ratelimit.bucket import BucketRequest
from ratelimit.counters import Counters


@dataclass(frozen=True, slots=True, kw_only=True)
class Debt:
    """What Redis has to be told of one bucket.

    `request` names the bucket and the limit that it was last asked for by, `spent` the tokens; `is_cleared` says that
    it was filled before that. From `ends_at` on it is full again, whatever was spent.
    """

    request: BucketRequest
    spent: int
    is_cleared: bool
    ends_at: float


class Debts:
    """One debt for each bucket. Those that time has paid are dropped; of too many, those that are nearest to it."""

    def __init__(self, *, counters: Counters, clock: Callable[[], float], most: int = 50_000) -> None:
        """Take a clock in seconds that never steps back."""
        self._counters = counters
        self._clock = clock
        self._most = most
        self._debts: dict[tuple[str, str], Debt] = {}  # that which was longest left alone first

    def __len__(self) -> int:
        """Say how many buckets Redis does not know all of."""
        return len(self._debts)

    def spend(self, requests: Iterable[BucketRequest]) -> None:
        """Note what was charged here."""
        for request in requests:
            self._add(request, request.cost)

    def give_back(self, requests: Iterable[BucketRequest]) -> None:
        """Take back what was charged here. What Redis had charged before stays: time may have paid for it."""
        for request in requests:
            if _bucket_of(request) in self._debts:
                self._add(request, -request.cost)

    def clear(self, requests: Iterable[BucketRequest]) -> None:
        """Note that buckets were filled."""
        for request in requests:
            self._debts.pop(_bucket_of(request), None)
            self._add(request, 0, is_cleared=True)

    def take(self, most: int) -> list[Debt]:
        """Take the oldest debts away, up to so many; they have to be settled, or put back."""
        now = self._clock()
        taken: list[Debt] = []
        while self._debts and len(taken) < most:
            debt = self._debts.pop(next(iter(self._debts)))
            if debt.ends_at > now:
                taken.append(debt)
        return taken

    def put_back(self, debts: Iterable[Debt]) -> None:
        """Keep debts that Redis could not be told of. What came meanwhile came after them."""
        for debt in debts:
            bucket = _bucket_of(debt.request)
            later = self._debts.get(bucket)
            if later is None:
                self._debts[bucket] = debt
            elif not later.is_cleared:
                self._debts[bucket] = replace(later, spent=debt.spent + later.spent, is_cleared=debt.is_cleared)

    def _add(self, request: BucketRequest, tokens: int, *, is_cleared: bool = False) -> None:
        bucket = _bucket_of(request)
        former = self._debts.pop(bucket, None)
        if former is not None:
            tokens, is_cleared = max(0, former.spent + tokens), former.is_cleared
        limit = request.limit
        ends_at = self._clock() + limit.burst * limit.period_s / limit.amount
        self._debts[bucket] = Debt(request=request, spent=tokens, is_cleared=is_cleared, ends_at=ends_at)
        self._drop()

    def _drop(self) -> None:
        now = self._clock()
        while (oldest := next(iter(self._debts.values()))).ends_at <= now or len(self._debts) > self._most:
            self._counters.unsettled_buckets += oldest.ends_at > now
            del self._debts[_bucket_of(oldest.request)]


def _bucket_of(request: BucketRequest) -> tuple[str, str]:
    return request.policy, request.key
