"""The way in for batches: all jobs of one are accepted, by one commit, or none is."""

from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime

import structlog

from jobs.admit import Admitter
from jobs.batch import Batch
from jobs.batch_check import BatchSubmission, checked_follower, checked_members
from jobs.errors import ConflictError, KeyHeldError, StoreUnavailableError
from jobs.ids import new_job_id
from jobs.model import KeyUse
from jobs.outcome import superseded
from jobs.registry import TaskTable
from jobs.stores.batches import BatchStore, Members, NewBatch
from jobs.stores.bulk import Bulk
from jobs.stores.database import Connection, Database
from jobs.stores.queue import Queue, Room

log = structlog.stdlib.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmittedBatch:
    """A batch as it was accepted; `is_replayed`: once before."""

    batch: Batch
    is_replayed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredBatch:
    """A batch that is in PostgreSQL since `at`, and not in line yet."""

    batch: NewBatch
    at: datetime


class BatchSubmitter:
    """PostgreSQL first, then Redis, like for a single job. PostgreSQL must be there: it alone can take all or none."""

    def __init__(
        self,
        *,
        tasks: TaskTable,
        database: Database,
        batches: BatchStore,
        queue: Queue,
        bulk: Bulk,
        admitter: Admitter,
    ) -> None:
        self._database = database
        self._tasks = tasks
        self._batches = batches
        self._queue = queue
        self._bulk = bulk
        self._admitter = admitter

    async def submit(
        self, asked: BatchSubmission, *, batch_id: str | None = None, use: KeyUse | None = None
    ) -> SubmittedBatch:
        """Accept a batch, under an id of the caller's where it has an idempotency key.

        Raises InvalidInputError, ConflictError where another job has a unique key of one of these, QuotaError where not
        all of them may be accepted, StoreUnavailableError where PostgreSQL is away, and KeyHeldError.
        """
        return await self.enqueue(await self.accept(asked, batch_id=batch_id, use=use))

    async def accept(
        self,
        asked: BatchSubmission,
        *,
        batch_id: str | None = None,
        use: KeyUse | None = None,
        connection: Connection | None = None,
    ) -> StoredBatch:
        """Check and store a batch, in the caller's transaction if he has one; he calls `enqueue` once it is committed.

        Raises what `submit` does.
        """
        name = batch_id or new_job_id()
        follower = None
        if asked.on_complete is not None:
            follower = checked_follower(asked.on_complete, self._tasks, batch_id=name)
        members = await checked_members(asked, self._tasks)
        await self._check_names(members, owner=asked.owner)
        batch = NewBatch(id=name, owner=asked.owner, name=asked.name, members=members, on_complete=follower, use=use)
        room = Room(asked.owner, name, len(members.ids))
        if await self._admitter.admit_all(room, connection=connection):
            at = await self._store(batch, room, connection)
        else:
            async with self._database.transaction() if connection is None else nullcontext(connection) as counting:
                await self._admitter.count_all(room, connection=counting)
                at = await self._batches.insert(batch, connection=counting)
        if at is None:
            raise KeyHeldError("no job was stored")
        return StoredBatch(batch=batch, at=at)

    async def enqueue(self, stored: StoredBatch) -> SubmittedBatch:
        """Put the jobs of a stored batch in line. What Redis does not take stays `accepted` and is put there later."""
        batch, at = stored.batch, stored.at
        lined = await self._bulk.line_up(batch, at=at)
        if lined.holders:
            await self._supersede(batch, lined.holders)
        return SubmittedBatch(batch=batch.accepted(at=at, counts=lined.counts))

    async def _store(self, batch: NewBatch, room: Room, connection: Connection | None) -> datetime | None:
        at = None
        try:
            at = await self._batches.insert(batch, connection=connection)
        finally:
            if at is None:
                await self._admitter.release_all(room)
        return at

    async def _check_names(self, members: Members, *, owner: str) -> None:
        """Raise ConflictError where an unfinished job has a unique key of these. While Redis is away, nobody knows."""
        names = {
            (members.terms[term - 1].task, owner, unique_key): place
            for place, (term, unique_key) in enumerate(zip(members.places, members.unique_keys, strict=True))
            if unique_key is not None
        }
        if not names:
            return
        try:
            holders = await self._queue.holders(list(names))
        except StoreUnavailableError as error:
            log.warning("unique_keys_not_checked", reason=str(error))
            return
        for name, holder in holders.items():
            raise ConflictError(
                f"job {holder} has the unique key of /jobs/{names[name]}; wait for its end, or cancel it"
            )

    async def _supersede(self, batch: NewBatch, holders: Mapping[str, str]) -> None:
        """End those whose unique key somebody was faster to take. Who is not told of it here is found by a steward."""
        tasks = {
            job_id: batch.members.terms[term - 1].task
            for job_id, term in zip(batch.members.ids, batch.members.places, strict=True)
            if job_id in holders
        }
        failures = {job_id: superseded(tasks[job_id], holder) for job_id, holder in holders.items()}
        try:
            await self._batches.supersede(batch.id, failures)
        except StoreUnavailableError as error:
            log.warning("jobs_not_superseded", batch=batch.id, reason=str(error))
