"""People who submit jobs at a steady pace, and send again what was refused."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from itertools import count

import httpx

from app.client import Client, ClientError
from tests.support.nginx import Nginx
from tests.support.site import ADMIN_KEY

_PAUSE_S = 0.35  # nginx takes 200 a minute of an address
_LONG_S = 2.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What was submitted: the ids of accepted jobs, and when a submission was refused and had to be sent again."""

    accepted: list[str] = field(default_factory=list)
    refused_at: list[float] = field(default_factory=list)


def load_through(nginx: Nginx) -> AbstractAsyncContextManager[Load]:
    """Submit from ten addresses, as one alone would come to its limit."""

    def door(number: int) -> httpx.AsyncHTTPTransport:
        return httpx.AsyncHTTPTransport(verify=nginx.trust, local_address=f"127.0.0.{2 + number}")

    return load_on(f"https://127.0.0.1:{nginx.https_port}", submitters=10, door=door)


@asynccontextmanager
async def load_on(
    url: str, *, submitters: int, door: Callable[[int], httpx.AsyncHTTPTransport | None] = lambda _: None
) -> AsyncIterator[Load]:
    """Submit jobs until the end, each submitter through his `door`; one that is not accepted in a minute is raised.

    Each job has one try. One in ten takes so long that a worker that stops hands it back.
    """
    load, is_over = Load(), asyncio.Event()

    def note(_: ClientError, __: float) -> None:
        load.refused_at.append(time.monotonic())

    async def submit_through(transport: httpx.AsyncHTTPTransport | None) -> None:
        async with Client(url, ADMIN_KEY, retrying=note, http=transport) as client:
            for number in count():
                if is_over.is_set():
                    return
                seconds = _LONG_S if number % 10 == 0 else 0.02
                job = await client.jobs.submit("diag.sleep", {"seconds": seconds}, max_tries=1)
                load.accepted.append(job["id"])
                await asyncio.sleep(_PAUSE_S)

    # None is cut off within a submission: it would be accepted without being known here.
    async with asyncio.TaskGroup() as group:
        for number in range(submitters):
            group.create_task(submit_through(door(number)))
        yield load
        is_over.set()
