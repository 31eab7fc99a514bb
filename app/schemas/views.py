"""What the API shows of the engine's records: plain mappings of the shapes beside it, made nowhere else."""

from collections.abc import Mapping
from datetime import UTC, datetime

from app.schemas.shapes.audit import AuditView
from app.schemas.shapes.batches import BatchView
from app.schemas.shapes.data_sync import FileView, SyncView, TemplateView
from app.schemas.shapes.failures import CauseView
from app.schemas.shapes.jobs import ChangeView, FailureView, JobView, ProgressView, TaskView, TryView, WaitingView
from app.schemas.shapes.queues import QueueView, WorkerView
from app.schemas.shapes.schedules import ScheduleView
from jobs.audit import AuditEntry
from jobs.batch import Batch
from jobs.change import Change
from jobs.codec import embed
from jobs.model import Failure, Job, Progress, State, Try, Waiting
from jobs.overview import QueueOverview
from jobs.planned import Plan
from jobs.registry import Task
from jobs.scoring import Band
from jobs.stores.failures import Cause
from jobs.stores.presence import WorkerProcess
from jobs.tasks.data_sync.model import CatalogueFile, Template
from jobs.tasks.data_sync.progress import SyncProgress


def job_view(job: Job, waiting: Waiting | None = None) -> JobView:
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
        "progress": None if job.progress is None else _progress(job.progress),
        "result": job.result,
        "error": None if job.error is None else _failure(job.error),
        "waiting": None if waiting is None else _waiting(waiting),
        "durability": job.durability,
    }


def try_view(one: Try) -> TryView:
    """Show a try of a job, to whoever may see the job: its traceback too."""
    return {
        "run": one.run,
        "try": one.number,
        "worker": one.worker,
        "started_at": one.started_at,
        "finished_at": one.finished_at,
        "outcome": one.outcome,
        "error": None if one.error is None else _failure(one.error),
        "traceback": one.traceback,
    }


def cause_view(cause: Cause) -> CauseView:
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


def change_view(change: Change) -> ChangeView:
    """Show what an event has changed of a job, each field under its name in `job_view`; `seq` rises with each event."""
    told = change.told
    view: ChangeView = {"id": change.job_id, "run": change.run}
    if change.state is None:
        view["progress"] = _embedded(told, "progress")
        return view
    at = datetime.fromtimestamp(change.at_ms / 1000, UTC)
    view["seq"], view["state"], view["at"] = change.version, change.state, at
    if "try" in told:
        view["tries"] = int(told["try"])
    _add_changed(view, change, at)
    return view


def _add_changed(view: ChangeView, change: Change, at: datetime) -> None:
    """Show what goes with the state."""
    told, is_put_in_line = change.told, "owner" in change.told  # perhaps once more
    if change.is_end or is_put_in_line:
        view["result"], view["error"] = _embedded(told, "result"), _embedded(told, "error")
    if change.is_end:
        view["finished_at"] = at
    elif is_put_in_line:
        view["task"], view["queue"], view["owner"] = told["task"], told["q"], told["owner"]
        view["started_at"] = view["finished_at"] = view["progress"] = None
    elif change.state is State.RUNNING:
        view["started_at"] = at
        if "fence" not in told:  # a start that had been lost sight of goes on; any other begins with nothing
            view["progress"] = None
    elif "error" in told:
        view["error"] = _embedded(told, "error")


def batch_view(batch: Batch) -> BatchView:
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


def queue_view(queue: QueueOverview) -> QueueView:
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


def worker_view(worker: WorkerProcess) -> WorkerView:
    """Show a worker process."""
    return {
        "name": worker.name,
        "host": worker.host,
        "pid": worker.pid,
        "version": worker.version,
        "started_at": worker.started_at,
        "queues": {name: {"slots": crew.slots, "running": crew.running} for name, crew in worker.queues.items()},
        "tasks": worker.tasks,
    }


def audit_view(entry: AuditEntry) -> AuditView:
    """Show what somebody did."""
    return {
        "id": entry.id,
        "at": entry.at,
        "actor": entry.actor,
        "action": entry.action,
        "object_type": entry.object_type,
        "object_id": entry.object_id,
        "outcome": entry.outcome,
        "request_id": entry.request_id,
        "address": entry.address,
        "details": entry.details,
    }


def task_view(task: Task) -> TaskView:
    """Show what a submitter has to know of a task."""
    return {
        "name": task.name,
        "queue": task.queue,
        "queues": task.queues,
        "timeout_s": task.timeout_s,
        "max_tries": task.max_tries,
        "args": task.arguments.schema,
    }


def schedule_view(plan: Plan) -> ScheduleView:
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


def template_view(template: Template) -> TemplateView:
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


def file_view(file: CatalogueFile) -> FileView:
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


def sync_view(progress: SyncProgress) -> SyncView:
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
        "errors": [
            {"file_id": error.file_id, "file": error.file, "type": error.type, "message": error.message}
            for error in progress.errors
        ],
        "errors_total": progress.errors_total,
        "quality": None,
    }


def _progress(progress: Progress) -> ProgressView:
    return {"done": progress.done, "total": progress.total, "message": progress.message}


def _failure(failure: Failure) -> FailureView:
    return {"type": failure.type, "message": failure.message, "fingerprint": failure.fingerprint}


def _waiting(waiting: Waiting) -> WaitingView:
    return {"reason": waiting.reason, "position": waiting.position, "estimated_start": waiting.estimated_start}


def _embedded(told: Mapping[str, str], name: str) -> object:
    return embed(told[name].encode()) if name in told else None
