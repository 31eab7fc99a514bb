"""How an outcome is written down: arq's record of a result, with our state and failure beside it. Pure."""

import asyncio
from functools import lru_cache

from jobs import codec, keys
from jobs.errors import JobFailedError, JobTimeoutError
from jobs.model import State
from jobs.outcome import Cancelled, Ended, Failed, Succeeded, failure_of
from jobs.payload import read_payload
from jobs.stores.leases import Claimed, Ending

_NOTHING = b""
_CANCELLED = b'"s":false,"r":%b,"state":"cancelled"' % codec.dumps(asyncio.CancelledError("cancelled"))


def ending_of(claimed: Claimed, outcome: Ended, *, ms: int) -> Ending:
    """Encode the end of a run. The record leaves out its last field, the time, which Redis adds with the brace."""
    error = value = _NOTHING
    if isinstance(outcome, Succeeded):
        state, value = State.SUCCEEDED, outcome.value
        told = b'"s":true,"r":%b,"state":"succeeded"' % value
    elif isinstance(outcome, Cancelled):
        state, told = State.CANCELLED, _CANCELLED
    else:
        failure = outcome.failure
        state, error, value = State.FAILED, codec.dumps(failure.as_mapping()), failure.traceback.encode()
        raised = codec.dumps(codec.error(failure.type, failure.message))
        told = b'"s":false,"r":%b,"state":"failed","failure":%b' % (raised, error)
    return Ending(
        claimed=claimed,
        state=state,
        result=_record_of(claimed) + told,
        keep_ms=keys.RESULT_KEEP_MS,
        error=error,
        value=value,
        ms=ms,
    )


def bare_ending(claimed: Claimed, outcome: Failed, *, ms: int) -> Ending:
    """Write a failure down without arq's record, of which no result is kept: of a run whose end cannot be encoded."""
    return Ending(
        claimed=claimed,
        state=State.FAILED,
        result=_NOTHING,
        keep_ms=0,
        error=codec.dumps(outcome.failure.as_mapping()),
        value=outcome.failure.traceback.encode(),
        ms=ms,
    )


def state_of_end(outcome: Ended) -> State:
    """Give the word for an end."""
    if isinstance(outcome, Succeeded):
        return State.SUCCEEDED
    return State.CANCELLED if isinstance(outcome, Cancelled) else State.FAILED


def _record_of(claimed: Claimed) -> bytes:
    """Begin arq's record, put together by hand: each job pays for it."""
    task, args, kwargs = _call_of(claimed)
    times = (claimed.at_ms, claimed.started_ms)
    call = (claimed.tries, task, args, kwargs)
    return b'{"t":%d,"f":%b,"a":%b,"k":%b,"et":%d,"st":%d,"q":%b,' % (
        *call,
        *times,
        _encoded(keys.queue(claimed.queue)),
    )


def _call_of(claimed: Claimed) -> tuple[bytes, bytes, bytes]:
    """Encode function and arguments. The API shows those of our jobs; stock clients look for theirs in the result."""
    if claimed.task:
        return _encoded(claimed.task), b"[]", b"{}"
    try:
        payload = read_payload(claimed.payload)
    except ValueError:
        return b'"<unknown>"', b"[]", b"{}"
    try:
        return codec.dumps(payload.function), codec.dumps(payload.args), codec.dumps(payload.kwargs)
    except TypeError:  # nested deeper than can be written, though it could be read
        return codec.dumps(payload.function), b"[]", b"{}"


@lru_cache(maxsize=256)  # they are the same few names, job after job
def _encoded(name: str) -> bytes:
    return codec.dumps(name)


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
