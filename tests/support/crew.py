"""Workers that are started again whenever they end, as a supervisor does it."""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from jobs.cancelling import cancel_until_ended
from tests.support.bed import Bed
from tests.support.conditions import eventually
from tests.support.processes import Running

_LONGEST_S = 7_200.0
_START_S = 60.0


class Crew:
    """So many workers. Those that run are in `workers`, the statuses of those that have ended in `ended`."""

    def __init__(self, bed: Bed, slots: int) -> None:
        self._bed = bed
        self._slots = slots
        self.workers: dict[int, Running] = {}
        self.ended: list[int] = []

    async def keep(self, place: int) -> None:
        """Keep one of them going, until cancelled."""
        while True:
            async with self._bed.worker(self._slots) as worker:
                self.workers[place] = worker
                status = await worker.ends(within_s=_LONGEST_S)
                del self.workers[place]
            self.ended.append(status)
            await self._bed.bury(worker.pid)

    async def kill(self, place: int) -> None:
        """Kill one of them, once it runs."""

        async def running() -> Running | None:
            return self.workers.get(place)

        worker = await eventually(running, within_s=_START_S)
        worker.send(signal.SIGKILL)


@asynccontextmanager
async def crew_of(bed: Bed, *, size: int, slots: int) -> AsyncIterator[Crew]:
    """Keep so many workers going; they are killed at the end."""
    crew = Crew(bed, slots)
    keepers = [asyncio.create_task(crew.keep(place), name=f"keeper {place}") for place in range(size)]
    try:
        yield crew
    finally:
        await cancel_until_ended(keepers, again_s=5.0)
        for keeper in keepers:
            if not keeper.cancelled() and (error := keeper.exception()):
                raise error
