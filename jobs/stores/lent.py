"""Jobs in the hands of stock arq workers: what such a worker is told when it begins a try."""

from dataclasses import replace

from redis.asyncio import Redis

from jobs.model import State
from jobs.registry import Task
from jobs.stores.leases import Claimed, claimed_of
from jobs.stores.redis import answering
from jobs.stores.scripts import Script

_LEND = Script("lend")


class Lent:
    """One stock worker's view of the jobs. All calls raise StoreUnavailableError while Redis is away."""

    def __init__(self, redis: Redis, *, worker: str, queue: str) -> None:
        """`worker` is the name that the history shows."""
        self._redis = redis
        self._worker = worker
        self._queue = queue

    async def begin(self, job_id: str, task: Task, *, tries: int) -> tuple[State, Claimed]:
        """Begin a try; where the state is not RUNNING the job must end in that one, and not start.

        A stock client's job has what its task declares, priority 5 and the owner `arq`. A time limit above the task's
        own counts as that: arq knows only one for all of its jobs.
        """
        timeout_ms = task.timeout_s * 1000
        with answering():
            now, state, fields = await _LEND.run(
                self._redis, job_id, self._worker, tries, task.max_tries, round(timeout_ms)
            )
        claimed = claimed_of(fields, self._queue, int(now))
        return State(state.decode()), replace(claimed, timeout_ms=min(claimed.timeout_ms, timeout_ms))
