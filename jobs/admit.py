"""Says which jobs may be accepted: nobody has more unfinished ones than he may, and the history keeps up."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import structlog

from jobs.errors import QuotaError, StoreUnavailableError, SwitchyardError
from jobs.model import SYSTEM_OWNERS
from jobs.stores.jobs import JobStore, NewJob
from jobs.stores.queue import Admission, Queue, Room

ANY_NUMBER = 2**53
PLENTY = 10_000
_PARTS = 64
_CREDIT_S = 1.0

log = structlog.stdlib.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What bounds a submission: jobs and events as in `Admitter`, and the seconds that it waits for PostgreSQL."""

    max_waiting: int = 0
    max_events: int = 0
    patience_s: float = 5.0


@dataclass(slots=True, kw_only=True)
class _Credit:
    """How many jobs of an owner need no question, and until when."""

    left: int
    until: float


class Admitter:
    """Takes a place in Redis for each job; while Redis is away, PostgreSQL counts.

    Far from the bound no submission pays for the question: of an owner who has `PLENTY` places left, this process gives
    out a 64th by itself within the next second. Below that each job is asked about, and the bound is exact; it could be
    passed only where so many places went within that second.
    """

    def __init__(self, *, jobs: JobStore, queue: Queue, limits: Limits) -> None:
        """Let an owner have `max_waiting` unfinished jobs, and `max_events` be unwritten; 0 is any number."""
        self._jobs = jobs
        self._queue = queue
        self._max_waiting = limits.max_waiting
        self._max_events = limits.max_events
        self._credits: dict[str, _Credit] = {}

    async def admit(self, group: Sequence[NewJob]) -> list[SwitchyardError | None]:
        """Give for each job why it must not be accepted, or None. Places of jobs that are not are to be released."""
        limited = [job for job in group if job.owner not in SYSTEM_OWNERS and not self._spends(job.owner)]
        if not limited or not (self._max_waiting or self._max_events):
            return [None] * len(group)
        try:
            answers = await self._queue.admit(
                [(job.id, job.owner) for job in limited],
                most=self._max_waiting or ANY_NUMBER,
                most_events=self._max_events,
            )
        except StoreUnavailableError:
            return await self._counted(group)
        refusals: dict[str, SwitchyardError | None] = {}
        until = asyncio.get_running_loop().time() + _CREDIT_S
        for job, (answer, left) in zip(limited, answers, strict=True):
            refusals[job.id] = self._refusal(answer)
            self._credits[job.owner] = _Credit(left=left // _PARTS if left >= PLENTY else 0, until=until)
        return [refusals.get(job.id) for job in group]

    async def admit_all(self, room: Room) -> None:
        """Take places for all jobs of a batch or for none. They are to be released where the jobs are not accepted.

        Raises QuotaError, which says how many are free, or StoreUnavailableError.
        """
        if room.owner in SYSTEM_OWNERS or not (self._max_waiting or self._max_events):
            return
        most = self._max_waiting or ANY_NUMBER
        try:
            answer, left = await self._queue.admit_all(room, most=most, most_events=self._max_events)
        except StoreUnavailableError:
            taken = await self._jobs.unfinished_of([room.owner])
            left = max(most - taken.get(room.owner, 0), 0)
            answer = Admission.OK if left >= room.amount else Admission.QUOTA
        if refusal := self._refusal(answer, free=left):
            raise refusal

    async def release_all(self, room: Room) -> None:
        """Give back the places of a batch that was not accepted after all; else they are free in half a minute."""
        try:
            await self._queue.release_all(room)
        except StoreUnavailableError as error:
            log.warning("places_not_released", amount=room.amount, reason=str(error))

    async def release(self, jobs: Sequence[NewJob]) -> None:
        """Give back the places of jobs that were not accepted after all; else they are free in half a minute."""
        try:
            await self._queue.release([(job.id, job.owner) for job in jobs])
        except StoreUnavailableError as error:
            log.warning("places_not_released", amount=len(jobs), reason=str(error))

    def _spends(self, owner: str) -> bool:
        credit = self._credits.get(owner)
        if credit is None or credit.left <= 0 or credit.until < asyncio.get_running_loop().time():
            return False
        credit.left -= 1
        return True

    async def _counted(self, group: Sequence[NewJob]) -> list[SwitchyardError | None]:
        """Count in PostgreSQL, without what others submit at this moment. If it is away too, nothing is accepted."""
        if not self._max_waiting:
            return [None] * len(group)
        owners = {job.owner for job in group} - SYSTEM_OWNERS
        try:
            taken = Counter(await self._jobs.unfinished_of(sorted(owners)))
        except StoreUnavailableError as error:
            return [error] * len(group)
        refusals: list[SwitchyardError | None] = []
        for job in group:
            is_full = job.owner in owners and taken[job.owner] >= self._max_waiting
            refusals.append(self._refusal(Admission.QUOTA) if is_full else None)
            taken[job.owner] += 1
        return refusals

    def _refusal(self, answer: Admission, *, free: int = 0) -> SwitchyardError | None:
        if answer is Admission.QUOTA:
            return QuotaError(free=free, most=self._max_waiting)
        if answer is Admission.FULL:
            return StoreUnavailableError("the history is too far behind; PostgreSQL does not take it")
        return None
