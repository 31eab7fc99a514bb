"""What stock tools leave of our jobs in Redis, and what they take: found by a look, mended by a script each."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from redis.asyncio import Redis

from jobs import keys
from jobs.model import STOCK_OWNER, Job, State
from jobs.stores.entries import texts_of
from jobs.stores.jobs import EndedRun
from jobs.stores.redis import answering
from jobs.stores.scripts import Script
from jobs.stores.words import payload_of

_LOOK = Script("look")
_ADOPT = Script("adopt")
_PUT_PAYLOAD = Script("put_payload")
_SWEEP = Script("sweep")
_RERANK = Script("rerank")
_FORGET = Script("forget")

_MOST_GAPS = 10


class Seen(StrEnum):
    """How Redis has a job that PostgreSQL takes for unfinished."""

    LIVE = "live"
    OLDER = "older"  # it has an earlier run of it
    ENDED = "ended"  # the history is behind
    MISSING = "missing"  # nothing in Redis knows of it
    BARE = "bare"  # its payload is gone, or its hash cannot be read
    DONE = "done"  # a stock worker has ended it


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What a look gave of one run: of LIVE what it is doing, of ENDED the state and the result as far as known.

    `result` of DONE is what a stock worker has left, as it encoded it.
    """

    seen: Seen
    state: State | None = None
    run: int = 0
    tries: int = 0
    fence: int = 0
    changed_ms: int = 0
    result: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """What a look gave of all runs that were asked for, at one moment.

    `version` is one between those of the events before and after it; `last_event` is the last of those before.
    """

    at_ms: int
    version: int
    last_event: bytes
    looks: list[Look]


class Remains:
    """All calls raise StoreUnavailableError while Redis is away."""

    def __init__(self, redis: Redis, *, lease_ms: int) -> None:
        self._redis = redis
        self._lease_ms = lease_ms

    async def look(self, runs: Sequence[tuple[str, int]]) -> Sight:
        """Look for up to 200 runs, ids with their numbers. Entries that were lost or wait for too long are put back."""
        with answering():
            now, version, last, *answers = await _LOOK.run(
                self._redis, self._lease_ms, len(runs), *(word for run in runs for word in run)
            )
        return Sight(at_ms=int(now), version=int(version), last_event=last, looks=[_look(answer) for answer in answers])

    async def forget(self, ends: Sequence[EndedRun]) -> int:
        """Drop up to 200 runs that have ended long since; give how many were there."""
        with answering():
            return int(await _FORGET.run(self._redis, len(ends), *(word for end in ends for word in end[:3])))

    async def stock_jobs(self, queue: str, *, limit: int) -> list[str]:
        """Give jobs of stock clients that were taken over: PostgreSQL knows nothing of them."""
        with answering():
            found = await self._redis.zrange(keys.line(queue, STOCK_OWNER), 0, limit - 1)
        return texts_of(found)

    async def adopt(self, job_id: str, state: State, *, tries: int, error: bytes, value: bytes) -> None:
        """End a job as a stock worker has ended it."""
        with answering():
            await _ADOPT.run(self._redis, job_id, state, tries, error, value)

    async def put_payload(self, job: Job) -> None:
        """Give a job the payload that it has lost."""
        with answering():
            await _PUT_PAYLOAD.run(self._redis, job.id, job.run, payload_of(job))

    async def sweep(self) -> None:
        """Free whoever is parked without cause."""
        cursor = "0"
        while True:
            with answering():
                cursor = (await _SWEEP.run(self._redis, cursor, self._lease_ms)).decode()
            if cursor == "0":
                return

    async def close_gaps(self, *, step_ms: int) -> None:
        """Let those wait no longer who were put in line behind more than ten of their owner's jobs, since cancelled."""
        found, line, cursor = 1, b"", b"0"
        while found:
            with answering():
                found, line, cursor = await _RERANK.run(self._redis, step_ms, _MOST_GAPS, line, cursor)


def _look(answer: bytes) -> Look:
    word, _, rest = answer.partition(b":")
    seen = Seen(word.decode())
    if seen is Seen.LIVE:
        run, state, tries, fence, changed = rest.decode().split(":")
        return Look(
            seen=seen, run=int(run), state=State(state), tries=int(tries), fence=int(fence), changed_ms=int(changed)
        )
    if seen is Seen.ENDED:
        state_told, _, result = rest.partition(b":")
        return Look(seen=seen, state=State(state_told.decode()) if state_told else None, result=result)
    return Look(seen=seen, result=rest)
