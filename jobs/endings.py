"""How an outcome is written down: arq's record of a result, with our state and failure beside it. Pure."""

import asyncio
from functools import lru_cache

from jobs import codec, keys
from jobs.errors import JobFailedError
from jobs.model import State
from jobs.outcome import Cancelled, Ended, Succeeded
from jobs.stores.leases import Claimed, Ending

_NOTHING = b""
_CANCELLED = b'"s":false,"r":%b,"state":"cancelled"' % codec.dumps(asyncio.CancelledError("cancelled"))


def ending_of(claimed: Claimed, outcome: Ended, *, ms: int, is_fresh: bool) -> Ending:
    """Encode the end of a run. The record leaves out its last field, the time, which Redis adds with the brace."""
    error = value = _NOTHING
    if isinstance(outcome, Succeeded):
        state, value = State.SUCCEEDED, outcome.value
        told = b'"s":true,"r":%b,"state":"succeeded"' % value
    elif isinstance(outcome, Cancelled):
        state, told = State.CANCELLED, _CANCELLED
    else:
        state, error = State.FAILED, codec.dumps(outcome.failure.as_mapping())
        raised = JobFailedError(f"{outcome.failure.type}: {outcome.failure.message}")
        told = b'"s":false,"r":%b,"state":"failed","failure":%b' % (codec.dumps(raised), error)
    return Ending(
        claimed=claimed,
        state=state,
        result=_record_of(claimed) + told,
        keep_ms=keys.RESULT_KEEP_MS,
        error=error,
        value=value,
        ms=ms,
        is_fresh=is_fresh,
    )


def _record_of(claimed: Claimed) -> bytes:
    """Begin arq's record, put together by hand: each job pays for it."""
    task, queue = _encoded(claimed.task), _encoded(keys.queue(claimed.queue))
    times = (claimed.at_ms, claimed.started_ms)
    return b'{"t":%d,"f":%b,"a":[],"k":{},"et":%d,"st":%d,"q":%b,' % (claimed.tries, task, *times, queue)


@lru_cache(maxsize=256)  # they are the same few names, job after job
def _encoded(name: str) -> bytes:
    return codec.dumps(name)
