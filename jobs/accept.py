"""Writes new jobs into both stores, a group at a time: what one of them has taken will run."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import structlog

from jobs.admit import Admitter
from jobs.breaker import CircuitBreaker
from jobs.errors import KeyHeldError, StoreUnavailableError
from jobs.model import Job, State
from jobs.stores.database import Database
from jobs.stores.jobs import JobStore, NewJob
from jobs.stores.queue import Enqueued, Entry, Place, Queue

MOST_AT_ONCE = 100

_ENQUEUED = {Enqueued.QUEUED: State.QUEUED, Enqueued.SCHEDULED: State.SCHEDULED, Enqueued.KNOWN: State.QUEUED}

_Write = Callable[[Sequence[NewJob]], Awaitable[list[Job | Exception]]]

log = structlog.stdlib.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """An accepted job, or one that was not since `holder`, another job, has its unique key."""

    job: Job
    holder: str | None = None


class Acceptor:
    """PostgreSQL first, then Redis. One of them may be away; what it lacks is brought to it later."""

    def __init__(
        self,
        *,
        database: Database,
        jobs: JobStore,
        queue: Queue,
        admitter: Admitter,
        typical_s: Callable[[str], float],
        patience_s: float,
    ) -> None:
        """Take how long a task is taken to run, and for how many seconds a group may wait for PostgreSQL."""
        self._database = database
        self._jobs = jobs
        self._queue = queue
        self._admitter = admitter
        self._typical_s = typical_s
        self._patience_s = patience_s
        self._breaker = CircuitBreaker(patience_s=patience_s)

    async def accept(self, group: Sequence[NewJob]) -> list[Accepted | Exception]:
        """Accept jobs. One that PostgreSQL refuses fails alone; StoreUnavailableError: no store has taken it."""
        try:
            refusals = await self._admitter.admit(group)
        except StoreUnavailableError as error:
            stored = await self._store(group, self._count_in)
            # Whom nobody has counted is not accepted, even if Redis is back by now.
            return await self.line_up([error if isinstance(job, Job) and not job.is_written else job for job in stored])
        admitted = [wanted for wanted, refusal in zip(group, refusals, strict=True) if refusal is None]
        stored = await self._store(admitted, self._write) if admitted else []
        outcomes = iter(await self.line_up(stored))
        if lost := [wanted for wanted, job in zip(admitted, stored, strict=True) if isinstance(job, Exception)]:
            await self._admitter.release(lost)
        return [refusal or next(outcomes) for refusal in refusals]

    async def line_up(self, jobs: Sequence[Job | Exception], *, batch_id: str = "") -> list[Accepted | Exception]:
        """Put jobs in line, all by one call. What Redis does not take, or nobody knows of, is put there later.

        `batch_id` names their places where they have them together.
        """
        sound = [job for job in jobs if isinstance(job, Job)]
        entries = [Entry(job=job, typical_s=self._typical_s(job.task)) for job in sound]
        try:
            answers = await self._queue.enqueue(entries, batch_id=batch_id)
        except StoreUnavailableError as error:
            log.warning("jobs_not_enqueued", amount=len(sound), reason=str(error))
            return [
                Accepted(job=job) if isinstance(job, Job) and job.is_written else _reason(job, error) for job in jobs
            ]
        places = dict(zip((job.id for job in sound), answers, strict=True))
        return [_placed(job, places[job.id]) if isinstance(job, Job) else job for job in jobs]

    async def _store(self, group: Sequence[NewJob], write: _Write) -> list[Job | Exception]:
        """Write rows; where PostgreSQL is away, Redis gets them with the jobs, for whoever writes the history."""
        if not self._breaker.lets_through():
            return [_without_row(wanted) for wanted in group]
        try:
            async with asyncio.timeout(self._patience_s):
                stored = await _written(group, write)
        except (StoreUnavailableError, TimeoutError) as error:
            log.warning("jobs_not_stored", amount=len(group), reason=str(error) or "no answer in time")
            self._breaker.failed()
            return [_without_row(wanted) for wanted in group]
        self._breaker.answered()
        return stored

    async def _write(self, group: Sequence[NewJob]) -> list[Job | Exception]:
        """Write rows by one statement, which is one commit."""
        async with self._database.keep() as connection:
            return [job or _held() for job in await self._jobs.insert(group, connection=connection)]

    async def _count_in(self, group: Sequence[NewJob]) -> list[Job | Exception]:
        """Write the rows of those whose owners may have them as PostgreSQL counts, in one transaction."""
        async with self._database.transaction() as connection:
            refusals = await self._admitter.count(group, connection=connection)
            admitted = [wanted for wanted, refusal in zip(group, refusals, strict=True) if refusal is None]
            stored = iter(await self._jobs.insert(admitted, connection=connection))
            return [refusal or next(stored) or _held() for refusal in refusals]


async def _written(group: Sequence[NewJob], write: _Write) -> list[Job | Exception]:
    """Write rows; halve the group where one is refused."""
    try:
        return await write(group)
    except StoreUnavailableError:
        raise
    except Exception as error:
        if len(group) == 1:
            log.exception("job_refused", job=group[0].id)
            return [error]
    middle = len(group) // 2
    return [*await _written(group[:middle], write), *await _written(group[middle:], write)]


def _held() -> KeyHeldError:
    return KeyHeldError("its idempotency key was used")


def unwritten(wanted: NewJob) -> Job:
    """Give the job that Redis alone takes. This process' clock says when; PostgreSQL would."""
    return replace(wanted.accepted_at(datetime.now(UTC)), is_written=False, use=wanted.use)


def _without_row(wanted: NewJob) -> Job | Exception:
    if wanted.use is not None and not wanted.use.is_claimed:
        return StoreUnavailableError("neither store knows whether its idempotency key was used")
    return unwritten(wanted)


def _reason(job: Job | Exception, away: StoreUnavailableError) -> Exception:
    return away if isinstance(job, Job) else job


def _placed(job: Job, place: Place) -> Accepted:
    job.state = _ENQUEUED.get(place.answer, job.state)
    return Accepted(job=job, holder=place.holder)
