"""What is shown of what jobs have failed of."""

from app.schemas.shapes.failures import CauseView
from jobs.stores.failures import Cause


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
