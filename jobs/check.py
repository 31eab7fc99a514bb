"""What an operator asks of a site: do its stores answer and fit, does somebody serve its queues? It mends nothing."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jobs.errors import StoreUnavailableError, UnfitRedisError
from jobs.stores.database import Database
from jobs.stores.fitness import Fitness
from jobs.stores.presence import SILENT_S, Presence, Sighting
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


Canaries = Callable[[Database], Awaitable[Mapping[str, Finding]]]  # by queue


class _Fault(Exception):  # noqa: N818  what was found wrong; it never leaves this module
    """Something is wrong though the store answers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checks:
    """The stores to look at, and what knows how canaries do. No look takes longer than PATIENCE_S; all are at once."""

    database: Database
    fitness: Fitness
    presence: Presence
    canaries: Canaries

    async def run(self, queues: Sequence[str] | None, *, host: str | None = None) -> list[Finding]:
        """Look at both stores and at these queues; nothing is raised.

        With `host` a worker must live there, and where no queues are named those are looked at that it serves.
        """
        redis, postgresql, sightings, canaries = await asyncio.gather(
            _find("redis", self._redis), _find("postgresql", self._postgresql), self._sightings(), self._canaries()
        )
        findings = [redis, postgresql]
        here = [one for one in sightings or () if one.worker.host == host]
        if host is not None:
            findings.append(_of_host(host, here, is_known=sightings is not None))
        wanted = (
            queues if queues is not None else sorted({queue for one in _alive(here) for queue in one.worker.queues})
        )
        findings += (_of_queue(queue, sightings) for queue in wanted)
        return [*findings, *(canaries[queue] for queue in wanted if queue in canaries)]

    async def _redis(self) -> str:
        await self.fitness.check()
        return "answers, and may hold the queue"

    async def _postgresql(self) -> str:
        if missing := await migrations_missing(self.database):
            raise _Fault(f"migrations are missing ({missing}): run python -m app migrate")
        return "answers, and its schema is up to date"

    async def _sightings(self) -> list[Sighting] | None:
        try:
            async with asyncio.timeout(PATIENCE_S):
                return await self.presence.muster()
        except Exception:  # noqa: BLE001  what is wrong with Redis is another line's
            return None

    async def _canaries(self) -> Mapping[str, Finding]:
        try:
            async with asyncio.timeout(PATIENCE_S):
                return await self.canaries(self.database)
        except Exception:  # noqa: BLE001  what is wrong with PostgreSQL is another line's
            return {}


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


def _of_host(host: str, here: Sequence[Sighting], *, is_known: bool) -> Finding:
    subject, alive = f"host {host}", _alive(here)
    if not is_known:
        reason = "Redis does not say who works"
    elif here:
        # Of those that are silent it may be that they were killed, and others have taken their place.
        reason = "; ".join(map(_sighted, alive or here))
    else:
        reason = "no worker lives on it"
    return Finding(subject=subject, is_ok=bool(alive), reason=reason)


def _of_queue(queue: str, sightings: Sequence[Sighting] | None) -> Finding:
    subject = f"queue {queue}"
    if sightings is None:
        return Finding(subject=subject, is_ok=False, reason="Redis does not say who works")
    amount = sum(queue in one.worker.queues for one in _alive(sightings))
    if not amount:
        return Finding(subject=subject, is_ok=False, reason="no worker lives that takes its jobs")
    return Finding(subject=subject, is_ok=True, reason=f"{amount} worker process{'es' if amount > 1 else ''}")


def _alive(sightings: Sequence[Sighting]) -> list[Sighting]:
    return [one for one in sightings if one.silent_s < SILENT_S]


def _sighted(one: Sighting) -> str:
    queues = ", ".join(f"{queue} ({crew.running} of {crew.slots})" for queue, crew in one.worker.queues.items())
    return f"{one.worker.name} serves {queues}, and said so {one.silent_s:.1f} s ago"
