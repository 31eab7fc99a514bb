"""What was taken from buckets here while Redis was away: it does not know of it yet. Pure bookkeeping."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from math import ceil

from ratelimit.bucket import BucketRequest
from ratelimit.counters import Counters

_ROUNDING = 1e-6  # tokens; far more than what the sums are off by


@dataclass(frozen=True, slots=True, kw_only=True)
class Debt:
    """What Redis has to be told of one bucket: it is to be filled, where it was cleared, and then charged the cost."""

    request: BucketRequest
    is_cleared: bool


@dataclass(slots=True)
class _Account:
    request: BucketRequest
    tokens: float  # that were owed at `at`; below nothing is nothing
    at: float
    is_cleared: bool

    def owed(self, now: float) -> float:
        limit = self.request.limit
        return max(0.0, self.tokens - (now - self.at) * limit.amount / limit.period_s)

    def is_over(self, now: float) -> bool:
        """Say whether any bucket of this kind would be full by now, whatever was spent."""
        limit = self.request.limit
        return (now - self.at) * limit.amount >= limit.burst * limit.period_s


class Debts:
    """One account for each bucket, which time pays off at the pace at which the bucket fills.

    Those that are paid are dropped; of too many, those that were left alone longest.
    """

    def __init__(self, *, counters: Counters, clock: Callable[[], float], most: int = 50_000) -> None:
        """Take a clock in seconds that never steps back."""
        self._counters = counters
        self._clock = clock
        self._most = most
        self._accounts: dict[tuple[str, str], _Account] = {}  # that which was longest left alone first

    def __len__(self) -> int:
        """Say how many buckets Redis does not know all of."""
        return len(self._accounts)

    def spend(self, requests: Iterable[BucketRequest]) -> None:
        """Note what was charged here, up to what a bucket holds."""
        now = self._clock()
        for request in requests:
            self._add(request, request.cost, now)

    def give_back(self, requests: Iterable[BucketRequest]) -> None:
        """Take back what was charged here. What Redis had charged before stays: time may have paid for it."""
        now = self._clock()
        for request in requests:
            if _bucket_of(request) in self._accounts:
                self._add(request, -request.cost, now)

    def clear(self, requests: Iterable[BucketRequest]) -> None:
        """Note that buckets were filled."""
        now = self._clock()
        for request in requests:
            self._accounts.pop(_bucket_of(request), None)
            self._add(request, 0, now, is_cleared=True)

    def take(self, most: int) -> list[Debt]:
        """Take the oldest debts away, up to so many; they have to be settled, or put back."""
        now = self._clock()
        taken: list[Debt] = []
        while self._accounts and len(taken) < most:
            account = self._accounts.pop(next(iter(self._accounts)))
            cost = ceil(account.owed(now) - _ROUNDING)
            if cost > 0 or (account.is_cleared and not account.is_over(now)):
                taken.append(Debt(request=account.request._replace(cost=cost), is_cleared=account.is_cleared))
        return taken

    def put_back(self, debts: Iterable[Debt]) -> None:
        """Keep debts that Redis could not be told of. What came meanwhile came after them."""
        now = self._clock()
        for debt in debts:
            later = self._accounts.get(_bucket_of(debt.request))
            if later is None or not later.is_cleared:
                self._add(debt.request, debt.request.cost, now, is_cleared=debt.is_cleared)

    def _add(self, request: BucketRequest, tokens: int, now: float, *, is_cleared: bool = False) -> None:
        bucket = _bucket_of(request)
        owed = float(tokens)
        if former := self._accounts.pop(bucket, None):
            owed += former.owed(now)
            is_cleared = is_cleared or former.is_cleared
        self._accounts[bucket] = _Account(request, min(owed, request.limit.burst), now, is_cleared)
        self._drop(now)

    def _drop(self, now: float) -> None:
        while (is_over := (oldest := next(iter(self._accounts.values()))).is_over(now)) or self._is_full:
            self._counters.unsettled_buckets += not is_over
            del self._accounts[_bucket_of(oldest.request)]

    @property
    def _is_full(self) -> bool:
        return len(self._accounts) > self._most


def _bucket_of(request: BucketRequest) -> tuple[str, str]:
    return request.policy, request.key
