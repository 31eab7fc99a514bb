"""Who works: what each live worker process says of itself in Redis, and reading that."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from redis.asyncio import Redis

from jobs import codec, keys
from jobs.stores.redis import answering
from jobs.stores.scripts import Script

_PRESENT = Script("present")


@dataclass(frozen=True, slots=True, kw_only=True)
class Crew:
    """What a worker does for one queue."""

    slots: int
    running: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerProcess:
    """One worker process, as it said within the last 15 seconds."""

    name: str
    host: str
    pid: int
    version: str
    started_at: datetime
    queues: Mapping[str, Crew]
    tasks: tuple[str, ...]


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
        with answering():
            names = [name.decode() for name in await self._redis.zrange(keys.WORKERS, 0, -1)]
            told = await self._redis.mget([keys.worker(name) for name in names]) if names else []
        return sorted((_read(codec.loads_plain(one)) for one in told if one), key=lambda worker: worker.name)


def _read(told: dict[str, Any]) -> WorkerProcess:
    return WorkerProcess(
        name=told["name"],
        host=told["host"],
        pid=told["pid"],
        version=told["version"],
        started_at=datetime.fromtimestamp(told["started_at"] / 1000, UTC),
        queues={queue: Crew(**crew) for queue, crew in told["queues"].items()},
        tasks=tuple(told["tasks"]),
    )
