"""Who works: what each worker process says of itself in Redis, and reading that."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from redis.asyncio import Redis

from jobs import codec
from jobs.stores.redis import answering
from jobs.stores.scripts import Script

SILENT_S = 15.0  # who has said nothing for so long is not taken to live
KEPT_S = 3600.0  # that is told of him for so long

_PRESENT = Script("present")
_MUSTER = Script("muster")


@dataclass(frozen=True, slots=True, kw_only=True)
class Crew:
    """What a worker does for one queue."""

    slots: int
    running: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerProcess:
    """One worker process, as it said last.

    `loop_lag_s` is the greatest lag of its event loop within the last 15 seconds; `is_leaving` while it is stopping.
    """

    name: str
    host: str
    pid: int
    version: str
    started_at: datetime
    queues: Mapping[str, Crew]
    tasks: tuple[str, ...]
    loop_lag_s: float = 0.0
    is_leaving: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """A worker process, and how many seconds ago it said what is known of it."""

    worker: WorkerProcess
    silent_s: float


class Presence:
    """All calls raise StoreUnavailableError while Redis is away."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def tell(self, worker: WorkerProcess) -> None:
        """Say that a worker is there; to be repeated each second."""
        told = asdict(worker) | {"started_at": round(worker.started_at.timestamp() * 1000)}
        with answering():
            await _PRESENT.run(self._redis, worker.name, codec.dumps(told))

    async def leave(self, name: str) -> None:
        """Say that a worker is gone."""
        with answering():
            await _PRESENT.run(self._redis, name, "")

    async def workers(self) -> list[WorkerProcess]:
        """Give all live workers, by name."""
        return [sighting.worker for sighting in await self.muster(silent_s=SILENT_S)]

    async def muster(self, *, silent_s: float = KEPT_S) -> list[Sighting]:
        """Give all workers that have said anything for so long, and not that they have gone, by name."""
        with answering():
            found = await _MUSTER.run(self._redis, round(silent_s * 1000))
        sightings = [Sighting(worker=_read(codec.loads_plain(told)), silent_s=ms / 1000) for told, ms in found]
        return sorted(sightings, key=lambda sighting: sighting.worker.name)


def _read(told: dict[str, Any]) -> WorkerProcess:
    return WorkerProcess(
        name=told["name"],
        host=told["host"],
        pid=told["pid"],
        version=told["version"],
        started_at=datetime.fromtimestamp(told["started_at"] / 1000, UTC),
        queues={queue: Crew(**crew) for queue, crew in told["queues"].items()},
        tasks=tuple(told["tasks"]),
        loop_lag_s=told.get("loop_lag_s", 0.0),  # workers of the version before say neither
        is_leaving=told.get("is_leaving", False),
    )
