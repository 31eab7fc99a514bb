"""Server-sent events as text (WHATWG HTML, section 9.2). Pure: it sends nothing."""

from collections.abc import Iterable

from app.schemas.views.batches import batch_view
from app.schemas.views.jobs import change_view, job_view
from jobs import codec
from jobs.batch import Batch
from jobs.change import Change, Point
from jobs.model import Job

MEDIA_TYPE = "text/event-stream"


def begin(*, retry_ms: int) -> bytes:
    """Tell a browser after which time to come back."""
    return b"retry: %d\n\n" % retry_ms


def heart_beat(point: Point | None) -> bytes:
    """Let proxies see that the connection lives; a browser takes note of the id, if there is one, and tells nobody."""
    return b": alive\n%b\n" % _id_of(point)


def event(name: str, data: object, *, point: Point | None = None) -> bytes:
    """Make one event; `point` becomes its id."""
    # JSON of ours has no line breaks.
    return b"event: %b\n%bdata: %b\n\n" % (name.encode(), _id_of(point), codec.dumps(data))


def changes(told: Iterable[Change]) -> bytes:
    """Show changes. Each is made into text once, however many follow it."""
    return b"".join(change.frame or _frame(change) for change in told)


def snapshot(jobs: Iterable[Job], *, version: int | None) -> bytes:
    """Show jobs as they were at this version. None has an id: who comes back with one has been told all before it."""
    return b"".join(event("job", {**job_view(job), "seq": version}) for job in jobs)


def totals(batch: Batch, *, point: Point | None = None) -> bytes:
    """Show a batch as a whole; nobody comes back to it, but to its end."""
    return event("batch", batch_view(batch), point=point)


def reset(reason: str, **more: str) -> bytes:
    """Tell that what is known on the other side counts no more: what follows does."""
    return event("reset", {"reason": reason, **more})


def _frame(change: Change) -> bytes:
    if change.state is None:  # progress: nobody comes back to it: it has no id
        frame = event("progress", change_view(change))
    else:
        frame = event("job", change_view(change), point=change.point)
    change.frame = frame
    return frame


def _id_of(point: Point | None) -> bytes:
    return b"" if point is None else b"id: %b\n" % str(point).encode()
