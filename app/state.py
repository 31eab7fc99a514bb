"""What the code of a request is handed: the process's parts, and who asks."""

from dataclasses import dataclass
from typing import cast

from starlette.requests import Request
from starlette.types import Scope

from app.accounts import Accounts
from app.addresses import Origins
from app.auth import Authenticator, MetricsToken
from app.errors import ForbiddenError
from app.identity import ANONYMOUS, Identity, Role
from app.live_limits import LiveLimits
from app.login import Logins
from app.rate_limits import Admission, RateLimits
from app.readiness import Readiness
from app.recorder import Recorder
from app.stores.limits import LimitsStore
from app.stores.rate_statistics import RateStatistics
from app.stores.traffic import TrafficStore
from app.traffic import Traffic
from jobs.audit import Actor
from jobs.batch_once import IdempotentBatches
from jobs.batch_submit import BatchSubmitter
from jobs.batches import Batches
from jobs.browse import JobBrowser
from jobs.cache.cache import Cache
from jobs.cancel import Canceller
from jobs.failures import Failures
from jobs.find import JobFinder
from jobs.idempotency import IdempotentSubmitter
from jobs.live import Live
from jobs.loop_lag import LoopLag
from jobs.once import Once
from jobs.overview import Overview
from jobs.pause import Pauses
from jobs.planned import Planned
from jobs.quotas import Quotas
from jobs.registry import TaskTable
from jobs.stores.arrears import ArrearsStore
from jobs.stores.audit import AuditLog
from jobs.stores.database import Database
from jobs.stores.fitness import Fitness
from jobs.stores.memory import Memory
from jobs.stores.pools import Pools
from jobs.stores.queue import Queue
from jobs.submit import Submitter
from jobs.tasks.data_processing.service import DataProcessing
from jobs.tasks.data_sync.batch_progress import BatchProgress
from jobs.tasks.data_sync.component_versions import ComponentVersions
from jobs.tasks.data_sync.inbox import Inbox
from jobs.tasks.data_sync.many import ManyFiles
from jobs.tasks.data_sync.previewing import Previews
from jobs.tasks.data_sync.service import DataSync
from jobs.tasks.data_sync.shelf import Shelf
from jobs.tasks.data_sync.shops import Shops
from jobs.tasks.scheduled.service import Upkeep
from jobs.wait import EndWaiter
from ratelimit.limiter import Limiter


@dataclass(frozen=True, slots=True, kw_only=True)
class Deps:
    """The parts of a web process."""

    tasks: TaskTable
    database: Database
    queue: Queue
    fitness: Fitness
    submitter: Submitter
    once: Once
    idempotent: IdempotentSubmitter
    batch_submitter: BatchSubmitter
    idempotent_batches: IdempotentBatches
    batches: Batches
    finder: JobFinder
    browser: JobBrowser
    failures: Failures
    waiter: EndWaiter
    live: Live
    canceller: Canceller
    data_sync: DataSync
    inbox: Inbox
    shelf: Shelf
    previews: Previews
    shops: Shops
    component_versions: ComponentVersions
    cache: Cache
    data_processing: DataProcessing
    many_files: ManyFiles
    batch_progress: BatchProgress
    authenticator: Authenticator
    accounts: Accounts
    logins: Logins
    overview: Overview
    pauses: Pauses
    quotas: Quotas
    audit: AuditLog
    planned: Planned
    upkeep: Upkeep
    arrears: ArrearsStore
    memory: Memory
    pools: Pools
    loop_lag: LoopLag
    readiness: Readiness
    metrics_token: MetricsToken
    origins: Origins
    limiter: Limiter
    rate_limits: RateLimits
    live_limits: LiveLimits
    limits_store: LimitsStore
    rate_statistics: RateStatistics
    recorder: Recorder
    traffic: Traffic
    traffic_store: TrafficStore


def deps_of(request: Request) -> Deps:
    """Give the process's parts, which the lifespan put there."""
    return cast("Deps", request.scope["state"]["deps"])


def identity_of(request: Request) -> Identity:
    """Give who asks, which the authentication middleware found out."""
    return cast("Identity", request.scope["state"]["identity"])


def admission_of(request: Request) -> Admission:
    """Give what was decided about a request that is limited."""
    return cast("Admission", request.scope["state"]["admission"])


def credential_of(request: Request) -> str:
    """Give the API key or session token that a request came with."""
    return cast("str", request.scope["state"]["credential"])


def actor_of(request: Request) -> Actor:
    """Give who asks as the audit log names him."""
    return _actor(request, identity_of(request).owner)


def nobody_of(request: Request) -> Actor:
    """Give who asks before he is logged in as the audit log names him."""
    return _actor(request, ANONYMOUS)


def leave_untimed(scope: Scope) -> None:
    """Say that the time of a request tells nothing of the server: it waits for what its client wants to see."""
    scope["state"]["is_untimed"] = True


def timed(scope: Scope, took_s: float) -> float | None:
    """Give the time that a request took; None where that was left out."""
    return None if "is_untimed" in scope["state"] else took_s


def require_admin(request: Request, what: str) -> None:
    """Raise ForbiddenError, which says what only an administrator may do, unless one asks."""
    if identity_of(request).role is not Role.ADMIN:
        raise ForbiddenError(f"only an administrator may {what}")


def _actor(request: Request, name: str) -> Actor:
    address = deps_of(request).origins.of(request.scope).address
    return Actor(name=name, request_id=request.state.request_id, address=address)
