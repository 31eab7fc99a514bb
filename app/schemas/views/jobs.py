"""What is shown of jobs, their tries, their changes and tasks."""

from collections.abc import Mapping
from datetime import UTC, datetime

from app.schemas.shapes.jobs import ChangeView, FailureView, JobView, ProgressView, TaskView, TryView, WaitingView
from jobs.change import Change
from jobs.codec import embed
from jobs.model import Failure, Job, Progress, State, Try, Waiting
from jobs.origin import Origin
from jobs.registry import Task


def job_view(job: Job, waiting: Waiting | None = None) -> JobView:
    """Show a job, with `waiting` where that was looked for."""
    origin = None if job.origin is None else Origin.of(job.origin)
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
        "request_id": None if origin is None else origin.request,
        "trace_id": None if origin is None else origin.trace,
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


def _progress(progress: Progress) -> ProgressView:
    return {"done": progress.done, "total": progress.total, "message": progress.message}


def _failure(failure: Failure) -> FailureView:
    return {"type": failure.type, "message": failure.message, "fingerprint": failure.fingerprint}


def _waiting(waiting: Waiting) -> WaitingView:
    return {"reason": waiting.reason, "position": waiting.position, "estimated_start": waiting.estimated_start}


def _embedded(told: Mapping[str, str], name: str) -> object:
    return embed(told[name].encode()) if name in told else None
