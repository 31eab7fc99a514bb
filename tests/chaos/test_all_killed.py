"""Web process, worker and steward are killed at random moments under load, all at once: what was accepted ends."""

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
from jobs.stores.database import Database
from tests.support.bed import NOTE_ENDS, SHORT_LEASE
from tests.support.conditions import eventually
from tests.support.history import abandon
from tests.support.processes import Running, started, web_process
from tests.support.site import Json

_PYTHON = (sys.executable, "-m", "jobs")
_WORKER = ((*_PYTHON, "worker", "--queues", "data_sync:8"), "worker_started")
_STEWARD = ((*_PYTHON, "steward"), "steward_started")
_KILLS = 3  # of each kind
_SUBMITTERS = 3
_KINDS: tuple[tuple[str, Json], ...] = (("diag.noop", {}), ("diag.sleep", {"seconds": 0.1}))
_START_S = 60.0
_ALL_END_WITHIN_S = 60.0


@dataclass(slots=True)
class Site:
    """What runs of it just now, how often each kind was killed, and what was accepted."""

    environ: dict[str, str]
    redis: Redis
    luck: random.Random = field(default_factory=lambda: random.Random(11))  # noqa: S311  no secret
    client: httpx.AsyncClient | None = None
    kills: Counter[str] = field(default_factory=Counter)
    accepted: list[str] = field(default_factory=list)
    broken: int = 0

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

    async def submit(self) -> None:
        """Submit one job after the other, to whichever web process there is, until all were killed."""
        while len(self.kills) < 3 or min(self.kills.values()) < _KILLS:
            client = self.client
            if client is None:
                await asyncio.sleep(0.02)
                continue
            task, args = self.luck.choice(_KINDS)
            try:
                answer = await client.post("/api/jobs", json={"task": task, "args": args})
            except (httpx.TransportError, RuntimeError):  # it was killed, or its client has been closed for that
                self.broken += 1
                await asyncio.sleep(0.02)
                continue
            assert answer.status_code == 202, answer.text
            self.accepted.append(answer.json()["id"])


@asynccontextmanager
async def _site(environ: dict[str, str]) -> AsyncIterator[Site]:
    async with Redis.from_url(environ["REDIS_URL"]) as redis:
        site = Site(environ=environ, redis=redis)
        loops = (site.keep(*_WORKER), site.keep(*_STEWARD), site.keep_web())
        keepers = [asyncio.create_task(loop) for loop in loops]
        try:
            yield site
            assert not [keeper for keeper in keepers if keeper.done()]
        finally:
            await cancel_until_ended(keepers, again_s=5.0)


async def test_whoever_is_killed_what_was_accepted_ends(environ: dict[str, str], database: Database) -> None:
    """Each once; and so does what was stored though its submitter never heard of it."""
    await database.execute(NOTE_ENDS)
    async with _site({**environ, **SHORT_LEASE}) as site:
        await asyncio.gather(*(site.submit() for _ in range(_SUBMITTERS)))

        async def all_are_written() -> bool:
            return not await database.fetch("SELECT FROM jobs WHERE finished_at IS NULL LIMIT 1")

        await eventually(all_are_written, within_s=_ALL_END_WITHIN_S)
    rows = {row["id"]: row["state"] for row in await database.fetch("SELECT id, state FROM jobs")}
    assert site.accepted
    assert site.broken
    assert set(site.accepted) <= rows.keys()
    assert set(rows.values()) == {"succeeded"}
    ends = Counter(row["job_id"] for row in await database.fetch("SELECT job_id FROM ends"))
    assert ends == Counter(rows.keys())
