"""A job as one text, on its way into PostgreSQL by way of Redis: what the query `create` makes a row of."""

from datetime import datetime
from typing import Any

from jobs import codec
from jobs.model import Job, State

_LONGEST_NAME = 1_000  # bytes of an id or a task: an index takes two of these beside each other
_KEPT = (
    *("id", "task", "queue", "owner", "priority", "args", "tags", "run", "max_tries", "timeout_s"),
    *("accepted_at", "run_at", "expires_at", "unique_key", "origin"),
)


def pack(job: Job) -> bytes:
    """Encode what was accepted, without what became of it, and the idempotency key that it was accepted under."""
    kept = {name: getattr(job, name) for name in _KEPT}
    return codec.dumps_text(kept if job.use is None else {**kept, "use": job.use}).encode()


def pack_strange(job: Job) -> bytes:
    """Encode a job that a stranger has put into Redis; nothing where no row can hold it."""
    names = (job.id, job.task)
    if any("\x00" in name or len(name.encode()) > _LONGEST_NAME for name in names):
        return b""
    try:
        return pack(job)
    except TypeError:  # its arguments are nested deeper than can be written, though they could be read
        return b""


def unpack(row: bytes) -> Job:
    """Give the job as it was accepted, without the key. Raises ValueError for what is no such text."""
    try:
        return _job({name: value for name, value in codec.loads_plain(row).items() if name in _KEPT})
    except (LookupError, TypeError, AttributeError) as fault:
        raise ValueError(f"it is no job: {type(fault).__name__}: {fault}") from fault


def _job(kept: dict[str, Any]) -> Job:
    times = {name: _moment(kept[name]) for name in ("run_at", "expires_at")}
    return Job(
        **{
            **kept,
            **times,
            "accepted_at": datetime.fromisoformat(kept["accepted_at"]),
            "tags": tuple(kept["tags"]),
            "state": State.ACCEPTED,
            "run": 1,
            "fence": 0,
            "tries": 0,
            "is_written": False,
        }
    )


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
