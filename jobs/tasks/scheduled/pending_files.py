"""`sync_pending_files`: files that nobody has asked to sync, or that are due again, are synced all the same."""

from collections.abc import Sequence
from typing import Any, Final

from jobs.batch_check import checked_follower, checked_members
from jobs.context import JobContext
from jobs.errors import StoreUnavailableError
from jobs.ids import new_job_id
from jobs.model import Job
from jobs.registry import Task, TaskTable
from jobs.retry import Backoff, RetryPolicy
from jobs.stores.batches import BatchStore, NewBatch
from jobs.tasks.data_sync.check_quality import CHECK_QUALITY
from jobs.tasks.data_sync.claims import Claims, Wanted
from jobs.tasks.data_sync.many import batch_of
from jobs.tasks.data_sync.task import SYNC_FILE
from jobs.timetable import OWNER

MOST_AT_ONCE: Final = 50

_TASKS: Final = TaskTable([SYNC_FILE, CHECK_QUALITY])


async def sync_pending_files(context: JobContext) -> dict[str, Any]:
    """Accept a batch of syncs of the oldest due files, up to 50, of any owner; gives its id, and how many they are.

    The jobs are the system's, which has no quota. They are stored with the claims, and put in line like whatever was
    accepted while Redis was away, some ten seconds later.
    """
    claims, database = Claims(_as_written), context.site.database
    async with database.transaction() as connection:
        taken = await claims.due(Wanted(), owner=None, most=MOST_AT_ONCE, connection=connection)
        if not taken.files:
            return {"batch_id": None, "files": 0}
        asked, batch_id = batch_of(taken.files, owner=OWNER), new_job_id()
        members = await checked_members(asked, _TASKS)
        follower = None
        if asked.on_complete is not None:
            follower = checked_follower(asked.on_complete, _TASKS, batch_id=batch_id)
        batch = NewBatch(id=batch_id, owner=OWNER, name=asked.name, members=members, on_complete=follower)
        await BatchStore(database).insert(batch, connection=connection)
        await claims.hold(taken.files, members.ids, connection=connection)
        await claims.note(OWNER, batch_id=batch_id, files=len(taken.files), connection=connection)
    return {"batch_id": batch_id, "files": len(taken.files)}


async def _as_written(jobs: Sequence[Job]) -> Sequence[Job]:
    """Take the history's word: a file whose job has ended since is left to the next time."""
    return jobs


SYNC_PENDING_FILES = Task(
    name="sync_pending_files",
    function=sync_pending_files,
    queue="scheduled",
    timeout_s=300,
    max_tries=3,
    retry=RetryPolicy(retry_on=(StoreUnavailableError,), backoff=Backoff(base_s=30, cap_s=300)),
    system_only=True,
)
