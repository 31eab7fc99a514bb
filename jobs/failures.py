"""What jobs fail of: the causes, and running all that failed of one once more."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

import structlog

from jobs.audit import Actor
from jobs.errors import ConflictError, NotFoundError, QuotaError, StoreUnavailableError
from jobs.model import Job
from jobs.stores.failures import Cause, FailureStore
from jobs.stores.listing import Place
from jobs.submit import Submitter

_AT_ONCE = 20
_LONGEST_S = 10.0
_MOMENT = timedelta(microseconds=1)

log = structlog.stdlib.get_logger(__name__)


class Causes(NamedTuple):
    """Causes, the one that was seen last first, and the place from which to go on; None where there are no more."""

    items: Sequence[Cause]
    following: Place | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Retried:
    """What became of a wish to run all that failed of a cause once more.

    `skipped` could not be: somebody was faster, another job has the unique key, or the owner may have no more jobs.
    Where time was up or a store went away, `remaining` are left (10,000 stand for any more; None: nobody knows), and
    `following` is where to go on.
    """

    retried: int
    skipped: int
    remaining: int | None = 0
    following: Place | None = None


class Failures:
    """The failed jobs, by what they failed of."""

    def __init__(self, *, store: FailureStore, submitter: Submitter, longest_s: float = _LONGEST_S) -> None:
        """Take so many seconds for a retry before the rest is left to the next call."""
        self._store = store
        self._submitter = submitter
        self._longest_s = longest_s

    async def causes(self, *, owner: str | None, since: datetime | None, after: Place | None, limit: int) -> Causes:
        """Give up to `limit` causes of an owner's failures; owner None: of everybody's."""
        found = await self._store.causes(owner=owner, since=since, after=after, limit=limit + 1)
        if len(found) <= limit:
            return Causes(found, None)
        last = found[limit - 1]
        return Causes(found[:limit], Place(last.last_seen, last.fingerprint))

    async def retry(self, fingerprint: str, *, owner: str | None, after: Place | None, by: Actor) -> Retried:
        """Run an owner's jobs (None: everybody's) that failed of this once more, the last to fail first.

        Each starts a new run as by hand, is written down so, and is in line, or will be when Redis is back. One that
        fails again while this goes on is not retried again, nor by going on from `following`. Raises NotFoundError
        where no job has failed of this, and where none was retried StoreUnavailableError or, if all of its owner's
        places are taken, QuotaError.
        """
        owners = await self._store.owners() if owner is None else [owner]
        until = asyncio.get_running_loop().time() + self._longest_s
        retried, skipped, place = 0, 0, after
        full: QuotaError | None = None
        while True:
            portion = await self._retry_portion(owners, fingerprint, place, by)
            retried, skipped, place = retried + portion.retried, skipped + portion.skipped, portion.following
            full = full or portion.full
            if portion.away is not None and not retried:
                raise portion.away
            if place is None:
                break
            if portion.away is not None or asyncio.get_running_loop().time() >= until:
                remaining = await self._remaining(owners, fingerprint, place)
                return Retried(retried=retried, skipped=skipped, remaining=remaining, following=place)
        if full is not None and not retried:
            raise full
        if after is None and not retried + skipped:
            raise NotFoundError(f"there is no job of yours that has failed of {fingerprint}")
        log.info("failures_retried", fingerprint=fingerprint, retried=retried, skipped=skipped)
        return Retried(retried=retried, skipped=skipped)

    async def _retry_portion(
        self, owners: Sequence[str], fingerprint: str, after: Place | None, by: Actor
    ) -> "_Portion":
        try:
            jobs = await self._store.members(owners, fingerprint, after=after, limit=_AT_ONCE)
        except StoreUnavailableError as error:
            return _Portion(following=after, away=error)
        firsts = {_name_of(job): job for job in reversed(jobs)}  # of a unique key only one may run
        outcomes = await asyncio.gather(*(self._rerun(job, by) for job in firsts.values()))
        away = next((outcome for outcome in outcomes if isinstance(outcome, StoreUnavailableError)), None)
        following = None
        if away is not None:  # those of this portion that were retried are no failures any more
            following = _before(jobs[0])
        elif len(jobs) == _AT_ONCE:
            following = _at(jobs[-1])
        full = next((outcome for outcome in outcomes if isinstance(outcome, QuotaError)), None)
        retried = outcomes.count(None)
        aways = sum(isinstance(outcome, StoreUnavailableError) for outcome in outcomes)
        return _Portion(retried, len(jobs) - retried - aways, following, away, full)

    async def _rerun(self, job: Job, by: Actor) -> ConflictError | QuotaError | StoreUnavailableError | None:
        try:
            await self._submitter.rerun(job, by=by)
        except (ConflictError, QuotaError, StoreUnavailableError) as error:
            return error
        return None

    async def _remaining(self, owners: Sequence[str], fingerprint: str, place: Place) -> int | None:
        try:
            return await self._store.count(owners, fingerprint, after=place)
        except StoreUnavailableError:
            return None


class _Portion(NamedTuple):
    """What became of some of the jobs; `away` is why the rest were not tried, `full` why some were skipped."""

    retried: int = 0
    skipped: int = 0
    following: Place | None = None
    away: StoreUnavailableError | None = None
    full: QuotaError | None = None


def _name_of(job: Job) -> Sequence[str]:
    return (job.id,) if job.unique_key is None else (job.task, job.owner, job.unique_key)


def _at(job: Job) -> Place:
    return Place(_end_of(job), job.id)


def _before(job: Job) -> Place:
    """Give a place that comes just before this job's."""
    return Place(_end_of(job) + _MOMENT, "")


def _end_of(job: Job) -> datetime:
    if job.finished_at is None:
        raise AssertionError("a failed job has an end")
    return job.finished_at
