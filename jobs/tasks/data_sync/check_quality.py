"""`check_quality`: what follows a batch of syncs, its quality report. The reports of its files are there already."""

from typing import Any

from jobs.context import JobContext
from jobs.errors import JobFailedError, StoreUnavailableError
from jobs.registry import Task
from jobs.retry import Backoff, RetryPolicy
from jobs.tasks.data_sync.quality import QualityStore


async def check_quality(context: JobContext, batch_id: str) -> dict[str, Any]:
    """Make the quality report of a batch of syncs of the same owner; gives it, with how many files were measured."""
    made = await QualityStore(context.site.database).measure_batch(batch_id, owner=context.job.owner)
    if made is None:
        raise JobFailedError(f"there is no batch {batch_id} of syncs")
    files, measured, report = made
    return {"batch_id": batch_id, "files": files, "files_measured": measured, "quality": report.as_mapping()}


CHECK_QUALITY = Task(
    name="check_quality",
    function=check_quality,
    queue="data_sync",
    timeout_s=300,
    max_tries=5,
    retry=RetryPolicy(retry_on=(StoreUnavailableError,), backoff=Backoff(base_s=2, cap_s=60)),
)
