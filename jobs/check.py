"""What an operator asks of a site: do its stores answer and fit, does somebody serve its queues? It mends nothing."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any

from jobs.errors import StoreUnavailableError, UnfitRedisError
from jobs.stores.database import Database
from jobs.stores.fitness import Fitness
from jobs.stores.presence import Presence, WorkerProcess
from jobs.stores.schema import migrations_missing

PATIENCE_S = 4.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One line of the answer. `reason` says what is wrong, or, of what is well, what was seen."""

    subject: str
    is_ok: bool
    reason: str

    def __str__(self) -> str:
        """Give the line."""
        return f"{'ok' if self.is_ok else 'FAILED':<8}{self.subject}: {self.reason}"


class _Fault(Exception):  # noqa: N818  what was found wrong; it never leaves this module
    """Something is wrong though the store answers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checks:
    """The stores to look at. No look takes longer than PATIENCE_S seconds, and all are taken at once."""

    database: Database
    fitness: Fitness
    presence: Presence

    async def run(self, queues: Sequence[str]) -> list[Finding]:
        """Look at both stores and at these queues; nothing is raised."""
        redis, postgresql, workers = await asyncio.gather(
            _find("redis", self._redis), _find("postgresql", self._postgresql), self._workers()
        )
        return [redis, postgresql, *(_of_queue(queue, workers) for queue in queues)]

    async def _redis(self) -> str:
        await self.fitness.check()
        return "answers, and may hold the queue"

    async def _postgresql(self) -> str:
        if missing := await migrations_missing(self.database):
            raise _Fault(f"migrations are missing ({missing}): run python -m app migrate")
        return "answers, and its schema is up to date"

    async def _workers(self) -> list[WorkerProcess] | None:
        try:
            async with asyncio.timeout(PATIENCE_S):
                return await self.presence.workers()
        except Exception:  # noqa: BLE001  what is wrong with Redis is another line's
            return None


async def _find(subject: str, look: Callable[[], Coroutine[Any, Any, str]]) -> Finding:
    try:
        async with asyncio.timeout(PATIENCE_S):
            return Finding(subject=subject, is_ok=True, reason=await look())
    except TimeoutError:
        reason = f"no answer within {PATIENCE_S:g} s"
    except (StoreUnavailableError, UnfitRedisError, _Fault) as error:
        reason = str(error)
    except Exception as error:  # noqa: BLE001  a refused login, a right that is missing: the line says it
        reason = f"{type(error).__name__}: {error}"
    return Finding(subject=subject, is_ok=False, reason=" ".join(reason.split()))


def _of_queue(queue: str, workers: Sequence[WorkerProcess] | None) -> Finding:
    subject = f"queue {queue}"
    if workers is None:
        return Finding(subject=subject, is_ok=False, reason="Redis does not say who works")
    amount = sum(queue in worker.queues for worker in workers)
    if not amount:
        return Finding(subject=subject, is_ok=False, reason="no worker lives that takes its jobs")
    return Finding(subject=subject, is_ok=True, reason=f"{amount} worker process{'es' if amount > 1 else ''}")
