"""A whole system: Redis with its sentinels, web processes behind nginx, workers and stewards."""

import asyncio
import signal
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.held import held_port, web_behind
from tests.support.nginx import Nginx, nginx_before
from tests.support.processes import Running, started
from tests.support.sentinels import Sentinels, sentinels_of
from tests.support.units import command_of

QUEUES = "data_sync:8"

_STOPS_WITHIN_S = 30.0

Start = Callable[[], AbstractAsyncContextManager[Running]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How many there are of each kind, and how often each of them is replaced."""

    webs: int
    workers: int
    stewards: int
    rounds: int


SMALL = Size(webs=2, workers=2, stewards=2, rounds=1)
FULL = Size(webs=2, workers=3, stewards=2, rounds=5)


@dataclass(slots=True, kw_only=True)
class System:
    """What runs. Processes are told by their kind: web, worker, steward."""

    nginx: Nginx
    sentinels: Sentinels
    starts: Mapping[str, Start]
    stack: AsyncExitStack
    running: dict[str, list[Running]] = field(default_factory=dict)

    async def start(self, kind: str) -> None:
        """Start one; it does its work then."""
        self.running.setdefault(kind, []).append(await self.stack.enter_async_context(self.starts[kind]()))

    async def replace_all(self) -> None:
        """Replace every process, of each kind one after the other, as the guide's upgrade does it."""
        await asyncio.gather(*map(self._replace, self.starts))

    async def _replace(self, kind: str) -> None:
        for _ in list(self.running[kind]):
            old = self.running[kind].pop(0)
            old.send(signal.SIGTERM)
            # uvicorn ends by the signal that it was sent.
            assert await old.ends(within_s=_STOPS_WITHIN_S) in {0, -signal.SIGTERM}, old.lines
            await self.start(kind)


@asynccontextmanager
async def system_of(size: Size, environ: Mapping[str, str], folder: Path) -> AsyncIterator[System]:
    """Start it all on a migrated database, whose address `environ` has; all is killed at the end."""
    (folder / "redis").mkdir()
    (folder / "nginx").mkdir()
    async with AsyncExitStack() as stack:
        sentinels = await stack.enter_async_context(sentinels_of(folder / "redis"))
        environ = {**environ, "REDIS_URL": sentinels.url, "QUEUES": QUEUES, "JOBS_DRAIN_S": "1"}
        held = stack.enter_context(held_port())
        url = "http://{}:{}".format(*held.getsockname())
        nginx = await stack.enter_async_context(nginx_before(url, folder / "nginx"))
        system = System(
            nginx=nginx,
            sentinels=sentinels,
            stack=stack,
            starts={
                "web": lambda: web_behind(held, environ),
                "worker": lambda: _begun("switchyard-worker@", environ, "worker_started"),
                "steward": lambda: _begun("switchyard-steward", environ, "steward_started"),
            },
        )
        kinds = {"web": size.webs, "worker": size.workers, "steward": size.stewards}
        await asyncio.gather(*(system.start(kind) for kind, amount in kinds.items() for _ in range(amount)))
        yield system


@asynccontextmanager
async def _begun(service: str, environ: Mapping[str, str], word: str) -> AsyncIterator[Running]:
    """Start what this service does, with variables put in where systemd puts them; it has begun when it says `word`."""
    told = [environ.get(one.strip("${}"), "") if one.startswith("$") else one for one in command_of(service)]
    async with started([one for one in told if one], environ) as process:
        await process.says(word)
        yield process
