"""What a look has found in Redis, told as the events that a script would have told. They go the way of all events."""

from typing import Any

from jobs import codec
from jobs.errors import JobFailedError
from jobs.model import Job, Over, State
from jobs.outcome import failure_of
from jobs.stores.queue import state_of
from jobs.stores.remains import Look, Sight

Told = dict[str, str]


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
        result = codec.loads_plain(look.result)
        state, error, value = end_of(job.task, result)
        told |= {"state": state.value, "at": str(int(result["ft"])), "try": str(int(result.get("t") or job.tries))}
    except (ValueError, KeyError, TypeError):
        return None if look.state is None else told | {"state": look.state.value}
    if look.state not in {None, state}:  # the result is of another run
        return told | {"state": str(look.state), "at": str(sight.at_ms)}
    return told | ({"error": error.decode()} if error else {}) | ({"result": value.decode()} if value else {})


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


def end_of(task: str, result: dict[str, Any]) -> tuple[State, bytes, bytes]:
    """Give state, error and value of a result in arq's form, ours or a stock worker's, as events carry them."""
    state = state_of(result)
    if state is State.SUCCEEDED:
        return state, b"", codec.dumps_text(result["r"]).encode()
    if state is not State.FAILED:
        return state, b"", b""
    if isinstance(failure := result.get("failure"), dict):
        return state, codec.dumps(failure), b""
    told = result["r"]
    text = ": ".join(codec.error_of(told)) if isinstance(told, dict) else str(told)
    return state, codec.dumps(failure_of(task, JobFailedError(text)).as_mapping()), b""
