"""Says which jobs may be accepted: nobody has more unfinished ones than he may, and the history keeps up."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

import structlog

from jobs.errors import QuotaError, StoreUnavailableError, SwitchyardError
from jobs.model import SYSTEM_OWNERS, Job
from jobs.quota import Quota
from jobs.stores.database import Connection
from jobs.stores.jobs import JobStore, NewJob
from jobs.stores.queue import Admission, Queue, Room, Verdict
from jobs.stores.quotas import QuotaStore

PLENTY = 10_000
_PARTS = 64
CREDIT_S = 1.0

log = structlog.stdlib.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What bounds a submission: `quotas` say what owners may have, None that nobody is asked about.

    Beside that there may be so many events that are not written, 0 for any number, and it waits so many seconds for
    PostgreSQL.
    """

    quotas: QuotaStore | None = None
    max_events: int = 0
    patience_s: float = 5.0


@dataclass(slots=True, kw_only=True)
class _Credit:
    """How many jobs of an owner need no question, and until when."""

    left: int
    until: float


class Admitter:
    """Takes a place in Redis for each job, which judges by what it knows that the owner may have.

    While Redis is away PostgreSQL counts, by the same numbers. A Redis that has lost them is told first.

    Far from the bound no submission pays for the question: of an owner who has `PLENTY` places left, this process gives
    out a 64th by itself within the next second. Below that each job is asked about, and the bound is exact; it could be
    passed only where so many places went, or his number was lowered, within that second: who lowers it waits for that.
    """

    def __init__(self, *, jobs: JobStore, queue: Queue, limits: Limits) -> None:
        self._jobs = jobs
        self._queue = queue
        self._quotas = limits.quotas
        self._max_events = limits.max_events
        self._credits: dict[str, _Credit] = {}

    async def admit(
        self, group: Sequence[NewJob | Job], *, connection: Connection | None = None
    ) -> list[SwitchyardError | None]:
        """Give for each job why it must not be accepted, or None. Places of jobs that are not are to be released.

        While Redis is away they are counted in the caller's transaction. Who has none gets StoreUnavailableError, and
        is to `count` them in the one that stores them.

        PostgreSQL, where it has to be asked, is asked over the caller's connection if he has one: of many who wait for
        a second one none would get it.
        """
        quotas = self._quotas
        if quotas is None:
            return [None] * len(group)
        limited = [job for job in group if job.owner not in SYSTEM_OWNERS and not self._spends(job.owner)]
        if not limited:
            return [None] * len(group)
        places = [(job.id, job.owner) for job in limited]
        until = asyncio.get_running_loop().time() + CREDIT_S
        try:
            verdicts = await _known(quotas, lambda: self._queue.admit(places, most_events=self._max_events), connection)
        except StoreUnavailableError:
            if connection is None:
                raise
            return await self.count(group, connection=connection)
        refusals: dict[str, SwitchyardError | None] = {}
        for job, verdict in zip(limited, verdicts, strict=True):
            refusals[job.id] = _refusal(verdict)
            left = verdict.free // _PARTS if verdict.free >= PLENTY else 0
            self._credits[job.owner] = _Credit(left=left, until=until)
        return [refusals.get(job.id) for job in group]

    async def count(self, group: Sequence[NewJob | Job], *, connection: Connection) -> list[SwitchyardError | None]:
        """Answer like `admit` by what PostgreSQL counts, where Redis has not answered. Raises StoreUnavailableError.

        No other transaction counts for the same owners until the caller's, which stores the jobs, is over.
        """
        owners = sorted({job.owner for job in group} - SYSTEM_OWNERS)
        if self._quotas is None or not owners:
            return [None] * len(group)
        most, taken = await self._counted(self._quotas, owners, connection)
        refusals: list[SwitchyardError | None] = []
        for job in group:
            is_full = job.owner in most and taken[job.owner] >= most[job.owner].max_waiting
            refusals.append(QuotaError(free=0, most=most[job.owner].max_waiting) if is_full else None)
            taken[job.owner] += not is_full
        return refusals

    async def admit_all(self, room: Room, *, connection: Connection | None = None) -> bool:
        """Take places for all jobs of a batch or for none. They are to be released where the jobs are not accepted.

        False: Redis does not answer, and who stores them is to `count_all` first. PostgreSQL is asked as in `admit`.
        Raises QuotaError, which says how many are free, and StoreUnavailableError.
        """
        quotas = self._quotas
        if quotas is None or room.owner in SYSTEM_OWNERS:
            return True

        async def question() -> list[Verdict]:
            return [await self._queue.admit_all(room, most_events=self._max_events)]

        try:
            (verdict,) = await _known(quotas, question, connection)
        except StoreUnavailableError:
            return False
        if refusal := _refusal(verdict):
            raise refusal
        return True

    async def count_all(self, room: Room, *, connection: Connection | None = None) -> None:
        """Raise QuotaError unless all jobs of a batch may be accepted as PostgreSQL counts; StoreUnavailableError.

        It is as in `count`; without a transaction it counts without what others submit meanwhile.
        """
        if self._quotas is None:
            return
        most, taken = await self._counted(self._quotas, [room.owner], connection)
        may_have = most[room.owner].max_waiting
        free = max(may_have - taken[room.owner], 0)
        if free < room.amount:
            raise QuotaError(free=free, most=may_have)

    async def release_all(self, room: Room) -> None:
        """Give back the places of a batch that was not accepted after all; else they are free in half a minute."""
        try:
            await self._queue.release_all(room)
        except StoreUnavailableError as error:
            log.warning("places_not_released", amount=room.amount, reason=str(error))

    async def release(self, jobs: Sequence[NewJob | Job]) -> None:
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

    async def _counted(
        self, quotas: QuotaStore, owners: Sequence[str], connection: Connection | None
    ) -> tuple[Mapping[str, Quota], Counter[str]]:
        """Give what owners may have and what they have."""
        if connection is not None:
            await quotas.take_turns(owners, connection=connection)
        most = await quotas.quotas_of(owners, connection=connection)
        return most, Counter(await self._jobs.unfinished_of(owners, connection=connection))


async def _known(
    quotas: QuotaStore, question: Callable[[], Awaitable[list[Verdict]]], connection: Connection | None
) -> list[Verdict]:
    """Ask Redis; where it has lost what owners may have, tell it and ask again. Raises StoreUnavailableError."""
    verdicts = await question()
    if any(verdict.answer is Admission.UNKNOWN for verdict in verdicts):
        await quotas.copy(connection=connection)
        verdicts = await question()
        if any(verdict.answer is Admission.UNKNOWN for verdict in verdicts):
            raise StoreUnavailableError("Redis: it has lost again what owners may have")
    return verdicts


def _refusal(verdict: Verdict) -> SwitchyardError | None:
    if verdict.answer is Admission.QUOTA:
        return QuotaError(free=verdict.free, most=verdict.most)
    if verdict.answer is Admission.FULL:
        return StoreUnavailableError("the history is too far behind; PostgreSQL does not take it")
    return None
