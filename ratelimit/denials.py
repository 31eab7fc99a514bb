"""Denials of the last second: whoever insists is denied again without a question to Redis."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from ratelimit.bucket import Backend, BucketRequest, BucketState, Decision

_LONGEST_S = 1.0
_MOST_KNOWN = 32  # requests of one bucket's owner: limits and costs differ by endpoint
_US = 1_000_000

_Bucket = tuple[str, str]


@dataclass(frozen=True, slots=True)
class _Known:
    state: BucketState
    answered_at: float
    until: float  # counted from the question, so that nobody is denied longer than Redis would


@dataclass(frozen=True, slots=True)
class _Denied:
    """All that was known of the requests beside a bucket when it denied, its own among them."""

    noted_at: float
    known: dict[BucketRequest, _Known] = field(default_factory=dict)


class Denials:
    """Remembers each denial until the request would fit, at most a second, and at most so many buckets.

    What another process gives back or clears meanwhile is noticed when that second is over.
    """

    def __init__(self, *, clock: Callable[[], float], most: int = 4096) -> None:
        """Take a clock in seconds that never steps back."""
        self._clock = clock
        self._most = most
        self._denied: dict[_Bucket, _Denied] = {}  # the oldest first
        self._forgot_at = float("-inf")

    def __len__(self) -> int:
        """Say how many buckets are remembered."""
        return len(self._denied)

    def find(self, requests: Iterable[BucketRequest]) -> Decision | None:
        """Give the denial that Redis would repeat; None where it has to be asked."""
        if not self._denied:
            return None
        now = self._clock()
        for request in requests:
            denied = self._denied.get(_bucket_of(request))
            if denied is not None and _denies(denied.known.get(request)):
                decision = _repeated(denied, requests, now)
                if decision is not None:
                    return decision
        return None

    def note(self, decision: Decision, asked_at: float) -> None:
        """Remember a denial that answers what was asked at this moment of the clock."""
        if asked_at <= self._forgot_at:  # the answer may be of the time before
            return
        now = self._clock()
        known = {state.request: _Known(state, now, asked_at + _wait_s(state)) for state in decision.states}
        for state in decision.states:
            if state.wait_us != 0:
                self._add(_bucket_of(state.request), known, asked_at)

    def forget(self, requests: Iterable[BucketRequest]) -> None:
        """Ask Redis about these buckets again, whatever limit they are asked for by."""
        self._forgot_at = self._clock()
        for request in requests:
            self._denied.pop(_bucket_of(request), None)

    def _add(self, bucket: _Bucket, known: dict[BucketRequest, _Known], asked_at: float) -> None:
        former = self._denied.pop(bucket, None)
        if former is not None and len(former.known) < _MOST_KNOWN:
            known = {**former.known, **known}
        self._denied[bucket] = _Denied(asked_at, known)
        while len(self._denied) > self._most or self._oldest().noted_at + _LONGEST_S <= asked_at:
            del self._denied[next(iter(self._denied))]

    def _oldest(self) -> _Denied:
        return next(iter(self._denied.values()))


def _bucket_of(request: BucketRequest) -> _Bucket:
    return request.policy, request.key


def _wait_s(state: BucketState) -> float:
    return min(state.wait_us / _US, _LONGEST_S) if state.wait_us else _LONGEST_S


def _denies(known: _Known | None) -> bool:
    return known is not None and known.state.wait_us != 0


def _repeated(denied: _Denied, requests: Iterable[BucketRequest], now: float) -> Decision | None:
    states = []
    for request in requests:
        known = denied.known.get(request)
        if known is None or now >= known.until:
            return None
        states.append(_aged(known, now))
    return Decision(admitted=False, states=tuple(states), backend=Backend.LOCAL)


def _aged(known: _Known, now: float) -> BucketState:
    if not known.state.wait_us:
        return known.state
    return known.state._replace(wait_us=max(1, known.state.wait_us - int((now - known.answered_at) * _US)))
