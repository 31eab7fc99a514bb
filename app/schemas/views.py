"""What the API shows of the engine's records: plain mappings, made here and nowhere else."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from jobs.batch import Batch
from jobs.model import Job, Waiting
from jobs.overview import QueueOverview
from jobs.registry import Task
from jobs.scoring import Band
from jobs.stores.presence import WorkerProcess
from jobs.tasks.data_sync.model import CatalogueFile, Template
from jobs.tasks.data_sync.progress import SyncProgress

View = Mapping[str, Any]


def job_view(job: Job, waiting: Waiting | None = None) -> View:
    """Show a job, with `waiting` where that was looked for."""
    return {
        "id": job.id,
        "task": job.task,
        "queue": job.queue,
        "owner": job.owner,
        "state": job.state,
        "priority": job.priority,
        "args": job.args,
        "tags": job.tags,
        "unique_key": job.unique_key,
        "batch_id": job.batch_id,
        "run": job.run,
        "tries": job.tries,
        "max_tries": job.max_tries,
        "timeout_s": job.timeout_s,
        "accepted_at": job.accepted_at,
        "run_at": job.run_at,
        "started_at": job.started_at,
        "finished_at": job.finished_at,
        "progress": None if job.progress is None else job.progress.as_mapping(),
        "result": job.result,
        "error": None if job.error is None else job.error.as_mapping(),
        "waiting": None if waiting is None else asdict(waiting),
        "durability": job.durability,
    }


def batch_view(batch: Batch) -> View:
    """Show a batch, with the states that a job of it is in."""
    return {
        "id": batch.id,
        "name": batch.name,
        "total": batch.total,
        "counts": batch.counts,
        "state": batch.state,
        "created_at": batch.created_at,
        "finished_at": batch.finished_at,
        "on_complete_job_id": batch.on_complete_job_id,
    }


def queue_view(queue: QueueOverview) -> View:
    """Show how a queue does. Those that run hold an entry among the timed ones; it is taken off here."""
    entries, glance = queue.entries, queue.glance
    return {
        "name": queue.name,
        "paused": glance.paused_ms is not None,
        "ready": entries[Band.READY] + entries[Band.FOREIGN],
        "delayed": max(entries[Band.TIMED] - queue.running, 0),
        "parked": entries[Band.PARKED],
        "quarantined": entries[Band.QUARANTINE],
        "running": queue.running,
        "slots": queue.slots,
        "workers": queue.workers,
        "oldest_wait_s": glance.oldest_wait_s,
        "started_per_s": round(glance.started_per_s, 3),
    }


def worker_view(worker: WorkerProcess) -> View:
    """Show a worker process."""
    return asdict(worker)


def task_view(task: Task) -> View:
    """Show what a submitter has to know of a task."""
    return {
        "name": task.name,
        "queue": task.queue,
        "queues": task.queues,
        "timeout_s": task.timeout_s,
        "max_tries": task.max_tries,
        "args": task.arguments.schema,
    }


def template_view(template: Template) -> View:
    """Show a template."""
    layout = template.layout
    return {
        "id": template.id,
        "platform": template.source.platform,
        "domain": template.source.domain,
        "sub_domain": template.source.sub_domain or None,
        "granularity": template.source.granularity,
        "version": template.version,
        "state": template.state,
        "header_row": layout.header_row,
        "fields": layout.fields,
        "key_fields": layout.key_fields,
        "required_fields": layout.required_fields,
        "date_rule": {"field": layout.date_rule.field, "format": layout.date_rule.format},
        "repeats": template.repeats,
        "created_at": template.created_at,
    }


def file_view(file: CatalogueFile) -> View:
    """Show a file. Where its bytes lie is nobody's business."""
    return {
        "id": file.id,
        "sha256": file.sha256,
        "name": file.name,
        "format": file.format,
        "size": file.size,
        "platform": file.source.platform,
        "shop_id": file.shop_id,
        "domain": file.source.domain,
        "sub_domain": file.source.sub_domain or None,
        "granularity": file.source.granularity,
        "date_from": file.date_from,
        "date_to": file.date_to,
        "owner": file.owner,
        "state": file.state,
        "task_id": file.job_id,
        "last_error": file.last_error,
        "created_at": file.created_at,
    }


def sync_view(progress: SyncProgress) -> View:
    """Show how far a sync is. `quality` is part of the shape and null until it is measured."""
    files = progress.files
    return {
        "task_id": progress.task_id,
        "state": progress.state,
        "files": {
            "total": files.total,
            "processed": files.processed,
            "succeeded": files.succeeded,
            "failed": files.failed,
            "skipped": files.skipped,
        },
        "rows": progress.rows,
        "percent": progress.percent,
        "current_file": progress.current_file,
        "errors": [asdict(error) for error in progress.errors],
        "errors_total": progress.errors_total,
        "quality": None,
    }
