"""Brings a Redis that was emptied, or went back in time, to where PostgreSQL says that the jobs are."""

import asyncio
import secrets
import time
from dataclasses import dataclass
from datetime import UTC, datetime

import structlog

from jobs.mend import Doubt, Mender
from jobs.model import Job
from jobs.pause import Pauses
from jobs.quotas import Quotas
from jobs.scribe import Scribe
from jobs.settings import JobsSettings
from jobs.side_by_side import side_by_side
from jobs.stores.both import Both
from jobs.stores.mark import Found
from jobs.stores.queue import MOST_AT_ONCE
from jobs.stores.remains import Sight
from jobs.stores.site import Beat, SiteStore
from jobs.strays import Strays

_AT_ONCE = 50  # entries: Redis would not give many more in time where each has a large result
_KEPT_EACH_S = 1.0
_SETTLE_LOOK_S = 0.2
_TICK_AGE_MS = 60_000

log = structlog.stdlib.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Page:
    """Some jobs, how Redis has them, and which of them are to be settled."""

    jobs: list[Job]
    sight: Sight
    doubts: list[Doubt]


class Rebuilder:
    """To be used by the one steward that has the lease.

    Nothing is claimed meanwhile; what runs goes on, renews and ends. It may be broken off anywhere: the site counts as
    not in order until it is done, so that the next one begins anew.
    """

    def __init__(
        self,
        both: Both,
        *,
        site: SiteStore,
        mender: Mender,
        scribe: Scribe,
        strays: Strays,
        copies: "Copies",
    ) -> None:
        self._both = both
        self._site = site
        self._mender = mender
        self._scribe = scribe
        self._strays = strays
        self._copies = copies
        self._kept_s = 0.0
        self.went_on: float | None = None  # when it last did, by the monotonic clock
        self._written = b"0-0"

    async def rebuild(self, beat: Beat, found: Found) -> None:
        """Do it. Raises StoreUnavailableError where a store is away, the lease is lost, or Redis changes meanwhile."""
        began = time.monotonic()
        epoch = f"{beat.site.site_id}:{secrets.token_hex(8)}"
        await self._site.begin(epoch)
        await self._both.mark.hold(epoch=epoch)
        self._kept_s, self._written = began, b"0-0"
        await self._copies.restore()
        await self._write_history()
        forgotten = 0 if found.tick is None else await self._forget(found.tick)
        restored, queues = await self._restore(epoch)
        async for _ in self._strays.look_at_all():
            await self._keep()
        if restored or _may_run_unknown(beat, found):
            await self._let_renew()
        await self._site.finish(found.server)
        await self._both.mark.stamp(beat.site.tick, found.server)
        await self._both.mark.go_on(queues)
        took_s = round(time.monotonic() - began, 2)
        log.warning("redis_rebuilt", epoch=epoch, restored=restored, forgotten=forgotten, took_s=took_s)

    async def _write_history(self) -> None:
        """Write all that the stream still has, whoever has read it before, from where the last call ended."""
        while entries := await self._both.events.after(self._written, most=_AT_ONCE):
            async for _ in self._scribe.write(entries):
                await self._keep()
            await self._both.events.confirm(entries)  # of some, the word that they had been written is lost
            self._written = entries[-1].id

    async def _forget(self, found_tick: int) -> int:
        """Take out of Redis what had ended when it, or its copy, had not heard of it."""
        moment, after, forgotten = _moment(found_tick - _TICK_AGE_MS), "", 0
        while ends := await self._both.jobs.ended_since(moment, after=after, limit=MOST_AT_ONCE):
            forgotten += await self._both.remains.forget(ends)
            moment, after = ends[-1].finished_at, ends[-1].id
            await self._keep()
        return forgotten

    async def _restore(self, epoch: str) -> tuple[int, set[str]]:
        """Put in line what Redis does not have, owner by owner, as it was accepted: so everybody keeps his place.

        While that is done with a page, the next is looked at: the stores and this process would wait for each other.
        """
        restored, queues = 0, set(self._copies.queues)
        page = await self._look_on(after=None)
        while page.jobs:
            queues.update(job.queue for job in page.jobs)
            settled, page = await side_by_side(
                self._mender.settle(page.doubts, page.sight, epoch=epoch), self._look_on(after=page.jobs[-1])
            )
            restored += settled
            await self._keep()
        return restored, queues

    async def _look_on(self, *, after: Job | None) -> "_Page":
        """Look at the next jobs, once all is written that was told before; mend what is plain."""
        await self._write_history()
        jobs = await self._both.jobs.unfinished(after=after, older_than_s=0, limit=MOST_AT_ONCE)
        if wished := [job for job in jobs if job.cancel_requested_at is not None]:
            await self._both.queue.cancel(wished)
        sight = await self._both.remains.look([(job.id, job.run) for job in jobs])
        return _Page(jobs=jobs, sight=sight, doubts=await self._mender.mend(jobs, sight))

    async def _let_renew(self) -> None:
        """Wait until every worker that lives has had two renewals' time: so what it runs is its own again."""
        until = time.monotonic() + self._copies.settle_s
        while time.monotonic() < until:
            await asyncio.sleep(_SETTLE_LOOK_S)
            await self._keep()

    async def _keep(self) -> None:
        self.went_on = time.monotonic()
        if time.monotonic() - self._kept_s > _KEPT_EACH_S:
            await self._site.keep()
            await self._both.mark.hold()
            self._kept_s = time.monotonic()


class Copies:
    """What Redis has a copy of beside the jobs, and has lost with them: pauses and quotas."""

    def __init__(self, *, pauses: Pauses, quotas: Quotas, settings: JobsSettings, queues: tuple[str, ...]) -> None:
        self._pauses = pauses
        self._quotas = quotas
        self.queues = queues
        self.settle_s = min(2 * settings.renew_ms, settings.lease_ms) / 1000

    async def restore(self) -> None:
        """Write them again."""
        await self._pauses.copy()
        await self._quotas.copy()


def _may_run_unknown(beat: Beat, found: Found) -> bool:
    """Say whether jobs may run of which Redis, as it was found, does not know that, or where."""
    if found.tick is not None and found.tick < beat.former_tick:
        return True
    # Who was broken off may have restored jobs, and not have waited for their workers.
    return beat.site.rebuilt_at is None and beat.site.epoch is not None and found.epoch is not None


def _moment(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC)
