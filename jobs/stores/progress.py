"""The stream of progress: what running jobs say of themselves, for those who follow them just now."""

from redis.asyncio import Redis

from jobs import codec
from jobs.model import Job, Progress
from jobs.stores.redis import answering
from jobs.stores.scripts import Script

_PROGRESS = Script("progress")


class ProgressStream:
    """Keeps the last thousand reports or so of all jobs together: it is not the place where progress is stored."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def tell(self, job: Job, progress: Progress) -> None:
        """Tell how far a job is, unless a later start has taken over. Raises StoreUnavailableError."""
        told = codec.dumps(progress.as_mapping())
        with answering():
            await _PROGRESS.run(self._redis, job.id, job.run, job.fence, told)
