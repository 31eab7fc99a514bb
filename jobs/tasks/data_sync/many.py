"""Syncs of many files: a batch, one job a file."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from jobs.batch import Batch
from jobs.batch_check import BatchSubmission
from jobs.batch_submit import BatchSubmitter, StoredBatch
from jobs.errors import NotFoundError, QuotaError
from jobs.find import JobFinder
from jobs.model import DEFAULT_PRIORITY, Job
from jobs.stores.database import Connection, Database
from jobs.submission import Submission
from jobs.tasks.data_sync.check_quality import CHECK_QUALITY
from jobs.tasks.data_sync.claims import Claims, Taken, Wanted
from jobs.tasks.data_sync.task import SYNC_FILE

MOST_AT_ONCE: Final = 10_000  # files of one batch
NAME: Final = "data-sync"


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """What a submission led to. `batch` is None where there was no file to sync.

    `busy` are the unfinished jobs of files that were asked for by their ids, `missing` those ids of which there is no
    file, `remaining` how many due files are left because of the owner's quota.
    """

    batch: Batch | None
    files: Sequence[UUID] = ()
    busy: dict[UUID, Job] | None = None
    missing: Sequence[UUID] = ()
    remaining: int = 0


def batch_of(files: Sequence[UUID], *, owner: str, priority: int = DEFAULT_PRIORITY) -> BatchSubmission:
    """Ask for a sync of each file, and for the quality report of all when they have ended."""
    jobs = [
        Submission(task=SYNC_FILE.name, args={"file_id": str(file_id)}, owner=owner, priority=priority)
        for file_id in files
    ]
    follower = Submission(task=CHECK_QUALITY.name, args={}, owner=owner, priority=priority)
    return BatchSubmission(owner=owner, jobs=jobs, name=NAME, on_complete=follower)


class ManyFiles:
    """Claims files and submits a batch of their syncs, in one transaction: each file gets one job, whoever else asks.

    The jobs belong to who submits. `sees` is whose files may be taken, None for anybody's.
    """

    def __init__(self, *, database: Database, finder: JobFinder, submitter: BatchSubmitter) -> None:
        self._database = database
        self._claims = Claims(finder.refresh)
        self._submitter = submitter

    async def due(
        self, wanted: Wanted, *, owner: str, sees: str | None, most: int, priority: int = DEFAULT_PRIORITY
    ) -> Begun:
        """Sync up to so many due files, oldest first. Raises QuotaError where not all of them may be accepted."""
        async with self._database.transaction() as connection:
            taken = await self._claims.due(wanted, owner=sees, most=most, connection=connection)
            if not taken.files:
                return Begun(batch=None)
            stored = await self._accept(taken.files, owner=owner, priority=priority, connection=connection)
        return Begun(batch=await self._enqueued(stored), files=taken.files)

    async def named(
        self, file_ids: Sequence[UUID], *, owner: str, sees: str | None, priority: int = DEFAULT_PRIORITY
    ) -> Begun:
        """Sync these files, but those that an unfinished job has. Raises NotFoundError where none of them is there."""
        wanted = list(dict.fromkeys(file_ids))
        async with self._database.transaction() as connection:
            taken = await self._claims.named(wanted, owner=sees, connection=connection)
            there = {*taken.files, *taken.busy}
            if not there:
                raise NotFoundError("there is none of these files")
            missing = [file_id for file_id in wanted if file_id not in there]
            if not taken.files:
                return Begun(batch=None, busy=taken.busy, missing=missing)
            stored = await self._accept(taken.files, owner=owner, priority=priority, connection=connection)
        batch = await self._enqueued(stored)
        return Begun(batch=batch, files=taken.files, busy=taken.busy, missing=missing)

    async def all(self, *, owner: str, sees: str | None, priority: int = DEFAULT_PRIORITY) -> Begun:
        """Sync every due file whose template is published, as many of them as the owner's quota takes.

        Raises QuotaError where it takes none.
        """
        async with self._database.transaction() as connection:
            wanted = Wanted(has_template=True)
            taken = await self._claims.due(wanted, owner=sees, most=MOST_AT_ONCE, connection=connection)
            if not taken.files:
                return Begun(batch=None)
            files, stored = await self._accept_as_many(taken, owner=owner, priority=priority, connection=connection)
        batch = await self._enqueued(stored)
        return Begun(batch=batch, files=files, remaining=len(taken.files) - len(files))

    async def _accept_as_many(
        self, taken: Taken, *, owner: str, priority: int, connection: Connection
    ) -> tuple[Sequence[UUID], StoredBatch]:
        """Accept all, or where that is more than the owner may have, as many as he is told that he may."""
        files = taken.files
        while True:
            try:
                return files, await self._accept(files, owner=owner, priority=priority, connection=connection)
            except QuotaError as error:
                if not error.free:
                    raise
                files = files[: min(error.free, len(files) - 1)]  # fewer each time: he may submit elsewhere meanwhile

    async def _accept(self, files: Sequence[UUID], *, owner: str, priority: int, connection: Connection) -> StoredBatch:
        asked = batch_of(files, owner=owner, priority=priority)
        stored = await self._submitter.accept(asked, connection=connection)
        await self._claims.hold(files, stored.batch.members.ids, connection=connection)
        await self._claims.note(owner, batch_id=stored.batch.id, files=len(files), connection=connection)
        return stored

    async def _enqueued(self, stored: StoredBatch) -> Batch:
        return (await self._submitter.enqueue(stored)).batch
