"""How an outcome is written down: arq's record of a result, with our state and failure beside it. Pure."""

import asyncio
from collections.abc import Mapping

from jobs import codec, keys
from jobs.errors import JobFailedError, JobTimeoutError
from jobs.model import State
from jobs.outcome import Cancelled, Ended, Failed, Succeeded, failure_of
from jobs.payload import read_payload
from jobs.stores.leases import Claimed, Ending

_NOTHING = b""


def ending_of(claimed: Claimed, outcome: Ended, *, ms: int, is_fresh: bool) -> Ending:
    """Encode the end of a run. The record leaves out its last field, the time, which Redis adds with the brace."""
    record = {
        "t": claimed.tries,
        **_call(claimed),
        "et": claimed.at_ms,
        "st": claimed.started_ms,
        "q": keys.queue(claimed.queue),
    }
    if isinstance(outcome, Succeeded):
        state, error, value = State.SUCCEEDED, _NOTHING, outcome.value
        record |= {"s": True, "r": codec.embed(value), "state": state}
    elif isinstance(outcome, Cancelled):
        state, error, value = State.CANCELLED, _NOTHING, _NOTHING
        record |= {"s": False, "r": asyncio.CancelledError("cancelled"), "state": state}
    else:
        failure = outcome.failure
        state, error, value = State.FAILED, codec.dumps(failure.as_mapping()), _NOTHING
        told = codec.error(failure.type, failure.message)
        record |= {"s": False, "r": told, "state": state, "failure": failure.as_mapping()}
    return Ending(
        claimed=claimed,
        state=state,
        result=codec.dumps(record)[:-1],
        keep_ms=keys.RESULT_KEEP_MS,
        error=error,
        value=value,
        ms=ms,
        is_fresh=is_fresh,
    )


def state_of_end(outcome: Ended) -> State:
    """Give the word for an end."""
    if isinstance(outcome, Succeeded):
        return State.SUCCEEDED
    return State.CANCELLED if isinstance(outcome, Cancelled) else State.FAILED


def _call(claimed: Claimed) -> Mapping[str, object]:
    """Give what a result says of its call. Ours are shown by the API; a stock client looks for its arguments here."""
    if claimed.task:
        return {"f": claimed.task, "a": [], "k": {}}
    try:
        payload = read_payload(claimed.payload)
    except ValueError:
        return {"f": "<unknown>", "a": [], "k": {}}
    return {"f": payload.function, "a": payload.args, "k": payload.kwargs}


class Verdicts:
    """How jobs end that nobody runs to their end, whoever was to run them."""

    def exhausted(self, claimed: Claimed) -> Failed:
        """Judge a job whose workers were lost too often: it may be what kills them."""
        lost = JobFailedError(f"its worker was lost {claimed.lost} times; max_tries is {claimed.max_tries}")
        return Failed(failure=failure_of(claimed.task, lost))

    def overdue(self, claimed: Claimed) -> Failed:
        """Judge a job that did not stop at its timeout."""
        error = JobTimeoutError(f"did not stop when it was told to after {claimed.timeout_ms / 1000:g} s")
        return Failed(failure=failure_of(claimed.task, error))

    def broken(self, claimed: Claimed, error: Exception) -> Failed:
        """Judge a job that met a fault of ours."""
        return Failed(failure=failure_of(claimed.task, error))
