"""What stock tools leave of our jobs in Redis, and what they take: found by a look, mended by a script each."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from redis.asyncio import Redis

from jobs import keys
from jobs.model import Job, State
from jobs.stores.queue import payload_of
from jobs.stores.redis import answering
from jobs.stores.scripts import Script

_LOOK = Script("look")
_ADOPT = Script("adopt")
_PUT_PAYLOAD = Script("put_payload")
_SWEEP = Script("sweep")


class Seen(StrEnum):
    """How Redis has a job that PostgreSQL takes for unfinished."""

    LIVE = "live"
    ENDED = "ended"  # the history is behind
    MISSING = "missing"  # nothing in Redis knows of it
    BARE = "bare"  # its payload is gone, or its hash cannot be read
    DONE = "done"  # a stock worker has ended it


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What a look gave; `result` is what a stock worker has left, as it encoded it."""

    seen: Seen
    result: bytes = b""


class Remains:
    """All calls raise StoreUnavailableError while Redis is away."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def look(self, runs: Sequence[tuple[str, int]]) -> list[Look]:
        """Look for up to 200 runs, ids with their numbers; entries that were lost are put back."""
        with answering():
            answers = await _LOOK.run(self._redis, len(runs), *(word for run in runs for word in run))
        return [_look(answer) for answer in answers]

    async def stock_jobs(self, queue: str, *, limit: int) -> list[str]:
        """Give jobs of stock clients that were taken over: PostgreSQL knows nothing of them."""
        with answering():
            found = await self._redis.zrange(keys.line(queue, "arq"), 0, limit - 1)
        return [job_id.decode() for job_id in found]

    async def adopt(self, job_id: str, state: State, *, tries: int, error: bytes, value: bytes) -> None:
        """End a job as a stock worker has ended it."""
        with answering():
            await _ADOPT.run(self._redis, job_id, state, tries, error, value)

    async def put_payload(self, job: Job) -> None:
        """Give a job the payload that it has lost."""
        with answering():
            await _PUT_PAYLOAD.run(self._redis, job.id, job.run, payload_of(job))

    async def sweep(self, *, lease_ms: int) -> None:
        """Free whoever is parked without cause."""
        cursor = "0"
        while True:
            with answering():
                cursor = (await _SWEEP.run(self._redis, cursor, lease_ms)).decode()
            if cursor == "0":
                return


def _look(answer: bytes) -> Look:
    word, _, result = answer.partition(b":")
    return Look(seen=Seen(word.decode()), result=result)
