"""What a look has found in Redis, told as the events that a script would have told. They go the way of all events."""

from typing import Any, NamedTuple

from jobs import codec
from jobs.errors import JobFailedError
from jobs.model import Failure, Job, Over, State
from jobs.outcome import failure_of
from jobs.stores.queue import state_of
from jobs.stores.remains import Look, Sight

Told = dict[str, str]

_MOST_TRIES = 2**31 - 1
_LATEST_MS = 4_000_000_000_000  # in the year 2096: what is later is no time


class End(NamedTuple):
    """How a result says that a run has ended, as events carry it. `tries` is 0 where it does not say."""

    state: State
    at_ms: int
    tries: int
    error: bytes
    value: bytes


def told_of(job: Job, look: Look, sight: Sight) -> Told | None:
    """Tell what a job of PostgreSQL is doing in Redis, or how it has ended there; None where that cannot be told."""
    told = {"id": job.id, "run": str(look.run or job.run), "v": str(sight.version), "at": str(sight.at_ms)}
    if look.state is not None and not look.result:
        told |= {"state": look.state.value}
        if look.run:
            told |= {"at": str(look.changed_ms), "try": str(look.tries)}
        if look.state is State.RUNNING:
            told["fence"] = str(look.fence)
        elif look.run == job.run and look.fence < job.fence:  # Redis has gone back to before that start
            told |= _over_of(job, sight) | {"at": str(sight.at_ms)}
        return told
    try:
        end = end_of(job.task, look.result)
    except ValueError:
        return None if look.state is None else told | {"state": look.state.value}
    if look.state not in {None, end.state}:  # the result is of another run
        return told | {"state": str(look.state)}
    told |= {"state": end.state.value, "at": str(end.at_ms), "try": str(end.tries or job.tries)}
    told |= {"error": end.error.decode()} if end.error else {}
    return told | ({"result": end.value.decode()} if end.value else {})


def told_of_lost(job: Job, sight: Sight) -> Told | None:
    """Tell that a try is lost together with all that Redis knew of the job; None where it was not running.

    If its worker lives, it takes it up again, and whatever it tells then counts.
    """
    if not (over := _over_of(job, sight)):
        return None
    told = {"id": job.id, "run": str(job.run), "v": str(sight.version), "at": str(sight.at_ms)}
    return told | over | {"state": State.QUEUED.value, "try": str(max(job.tries - 1, 0))}


def _over_of(job: Job, sight: Sight) -> Told:
    """Give what makes an event tell that the job's latest try is lost, if that had begun before the look."""
    if job.state is not State.RUNNING or job.fence >= sight.version:
        return {}
    over = {"over": Over.LOST.value, "fence": str(job.fence)}
    if job.started_at is not None:
        over["began"] = str(round(job.started_at.timestamp() * 1000))
    return over | ({"worker": job.worker} if job.worker else {})


def told_of_live(job: Job, *, version: int) -> Told:
    """Tell what a job does that was read from Redis, as of before all that is told from now on."""
    told = {"id": job.id, "run": str(job.run), "v": str(version), "state": job.state.value, "try": str(job.tries)}
    told["at"] = str(version // 1000)
    return told | ({"fence": str(job.fence)} if job.state is State.RUNNING else {})


def end_of(task: str, result: bytes) -> End:
    """Read a result in arq's form, ours or a stock worker's. Raises ValueError for all that is none."""
    try:
        return _end(task, codec.loads_plain(result))
    except (LookupError, TypeError, AttributeError, OverflowError) as fault:
        raise ValueError(f"it is no result: {type(fault).__name__}: {fault}") from fault


def _end(task: str, result: Any) -> End:  # noqa: ANN401  whatever somebody has left there
    state, at_ms, tries = state_of(result), int(result["ft"]), int(result.get("t") or 0)
    if not (0 <= at_ms <= _LATEST_MS and 0 <= tries <= _MOST_TRIES):
        raise ValueError("it is no result: its numbers are out of range")
    if state is State.SUCCEEDED:
        return End(state, at_ms, tries, error=b"", value=codec.dumps_text(result["r"]).encode())
    if state is State.FAILED:
        return End(state, at_ms, tries, error=codec.dumps(_failure(task, result).as_mapping()), value=b"")
    if state in {State.CANCELLED, State.EXPIRED}:
        return End(state, at_ms, tries, error=b"", value=b"")
    raise ValueError(f"it is no result: {state} is no end")


def _failure(task: str, result: dict[str, Any]) -> Failure:
    if isinstance(failure := result.get("failure"), dict):
        return Failure(**{name: str(failure[name]) for name in ("type", "message", "fingerprint")})
    told = result["r"]
    text = ": ".join(codec.error_of(told)) if isinstance(told, dict) else str(told)
    return failure_of(task, JobFailedError(text))
