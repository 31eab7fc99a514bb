"""What the code of a request is handed: the process's parts, and who asks."""

from dataclasses import dataclass
from typing import cast

from starlette.requests import Request

from app.auth import Authenticator, MetricsToken
from app.identity import Identity
from jobs.batch_once import IdempotentBatches
from jobs.batch_submit import BatchSubmitter
from jobs.batches import Batches
from jobs.cancel import Canceller
from jobs.find import JobFinder
from jobs.idempotency import IdempotentSubmitter
from jobs.overview import Overview
from jobs.pause import Pauses
from jobs.registry import TaskTable
from jobs.stores.database import Database
from jobs.stores.fitness import Fitness
from jobs.stores.queue import Queue
from jobs.stores.statistics import Statistics
from jobs.submit import Submitter
from jobs.tasks.data_sync.service import DataSync
from jobs.wait import EndWaiter


@dataclass(frozen=True, slots=True, kw_only=True)
class Deps:
    """The parts of a web process."""

    tasks: TaskTable
    database: Database
    queue: Queue
    fitness: Fitness
    submitter: Submitter
    idempotent: IdempotentSubmitter
    batch_submitter: BatchSubmitter
    idempotent_batches: IdempotentBatches
    batches: Batches
    finder: JobFinder
    waiter: EndWaiter
    canceller: Canceller
    data_sync: DataSync
    authenticator: Authenticator
    overview: Overview
    pauses: Pauses
    statistics: Statistics
    metrics_token: MetricsToken


def deps_of(request: Request) -> Deps:
    """Give the process's parts, which the lifespan put there."""
    return cast("Deps", request.state.deps)


def identity_of(request: Request) -> Identity:
    """Give who asks, which the authentication middleware found out."""
    return cast("Identity", request.state.identity)
