"""A site whose processes are killed again and again at random moments, each kind so many times, and started again."""

import asyncio
import random
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx
from redis.asyncio import Redis

from jobs.cancelling import cancel_until_ended
from tests.support.history import abandon
from tests.support.processes import Running, started, web_process

_PYTHON = (sys.executable, "-m", "jobs")
_WORKER = ((*_PYTHON, "worker", "--queues", "data_sync:8"), "worker_started")
_STEWARD = ((*_PYTHON, "steward"), "steward_started")
_KILLS = 3  # of each kind
_KINDS = 3
_START_S = 60.0


@dataclass(slots=True)
class MortalSite:
    """What runs of it just now, and how often each kind was killed."""

    environ: dict[str, str]
    redis: Redis
    luck: random.Random = field(default_factory=lambda: random.Random(11))  # noqa: S311  no secret
    client: httpx.AsyncClient | None = None
    kills: Counter[str] = field(default_factory=Counter)
    broken: int = 0

    @property
    def is_dying(self) -> bool:
        """Whether somebody is still to be killed."""
        return len(self.kills) < _KINDS or min(self.kills.values()) < _KILLS

    async def post(self, path: str, body: object) -> httpx.Response | None:
        """Ask whichever web process there is; None where there is none, or it was killed over it."""
        client = self.client
        if client is None:
            await asyncio.sleep(0.02)
            return None
        try:
            return await client.post(path, json=body)
        except (httpx.TransportError, RuntimeError):  # it was killed, or its client has been closed for that
            self.broken += 1
            await asyncio.sleep(0.02)
            return None

    async def doom(self, kind: str, process: Running) -> None:
        """Kill a process some tenths of a second from now; the last one of its kind lives on."""
        if self.kills[kind] >= _KILLS:
            await process.ends(within_s=600)
        await asyncio.sleep(self.luck.uniform(0.2, 1.5))  # the moment is the point
        process.send(signal.SIGKILL)
        await process.ends(within_s=10)
        self.kills[kind] += 1
        await abandon(self.redis, process.pid)  # a minute has passed: what it had read is another's

    async def keep(self, command: Sequence[str], word: str) -> None:
        """Start a process again and again."""
        while True:
            async with started(command, self.environ) as process:
                await process.says(word, within_s=_START_S)
                await self.doom(word, process)

    async def keep_web(self) -> None:
        """Do the same with the web process."""
        while True:
            async with web_process(self.environ) as (process, client):
                self.client = client
                await self.doom("web", process)
                self.client = None


@asynccontextmanager
async def mortal_site(environ: dict[str, str]) -> AsyncIterator[MortalSite]:
    """Keep a web process, a worker and a steward going, and kill them."""
    async with Redis.from_url(environ["REDIS_URL"]) as redis:
        site = MortalSite(environ=environ, redis=redis)
        loops = (site.keep(*_WORKER), site.keep(*_STEWARD), site.keep_web())
        keepers = [asyncio.create_task(loop) for loop in loops]
        try:
            yield site
            assert not [keeper for keeper in keepers if keeper.done()]
        finally:
            await cancel_until_ended(keepers, again_s=5.0)
