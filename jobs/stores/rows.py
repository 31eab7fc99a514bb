"""A job as one text, on its way into PostgreSQL by way of Redis: what the query `create` makes a row of."""

from datetime import datetime

from jobs import codec
from jobs.model import Job, State

_KEPT = (
    *("id", "task", "queue", "owner", "priority", "args", "tags", "max_tries", "timeout_s"),
    *("accepted_at", "run_at", "expires_at", "unique_key", "origin"),
)


def pack(job: Job) -> bytes:
    """Encode what was accepted, without what became of it."""
    return codec.dumps_text({name: getattr(job, name) for name in _KEPT}).encode()


def unpack(row: bytes) -> Job:
    """Give the job as it was accepted."""
    kept = codec.loads_plain(row)
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
