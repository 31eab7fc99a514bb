"""What is shown of queues and workers."""

from app.schemas.shapes.queues import QueueView, WorkerView
from jobs.overview import QueueOverview
from jobs.scoring import Band
from jobs.stores.presence import WorkerProcess


def queue_view(queue: QueueOverview) -> QueueView:
    """Show how a queue does."""
    glance = queue.glance
    return {
        "name": queue.name,
        "paused": glance.paused_ms is not None,
        "ready": queue.ready,
        "delayed": queue.delayed,
        "parked": queue.parked,
        "quarantined": queue.entries[Band.QUARANTINE],
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
