"""What a web process asks about limits: whether a request is admitted, and how somebody stands."""

from dataclasses import dataclass

from app.errors import RateLimitedError
from app.live_limits import LiveLimits
from jobs.errors import StoreUnavailableError
from ratelimit.bucket import Backend, BucketRequest, Buckets, BucketState, Decision
from ratelimit.headers import RawHeaders, headers_of
from ratelimit.ledger import Ledger
from ratelimit.policy import Subject, own_requests, requests_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """What was decided about a request, what it was charged for, and what its answer says of that."""

    subject: Subject
    decision: Decision
    requests: tuple[BucketRequest, ...]
    headers: RawHeaders


class RateLimits:
    """Decides by the limits in force, and counts what it decided."""

    def __init__(self, buckets: Buckets, live: LiveLimits, ledger: Ledger, *, draft_headers: bool) -> None:
        self._buckets = buckets
        self._live = live
        self._ledger = ledger
        self._draft_headers = draft_headers
        self._last: tuple[Decision, RawHeaders] | None = None

    async def admit(self, subject: Subject, route: str, path: str) -> Admission:
        """Charge a request; `route` is `<method> <template>`."""
        requests = requests_of(self._live.in_force.limits, subject, route, path)
        decision = await self._buckets.acquire(*requests)
        self._ledger.note(subject, route, decision)
        return Admission(subject=subject, decision=decision, requests=requests, headers=self._headers_of(decision))

    def exempt(self, route: str) -> None:
        """Count a request that nothing limits."""
        self._ledger.exempt(route)

    async def forgive(self, admission: Admission) -> None:
        """Give back what a request was charged for, but for the guard of the address.

        That of a login that succeeded: so many people may share an address.
        """
        await self._buckets.refund(admission.requests[0])

    async def peek(self, subject: Subject) -> tuple[BucketState, ...]:
        """Say how all buckets of somebody stand; nothing where nobody can tell now. Nothing is charged."""
        requests = own_requests(self._live.in_force.limits, subject)
        return (await self._buckets.peek(*requests)).states

    def _headers_of(self, decision: Decision) -> RawHeaders:
        """Say how it stands: once for all who have asked together, and share the decision."""
        if self._last is None or self._last[0] is not decision:
            self._last = decision, headers_of(decision, draft=self._draft_headers)
        return self._last[1]


def require_admitted(admission: Admission) -> None:
    """Raise RateLimitedError for what was denied; StoreUnavailableError where nobody may pass without Redis."""
    decision = admission.decision
    if decision.admitted:
        return
    if decision.backend is Backend.CLOSED:
        raise StoreUnavailableError("Redis: away, and RATELIMIT_WHEN_AWAY lets nobody pass meanwhile")
    binding = decision.binding
    if binding is None:
        raise RateLimitedError("nobody is admitted now", policies=["unknown"], retry_after_s=decision.retry_after_s)
    others = [state.request.policy for state in decision.states if state.wait_us != 0 and state is not binding]
    after_s = decision.retry_after_s
    wait = "and this will never be admitted" if after_s is None else f"try again in {after_s:,} s"
    raise RateLimitedError(
        f"the limit {binding.request.policy} is used up; {wait}",
        policies=[binding.request.policy, *others],
        retry_after_s=after_s,
        key=binding.request.key,
    )
