"""A worker's claim on a job in Redis, kept up for as long as the worker has the job. arq makes it; arq ends it."""

import asyncio
from types import TracebackType
from typing import Self

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from jobs import keys
from jobs.cancelling import cancel_until_ended
from jobs.model import Job

# A claim whose worker dies before the job could start, or whose answer gets lost, blocks the job for so long.
SHORTEST_S = 10.0
_RENEW_S = 3.0
_MARGIN_S = 10.0
_PAUSE_S = 0.5

log = structlog.stdlib.get_logger(__name__)


class Claim:
    """Keeps others from taking the job until the context is left.

    Until the job starts, and while its end waits to be stored, the claim is renewed again and again. From the start
    on it lasts to the job's timeout and ten seconds more, also where nobody renews it because the event loop is
    blocked; so a dead worker's job is taken again after that time.
    """

    def __init__(self, redis: Redis, job_id: str) -> None:
        self._redis = redis
        self._job_id = job_id
        self._until = 0.0  # by the clock of the event loop
        self._renewing: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        """Renew from here on."""
        self._renewing = asyncio.create_task(self._renew())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave the claim to whoever made it."""
        if self._renewing is not None:
            await cancel_until_ended([self._renewing], again_s=_PAUSE_S)

    async def cover(self, job: Job) -> None:
        """Let the claim last for the whole try. No try begins before Redis has taken that, however long it is away."""
        self._until = asyncio.get_running_loop().time() + job.timeout_s + _MARGIN_S
        while not await self._extend():  # noqa: ASYNC110  nobody tells when Redis is back
            await asyncio.sleep(_PAUSE_S)

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(_RENEW_S)
            await self._extend()

    async def _extend(self) -> bool:
        left_s = self._until - asyncio.get_running_loop().time()
        held_ms = int(1000 * max(SHORTEST_S, left_s))
        key = keys.in_progress(self._job_id)
        try:
            if not await self._redis.pexpire(key, held_ms):
                await self._redis.set(key, "1", px=held_ms)  # it ran out while Redis could not be reached
        except (RedisError, OSError) as error:
            log.warning("claim_not_extended", job_id=self._job_id, reason=str(error))
            return False
        return True
