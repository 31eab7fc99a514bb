"""What an operator and a waiting user want to see: the site at a moment, its queues and workers, why a job waits."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from jobs.errors import StoreUnavailableError
from jobs.lifecycle import is_end
from jobs.model import Job, Reason, State, Waiting
from jobs.roster import Roster, roster_of
from jobs.scoring import Band
from jobs.stores.places import Glance, Places
from jobs.stores.presence import Presence, WorkerProcess
from jobs.stores.statistics import Reading, Statistics
from jobs.waiting import Facts, waiting_of


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueOverview:
    """How a queue does; `entries` by band, of which those that run are `timed` too."""

    name: str
    entries: Mapping[Band, int]
    glance: Glance
    running: int
    slots: int
    workers: int

    @property
    def ready(self) -> int:
        """How many jobs may be claimed, those included that the next claim adopts."""
        return self.entries[Band.READY] + self.entries[Band.FOREIGN]

    @property
    def delayed(self) -> int:
        """How many are not due yet, or back off. Those that run hold an entry among the timed ones too."""
        return max(self.entries[Band.TIMED] - self.running, 0)

    @property
    def parked(self) -> int:
        """How many wait until their owner has fewer running."""
        return self.entries[Band.PARKED]


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteOverview:
    """The site as Redis knew it at one moment: what was counted, all queues that its tasks name, and who works."""

    reading: Reading
    queues: Sequence[QueueOverview]
    roster: Roster


class Overview:
    """Reads; all calls raise StoreUnavailableError while Redis is away, but `waiting_of`."""

    def __init__(self, *, places: Places, presence: Presence, statistics: Statistics, queues: Sequence[str]) -> None:
        self._places = places
        self._presence = presence
        self._statistics = statistics
        self._queues = tuple(queues)

    async def site(self) -> SiteOverview:
        """Look at all of it; the cost does not depend on how much waits."""
        reading, glances, sightings = await asyncio.gather(
            self._statistics.read(), self._places.glance(self._queues), self._presence.muster()
        )
        roster = roster_of(sightings)
        workers = [sighting.worker for sighting in roster.alive]
        queues = [
            _queue(name, reading.entries[name], glances[name], [crew for crew in workers if name in crew.queues])
            for name in self._queues
        ]
        return SiteOverview(reading=reading, queues=queues, roster=roster)

    async def workers(self) -> list[WorkerProcess]:
        """Give all live worker processes."""
        return await self._presence.workers()

    async def waiting_of(self, job: Job) -> Waiting | None:
        """Say why a job waits; None where it does not."""
        if is_end(job.state) or job.state is State.RUNNING:
            return None
        try:
            place, workers = await asyncio.gather(self._places.of(job), self._presence.workers())
        except StoreUnavailableError:
            return Waiting(reason=Reason.NOT_ENQUEUED, position=None, estimated_start=None)
        serving = [worker for worker in workers if job.queue in worker.queues]
        return waiting_of(
            Facts(
                **asdict(place) | {"state": State(place.state) if place.state else None},
                has_worker=bool(serving),
                has_expert=any(job.task in worker.tasks for worker in serving),
            )
        )


def _queue(name: str, entries: Mapping[Band, int], glance: Glance, workers: Sequence[WorkerProcess]) -> QueueOverview:
    crews = [worker.queues[name] for worker in workers]
    return QueueOverview(
        name=name,
        entries=entries,
        glance=glance,
        running=sum(crew.running for crew in crews),
        slots=sum(crew.slots for crew in crews),
        workers=len(crews),
    )
