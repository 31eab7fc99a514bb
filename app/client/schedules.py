"""What runs by itself."""

from collections.abc import Sequence

from app.client.pages import all_of
from app.client.request import Request, path_of
from app.client.shapes.jobs import Job
from app.client.shapes.schedules import Schedule
from app.client.transport import Transport


class Schedules:
    """Schedules. All methods raise ClientErrors."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def list(self) -> Sequence[Schedule]:
        """Give all schedules: when each is due, when it was, and what was missed."""
        return await all_of(self._transport, path_of("schedules"), Schedule)

    async def run(self, name: str) -> Job:
        """Run one out of turn; give the job, or its unfinished one where it must not overlap. For administrators."""
        return await self._transport.ask(Request(method="POST", path=path_of("schedules", name, "run")), Job)
