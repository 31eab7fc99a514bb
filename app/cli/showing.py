"""A job or a batch as people read it."""

from app.cli.board import counted
from app.cli.output import Output, compact, moment
from app.cli.things import Found
from app.client.shapes.batches import Batch
from app.client.shapes.jobs import TriedJob


def show_thing(out: Output, found: Found) -> None:
    """Show what an id stands for."""
    if found[0] == "batch":
        show_batch(out, found[1])
    else:
        show_job(out, found[1])


def show_job(out: Output, job: TriedJob) -> None:
    """Show a job, with the traceback of its last try where that failed."""
    waiting, error, progress = job["waiting"], job["error"], job["progress"]
    out.facts(
        job,
        {
            "job": job["id"],
            "task": job["task"],
            "state": job["state"],
            "waits": waiting and _waits(waiting["reason"], waiting["position"], waiting["estimated_start"]),
            "arguments": compact(job["args"]),
            "queue": job["queue"],
            "priority": job["priority"],
            "owner": job["owner"],
            "batch": job["batch_id"],
            "tags": ", ".join(job["tags"]),
            "tries": f"{job['tries']}/{job['max_tries']}",
            "accepted": moment(job["accepted_at"]),
            "due": moment(job["run_at"]),
            "started": moment(job["started_at"]),
            "finished": moment(job["finished_at"]),
            "progress": progress and f"{progress['done']}/{progress['total'] or '?'} {progress['message']}",
            "result": None if job["result"] is None else compact(job["result"]),
            "error": error and f"{error['type']}: {error['message']}",
            "traceback": job["attempts"][-1]["traceback"] if error and job["attempts"] else None,
        },
    )


def show_batch(out: Output, batch: Batch) -> None:
    """Show a batch."""
    out.facts(
        batch,
        {
            "batch": batch["id"],
            "name": batch["name"],
            "state": batch["state"],
            "jobs": f"{batch['total']}: {counted(batch)}",
            "created": moment(batch["created_at"]),
            "finished": moment(batch["finished_at"]),
            "on complete": batch["on_complete_job_id"],
        },
    )


def _waits(reason: str, position: int | None, estimated_start: str | None) -> str:
    place = "" if position is None else f", number {position}"
    start = "" if estimated_start is None else f", may start at {moment(estimated_start)}"
    return f"{reason.replace('_', ' ')}{place}{start}"
