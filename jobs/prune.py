"""Drops from PostgreSQL what is so old that nobody asks for it: jobs and batches that have ended, and who did what."""

import asyncio

import structlog

from jobs.errors import StoreUnavailableError
from jobs.stores.audit import AuditLog
from jobs.stores.batches import BatchStore
from jobs.stores.jobs import JobStore

_EVERY_S = 60.0
_AT_ONCE = 500
_PAUSE_S = 0.2

log = structlog.stdlib.get_logger(__name__)


class Pruner:
    """A loop that any number of stewards may run: each takes rows that no other is at."""

    def __init__(self, *, jobs: JobStore, batches: BatchStore, days: int, audit: AuditLog, audit_days: int) -> None:
        """Keep what ended within so many days, and what somebody did within others; 0: everything."""
        self._jobs = jobs
        self._batches = batches
        self._days = days
        self._audit = audit
        self._audit_days = audit_days

    async def run(self) -> None:
        """Prune until cancelled. PostgreSQL being away is no reason to stop."""
        while True:
            dropped = 0
            try:
                dropped = max(await self.prune(), await self.prune_audit())
            except StoreUnavailableError as error:
                log.warning("pruning_postponed", reason=str(error))
            await asyncio.sleep(_PAUSE_S if dropped == _AT_ONCE else _EVERY_S)

    async def prune(self) -> int:
        """Drop the oldest jobs, a few hundred at most, and batches without any; give how many jobs there were."""
        if not self._days:
            return 0
        dropped = await self._jobs.drop_ended(older_than_days=self._days, limit=_AT_ONCE)
        await self._batches.drop_old(older_than_days=self._days, limit=_AT_ONCE)
        if dropped:
            log.info("jobs_pruned", amount=dropped)
        return dropped

    async def prune_audit(self) -> int:
        """Drop the oldest entries of the audit log; like `prune`."""
        if not self._audit_days:
            return 0
        dropped = await self._audit.drop_old(older_than_days=self._audit_days, limit=_AT_ONCE)
        if dropped:
            log.info("audit_pruned", amount=dropped)
        return dropped
