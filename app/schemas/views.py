"""What the API shows of the engine's records: plain mappings, made here and nowhere else."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from jobs.audit import AuditEntry
from jobs.batch import Batch
from jobs.change import Change
from jobs.codec import embed
from jobs.model import Job, State, Try, Waiting
from jobs.overview import QueueOverview
from jobs.planned import Plan
from jobs.registry import Task
from jobs.scoring import Band
from jobs.stores.failures import Cause
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


def try_view(one: Try) -> View:
    """Show a try of a job, to whoever may see the job: its traceback too."""
    return {
        "run": one.run,
        "try": one.number,
        "worker": one.worker,
        "started_at": one.started_at,
        "finished_at": one.finished_at,
        "outcome": one.outcome,
        "error": None if one.error is None else one.error.as_mapping(),
        "traceback": one.traceback,
    }


def cause_view(cause: Cause) -> View:
    """Show what jobs have failed of."""
    return {
        "fingerprint": cause.fingerprint,
        "task": cause.task,
        "error": {"type": cause.failure.type, "message": cause.failure.message},
        "count": cause.count,
        "is_counted": cause.is_counted,
        "owners": cause.owners,
        "first_seen": cause.first_seen,
        "last_seen": cause.last_seen,
        "job_id": cause.latest,
    }


def change_view(change: Change) -> View:
    """Show what an event has changed of a job, each field under its name in `job_view`; `seq` rises with each event."""
    told = change.told
    if change.state is None:
        return {"id": change.job_id, "run": change.run, "progress": embed(told["progress"].encode())}
    at = datetime.fromtimestamp(change.at_ms / 1000, UTC)
    view = {"id": change.job_id, "run": change.run, "seq": change.version, "state": change.state, "at": at}
    if "try" in told:
        view["tries"] = int(told["try"])
    return {**view, **_changed(change, at)}


def _changed(change: Change, at: datetime) -> View:
    """Show what goes with the state."""
    told = change.told
    outcome = {name: embed(told[name].encode()) if name in told else None for name in ("result", "error")}
    if change.is_end:
        return {"finished_at": at, **outcome}
    if "owner" in told:  # it was put in line, perhaps once more
        told_once = {"task": told["task"], "queue": told["q"], "owner": told["owner"]}
        return {**told_once, "started_at": None, "finished_at": None, "progress": None, **outcome}
    if change.state is State.RUNNING:
        # A start that had been lost sight of goes on; any other begins with nothing.
        return {"started_at": at} if "fence" in told else {"started_at": at, "progress": None}
    return {"error": outcome["error"]} if "error" in told else {}


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


def audit_view(entry: AuditEntry) -> View:
    """Show what somebody did."""
    return asdict(entry)


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


def schedule_view(plan: Plan) -> View:
    """Show when a schedule is due, when it was, and what became of its latest job."""
    schedule, row, job = plan.schedule, plan.row, plan.last_job
    return {
        "name": schedule.name,
        "task": schedule.task,
        "cron": schedule.cron,
        "every_s": schedule.every_s,
        "timezone": schedule.timezone,
        "make_up": schedule.make_up,
        "overlap": schedule.overlap,
        "next_due_at": row.next_due_at,
        "last_due_at": row.last_due_at,
        "last_job": None if job is None else {"id": job.id, "state": job.state},
        "fired": row.fired,
        "missed": row.missed,
        "overlapped": row.overlapped,
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
