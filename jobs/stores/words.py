"""What the script `enqueue` is told of a job: terms, which others of the same call may share, and what is its own."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from jobs import keys
from jobs.model import Job, State
from jobs.payload import write_payload
from jobs.stores import rows

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_WORDS_OF_A_JOB = 6

Word = str | bytes | int | float
Terms = tuple[Word, ...]
Own = tuple[Word, Word, Word, Word, Word]  # id, unique name, tries, payload, row


def told(jobs: Iterable[tuple[Terms, Own]]) -> list[Word]:
    """Give all words of a call that are about jobs: how many terms and how many jobs, the terms, the jobs."""
    numbers: dict[Terms, int] = {}
    words: list[Word] = []
    for terms, (job_id, *rest) in jobs:
        words += (job_id, numbers.setdefault(terms, len(numbers) + 1), *rest)
    amount = len(words) // _WORDS_OF_A_JOB
    return [len(numbers), amount, *(word for terms in numbers for word in terms), *words]


def terms_of(job: Job, *, typical_s: float, is_new: bool) -> Terms:
    """Give what jobs may have in common. `typical_s` is how long such a task is taken to run until that is measured."""
    return (
        *(job.run, job.queue, job.owner, job.priority, job.task),
        # Whoever is retried by hand waits from then on.
        0 if is_new or job.run > 1 else ms_of(job.accepted_at),
        _due_ms(job.run_at),
        *(job.max_tries, job.timeout_s * 1000, typical_s * 1000),
        _expires_ms(job),
    )


def own_of(job: Job, *, is_new: bool) -> Own:
    """Give what a job shares with none."""
    return (
        job.id,
        name_of(job.task, job.owner, job.unique_key),
        0 if is_new else _tries_of(job),
        payload_of(job),
        b"" if job.is_written else rows.pack(job),
    )


def payload_of(job: Job) -> bytes:
    """Encode what a job is to do."""
    return write_payload(job.task, job.args, enqueued_ms=ms_of(job.accepted_at), origin=job.origin)


def name_of(task: str, owner: str, unique_key: str | None) -> str:
    """Give what follows UNIQUE in the key, or nothing."""
    return "" if unique_key is None else keys.unique(task, owner, unique_key).removeprefix(keys.UNIQUE)


def ms_of(moment: datetime) -> int:
    """Give a moment as Redis has it."""
    return round(moment.timestamp() * 1000)


def _tries_of(job: Job) -> int:
    """Give the tries that are over; whoever goes on with one that is not counts it again."""
    return max(job.tries - (job.state is State.RUNNING), 0)


def _expires_ms(job: Job) -> int:
    """Give when a job ends unless it has started by then, 0 for never.

    One that has started may still be with its worker, who brings its result.
    """
    return 0 if job.expires_at is None or job.fence else ms_of(job.expires_at)


def _due_ms(run_at: datetime | None) -> int:
    """Give the first millisecond at which a job may start: never one that begins before it is due."""
    return 0 if run_at is None else -((_EPOCH - run_at) // timedelta(milliseconds=1))
