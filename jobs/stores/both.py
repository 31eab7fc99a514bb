"""The doors of both stores, side by side, for whoever compares what they hold."""

from dataclasses import dataclass
from typing import Self

from redis.asyncio import Redis

from jobs.stores.database import Database
from jobs.stores.entries import Entries
from jobs.stores.events import Events
from jobs.stores.jobs import JobStore
from jobs.stores.keyring import Keyring
from jobs.stores.mark import Mark
from jobs.stores.queue import Queue
from jobs.stores.remains import Remains

_PATIENCE_S = 5.0  # nobody waits for whoever compares


@dataclass(frozen=True, slots=True, kw_only=True)
class Both:
    """PostgreSQL's side is `jobs`, all else is Redis'."""

    jobs: JobStore
    queue: Queue
    remains: Remains
    entries: Entries
    events: Events
    mark: Mark
    keyring: Keyring

    @classmethod
    def of(cls, database: Database, redis: Redis, *, queue: Queue, events: Events, lease_ms: int) -> Self:
        """Open the other doors beside these."""
        return cls(
            jobs=JobStore(database),
            queue=queue,
            remains=Remains(redis, lease_ms=lease_ms),
            entries=Entries(redis),
            events=events,
            mark=Mark(redis),
            keyring=Keyring(redis, patience_s=_PATIENCE_S),
        )
