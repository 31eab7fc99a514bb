"""Which tries a job has had: those that are written, and the one of which the job itself tells. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from jobs.model import Job, Over, State, Try

# What the job's state says of a try that no row tells of. What has expired had not started anew, so that try was lost.
_OUTCOMES: Mapping[State, Over] = {
    State.SUCCEEDED: Over.SUCCEEDED,
    State.FAILED: Over.FAILED,
    State.CANCELLED: Over.CANCELLED,
    State.EXPIRED: Over.LOST,
    State.RETRYING: Over.RETRYING,
}
_ITS_OWN = frozenset({State.RUNNING, State.SUCCEEDED})
_WITH_AN_ERROR = frozenset({Over.FAILED, Over.RETRYING})
_AT_ITS_END = frozenset({Over.SUCCEEDED, Over.FAILED, Over.CANCELLED})


def tries_of(job: Job, written: Sequence[Try]) -> list[Try]:
    """Give the tries in their order. `written` are the rows; the job may be one that Redis knows more of than they do.

    A row may also tell that the latest try was lost, which then goes on after all.
    """
    if job.state in _ITS_OWN:
        return [*(one for one in written if not _is_latest(one, job)), _latest(job)]
    if any(_is_latest(one, job) for one in written):
        return [_completed(one, job) if _is_latest(one, job) else one for one in written]
    return [*written, *([] if job.started_at is None else [_latest(job)])]


def _is_latest(one: Try, job: Job) -> bool:
    return one.fence == job.fence or (one.started_at is not None and one.started_at == job.started_at)


def _latest(job: Job) -> Try:
    """Make a try of what the job tells of its latest; an outcome of None: it goes on, or that is not known yet."""
    outcome = _OUTCOMES.get(job.state)
    return Try(
        run=job.run,
        fence=job.fence,
        number=job.tries,
        worker=job.worker,
        started_at=job.started_at,
        finished_at=job.finished_at if outcome in _AT_ITS_END else None,
        outcome=outcome,
        error=job.error if outcome in _WITH_AN_ERROR else None,
        traceback=None,
    )


def _completed(one: Try, job: Job) -> Try:
    """Add the start, where the end was told without it: Redis had lost it."""
    return replace(one, worker=one.worker or job.worker, started_at=one.started_at or job.started_at)
