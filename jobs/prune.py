"""Drops from PostgreSQL what is so old that nobody asks for it: jobs and batches that have ended, and who did what."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog

from jobs.stores.audit import AuditLog
from jobs.stores.batches import BatchStore
from jobs.stores.jobs import JobStore

AT_ONCE = 500
_PAUSE_S = 0.2  # between two steps, so that others come to their writes and to the disk

log = structlog.stdlib.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pruned:
    """How many rows were dropped."""

    jobs: int
    audit: int


class Pruner:
    """Any number may be at it: each takes rows that no other is at, a few hundred in a transaction of its own."""

    def __init__(self, *, jobs: JobStore, batches: BatchStore, days: int, audit: AuditLog, audit_days: int) -> None:
        """Keep what ended within so many days, and what somebody did within others; 0: everything."""
        self._jobs = jobs
        self._batches = batches
        self._days = days
        self._audit = audit
        self._audit_days = audit_days

    async def prune_all(self, tell: Callable[[int], None] = lambda _: None) -> Pruned:
        """Drop all that is old, in small steps; `tell` hears after each how much is gone.

        Raises StoreUnavailableError; what is gone by then stays gone.
        """
        jobs = await in_steps(self.prune, tell)
        audit = await in_steps(self.prune_audit, lambda dropped: tell(jobs + dropped))
        return Pruned(jobs=jobs, audit=audit)

    async def prune(self) -> int:
        """Drop the oldest jobs, a few hundred at most, and batches without any; give how many jobs there were."""
        if not self._days:
            return 0
        dropped = await self._jobs.drop_ended(older_than_days=self._days, limit=AT_ONCE)
        await self._batches.drop_old(older_than_days=self._days, limit=AT_ONCE)
        if dropped:
            log.info("jobs_pruned", amount=dropped)
        return dropped

    async def prune_audit(self) -> int:
        """Drop the oldest entries of the audit log; like `prune`."""
        if not self._audit_days:
            return 0
        dropped = await self._audit.drop_old(older_than_days=self._audit_days, limit=AT_ONCE)
        if dropped:
            log.info("audit_pruned", amount=dropped)
        return dropped


async def in_steps(step: Callable[[], Awaitable[int]], tell: Callable[[int], None]) -> int:
    """Take steps of some hundred rows until one finds less; give how many rows there were."""
    total = 0
    while dropped := await step():
        total += dropped
        tell(total)
        if dropped < AT_ONCE:
            break
        await asyncio.sleep(_PAUSE_S)
    return total
