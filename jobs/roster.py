"""Who works, who has fallen silent, and whose place somebody has taken. It reads no store."""

from collections import defaultdict, deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeAlias

from jobs.stores.presence import SILENT_S, Sighting, WorkerProcess

_Post: TypeAlias = frozenset[tuple[str, int]]  # queues, with the slots of each


@dataclass(frozen=True, slots=True, kw_only=True)
class Roster:
    """The workers of a site; of those that are silent, the ones are left out that had said that they were stopping.

    `missing` are silent for 15 seconds up to an hour; so are `replaced`, but another that serves the same queues with
    as many slots has begun since.
    """

    alive: Sequence[Sighting] = ()
    missing: Sequence[Sighting] = ()
    replaced: Sequence[Sighting] = ()


def roster_of(sightings: Sequence[Sighting], *, now: datetime | None = None) -> Roster:
    """Tell them apart. `now` is when they were sighted.

    Each who begins takes the place of one, the first to have fallen silent; also who is silent himself by now: of a
    worker that dies again and again, one is missing at most.
    """
    at = now or datetime.now(UTC)
    silent = [one for one in sightings if one.silent_s >= SILENT_S and not one.worker.is_leaving]
    begun = _begun(one.worker for one in sightings)
    missing, replaced = [], []
    for one in sorted(silent, key=lambda one: -one.silent_s):
        successors = begun[_post_of(one.worker)]
        # No sooner than he began himself, whatever the clocks of his host and of this one say.
        fell_silent_at = max(at - timedelta(seconds=one.silent_s), one.worker.started_at)
        while successors and successors[0] <= fell_silent_at:
            successors.popleft()
        if successors:
            successors.popleft()
            replaced.append(one)
        else:
            missing.append(one)
    alive = [one for one in sightings if one.silent_s < SILENT_S]
    return Roster(alive=alive, missing=missing, replaced=replaced)


def _begun(workers: Iterable[WorkerProcess]) -> defaultdict[_Post, deque[datetime]]:
    """Give when workers have begun, by their post, the first one first."""
    begun: defaultdict[_Post, deque[datetime]] = defaultdict(deque)
    for worker in sorted(workers, key=lambda worker: worker.started_at):
        begun[_post_of(worker)].append(worker.started_at)
    return begun


def _post_of(worker: WorkerProcess) -> _Post:
    return frozenset((queue, crew.slots) for queue, crew in worker.queues.items())
