"""What a web process asks about limits: whether a request is admitted, and how somebody stands."""

from dataclasses import dataclass

from app.errors import RateLimitedError
from app.live_limits import LiveLimits
from jobs.errors import StoreUnavailableError
from ratelimit.bucket import Backend, BucketRequest, Buckets, BucketState, Decision
from ratelimit.headers import RawHeaders, headers_of
from ratelimit.ledger import Ledger
from ratelimit.policy import Subject, login_request, own_requests, requests_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """What was decided about a request, what it was charged for, and what its answer says of that."""

    subject: Subject
    route: str
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

    async def admit(self, subject: Subject, route: str, path: str) -> Admission:
        """Charge a request; `route` is `<method> <template>`."""
        requests = requests_of(self._live.in_force.limits, subject, route, path)
        return await self._decide(subject, route, requests)

    def exempt(self, route: str) -> None:
        """Count a request that nothing limits."""
        self._ledger.exempt(route)

    async def try_login(self, name: str, before: Admission) -> Admission:
        """Charge an attempt to log in under a name, by a request that was admitted itself."""
        requests = (login_request(self._live.in_force.limits, name),)
        return await self._decide(before.subject, before.route, requests)

    async def forgive(self, admission: Admission) -> None:
        """Give back what a request was charged for, but for the guard of the address."""
        await self._buckets.refund(admission.requests[0])

    async def peek(self, subject: Subject) -> tuple[BucketState, ...]:
        """Say how all buckets of somebody stand; nothing where nobody can tell now. Nothing is charged."""
        requests = own_requests(self._live.in_force.limits, subject)
        return (await self._buckets.peek(*requests)).states

    async def _decide(self, subject: Subject, route: str, requests: tuple[BucketRequest, ...]) -> Admission:
        decision = await self._buckets.acquire(*requests)
        self._ledger.note(subject, route, decision)
        headers = headers_of(decision, draft=self._draft_headers)
        return Admission(subject=subject, route=route, decision=decision, requests=requests, headers=headers)


def require_admitted(admission: Admission) -> None:
    """Raise RateLimitedError for what was denied; StoreUnavailableError where nobody may pass without Redis."""
    decision = admission.decision
    if decision.admitted:
        return
    if decision.backend is Backend.CLOSED:
        raise StoreUnavailableError("Redis: away, and RATELIMIT_WHEN_AWAY lets nobody pass meanwhile")
    raise RateLimitedError(decision)
