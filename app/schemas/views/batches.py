"""What is shown of batches."""

from app.schemas.shapes.batches import BatchView
from jobs.batch import Batch


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
