"""A whole system: Redis with its sentinels, web processes behind nginx, workers and stewards, and people who submit."""

import asyncio
import signal
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import httpx

from app.client import Client, ClientError
from tests.support.held import held_port, web_behind
from tests.support.nginx import Nginx, nginx_before
from tests.support.processes import Running, started
from tests.support.sentinels import Sentinels, sentinels_of
from tests.support.site import ADMIN_KEY
from tests.support.units import command_of

QUEUES = "data_sync:8"

_SUBMITTERS = 10
_PAUSE_S = 0.35  # nginx takes 200 a minute of an address
_LONG_S = 2.5
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What was submitted: the ids of accepted jobs, and when a submission was refused and had to be sent again."""

    accepted: list[str] = field(default_factory=list)
    refused_at: list[float] = field(default_factory=list)


@asynccontextmanager
async def load_on(nginx: Nginx) -> AsyncIterator[Load]:
    """Submit jobs from several addresses until the end; a submission that is not accepted in a minute is raised.

    Each job has one try. One in ten takes so long that a worker that stops hands it back.
    """
    load, is_over = Load(), asyncio.Event()

    def note(_: ClientError, __: float) -> None:
        load.refused_at.append(time.monotonic())

    async def submit_on(address: str) -> None:
        door = httpx.AsyncHTTPTransport(verify=nginx.trust, local_address=address)
        url = f"https://127.0.0.1:{nginx.https_port}"
        async with Client(url, ADMIN_KEY, retrying=note, http=door) as client:
            for number in count():
                if is_over.is_set():
                    return
                seconds = _LONG_S if number % 10 == 0 else 0.02
                job = await client.jobs.submit("diag.sleep", {"seconds": seconds}, max_tries=1)
                load.accepted.append(job["id"])
                await asyncio.sleep(_PAUSE_S)

    # None is cut off within a submission: it would be accepted without being known here.
    async with asyncio.TaskGroup() as submitters:
        for number in range(_SUBMITTERS):
            submitters.create_task(submit_on(f"127.0.0.{2 + number}"))
        yield load
        is_over.set()
