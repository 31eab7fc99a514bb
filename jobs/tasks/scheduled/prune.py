"""`prune_history`: what is older than the settings say is dropped. What is dropped, and how, is elsewhere."""

from dataclasses import asdict
from functools import partial

from jobs.context import JobContext
from jobs.prune import AT_ONCE, Pruner, in_steps
from jobs.registry import Task
from jobs.retry import Backoff, RetryPolicy
from jobs.stores.audit import AuditLog
from jobs.stores.batches import BatchStore
from jobs.stores.jobs import JobStore
from jobs.tasks.data_processing.media import Media
from jobs.tasks.data_processing.retention import Retention
from jobs.tasks.scheduled.alerts import AlertStore


async def prune_history(context: JobContext) -> dict[str, int]:
    """Drop old jobs, batches, closed alerts, entries of the audit log, images and profiles; give how many of each.

    JOBS_HISTORY_DAYS 0 keeps all, of the audit log JOBS_AUDIT_DAYS 0, of images and profiles JOBS_IMAGES_DAYS 0. An
    image goes before its files, so that one that was stopped leaves no image without them; the next run finds those.
    """
    settings, database = context.site.settings, context.site.database
    pruner = Pruner(
        jobs=JobStore(database),
        batches=BatchStore(database),
        days=settings.history_days,
        audit=AuditLog(database),
        audit_days=settings.audit_days,
    )
    pruned = await pruner.prune_all(lambda dropped: context.progress(dropped, None, "dropping"))
    alerts = AlertStore(database)

    async def drop_alerts() -> int:
        days = settings.history_days
        return await alerts.drop_closed(older_than_days=days, limit=AT_ONCE) if days else 0

    retention = Retention(database, Media(settings.media_folder), days=settings.images_days)
    return {
        **asdict(pruned),
        "alerts": await in_steps(drop_alerts, lambda _: None),
        "images": await in_steps(partial(retention.drop_images, limit=AT_ONCE), lambda _: None),
        "profiles": await in_steps(partial(retention.drop_profiles, limit=AT_ONCE), lambda _: None),
        "image_files": await retention.drop_files(),
    }


PRUNE_HISTORY = Task(
    name="prune_history",
    function=prune_history,
    queue="scheduled",
    timeout_s=3_000,  # the next run goes on where this one was stopped
    max_tries=3,
    retry=RetryPolicy(backoff=Backoff(base_s=10, cap_s=300)),
    typical_s=1,
    system_only=True,
)
