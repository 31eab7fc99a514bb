"""How an outcome is written down: arq's record of a result, with our state and failure beside it. Pure."""

import asyncio

from jobs import codec, keys
from jobs.errors import JobFailedError
from jobs.model import State
from jobs.outcome import Cancelled, Ended, Succeeded
from jobs.stores.leases import Claimed, Ending

_NOTHING = b""


def ending_of(claimed: Claimed, outcome: Ended, *, ms: int, is_fresh: bool) -> Ending:
    """Encode the end of a run. The record leaves out its last field, the time, which Redis adds with the brace."""
    record = {
        "t": claimed.tries,
        "f": claimed.task,
        "a": [],
        "k": {},
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
        told = JobFailedError(f"{failure.type}: {failure.message}")
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
