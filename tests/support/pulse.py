"""How late a test's own event loop was: what the machine takes is nobody's fault, and is taken off what is measured."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

_EVERY_S = 0.005


class Pulse:
    """Tells how late this process' own loop was at worst: nobody else is to blame for that."""

    def __init__(self) -> None:
        self.latest_s = 0.0

    async def run(self) -> None:
        """Look until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + _EVERY_S
            await asyncio.sleep(_EVERY_S)
            self.latest_s = max(self.latest_s, loop.time() - due)


@asynccontextmanager
async def beating() -> AsyncIterator[Pulse]:
    """Look until the end of the context."""
    pulse = Pulse()
    task = asyncio.create_task(pulse.run())
    try:
        yield pulse
    finally:
        task.cancel()
