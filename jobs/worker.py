"""arq's worker with our intake in the place of its poll loop: health checks and the rest of it stay arq's."""

import asyncio
from typing import Any, cast

import structlog
from arq.connections import ArqRedis
from arq.typing import WorkerCoroutine
from arq.worker import Function, func
from arq.worker import Worker as ArqWorker
from redis.asyncio import Redis
from redis.exceptions import RedisError

from jobs import codec, keys
from jobs.cancelling import cancel_until_ended
from jobs.intake import Intake
from jobs.registry import TaskTable

_BEAT_S = 1.0
_CLEAN_UP_S = 5.0

log = structlog.stdlib.get_logger(__name__)


class Worker(ArqWorker):
    """Takes the jobs of one queue and runs up to `slots` of them at once."""

    def __init__(self, *, slots: int, tasks: TaskTable, intake: Intake, redis: Redis) -> None:
        self._intake = intake
        super().__init__(
            functions=[_named(name) for name in tasks],
            queue_name=keys.queue(intake.queue),
            redis_pool=ArqRedis(redis.connection_pool),
            max_jobs=slots,
            handle_signals=False,
            job_serializer=codec.dumps,
            job_deserializer=codec.loads,
            log_results=False,
        )

    async def main(self) -> None:
        """Take jobs until cancelled."""
        beating = asyncio.create_task(self._beat(), name="heart-beat")
        try:
            await self._intake.run()
        finally:
            await cancel_until_ended([beating], again_s=_BEAT_S)

    async def drain(self, grace_s: float) -> None:
        """Take no more jobs, wait up to `grace_s` seconds for those that run, then hand the rest back."""
        await self._intake.drain(grace_s, clean_up_s=_CLEAN_UP_S)

    async def _beat(self) -> None:
        """Keep up the key that `arq --check` looks for."""
        while True:
            try:
                await self.heart_beat()
            except (RedisError, OSError) as error:
                log.debug("health_not_recorded", queue=self.queue_name, reason=str(error))
            await asyncio.sleep(_BEAT_S)


def _named(name: str) -> Function:
    """Show a task to arq by its name; it is the intake that calls it."""

    async def run(*_: Any, **__: Any) -> None:  # noqa: ANN401  arq calls it with anything, if it did
        raise NotImplementedError("the intake runs the tasks")

    return func(cast("WorkerCoroutine", run), name=name)
