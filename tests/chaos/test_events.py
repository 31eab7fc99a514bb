"""Those who follow jobs lose no change, whatever happens to them, to others, to Redis and to the web process."""

import asyncio
import random
import signal
import socket
import time
from collections import defaultdict
from collections.abc import Iterable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import datetime

import httpx
import orjson
import pytest
from redis.asyncio import Redis

from jobs import codec, keys
from jobs.stores.database import Database
from tests.chaos.outages import killed, stopped
from tests.chaos.test_redis_away import Outage
from tests.chaos.workers import worker_of
from tests.support.batches import submit_batch
from tests.support.conditions import eventually
from tests.support.history import Steps, told_by_scripts
from tests.support.listening import Told, connected
from tests.support.processes import web_process
from tests.support.servers import Servers
from tests.support.site import ADMIN_KEY, submit

CLIENTS = 100
JOBS = 60
SMALL_BUFFER = 4_096


@dataclass(frozen=True, slots=True)
class Seen:
    """What one client was told: as of which version it was shown each job, and what came then."""

    begun: dict[str, int] = field(default_factory=dict)
    steps: Steps = field(default_factory=lambda: defaultdict(dict))

    def note(self, told: Told) -> None:
        """Take note of an event."""
        if told.name != "job":
            return
        if "args" in told.data:
            self.begun[told.data["id"]] = told.data["seq"]
        else:
            self.steps[told.data["id"]][told.data["seq"]] = told.data["state"]


async def _begin(client: httpx.AsyncClient, jobs: set[str]) -> tuple[Seen, str | None]:
    """Be shown all jobs; give where that was."""
    seen = Seen()
    async with connected(client, "/api/events") as listener:
        while seen.begun.keys() != jobs:
            seen.note(await listener.next(within_s=60))
        return seen, listener.last_id


async def _follow(client: httpx.AsyncClient, seen: Seen, last_id: str | None, *, dice: random.Random) -> Seen:
    """Follow all jobs until they have ended, and come back again and again with the last id."""
    left = set(seen.begun)
    while left:
        async with connected(client, "/api/events", last_id=last_id) as listener:
            for _ in range(dice.randint(1, 2 * JOBS)):
                told = await listener.next(within_s=60)
                assert told.name == "job"
                seen.note(told)
                if told.state == "succeeded":
                    left.discard(told.data["id"])
                if not left:
                    break
            last_id = listener.last_id
    return seen


@pytest.mark.usefixtures("stores_stay")
async def test_a_hundred_who_come_and_go_under_load_miss_nothing(
    environ: dict[str, str], redis_url: str, database: Database
) -> None:
    """Each has every transition of every job, none twice with another content, and PostgreSQL's history is the same."""
    async with AsyncExitStack() as stack:
        web, admin = await stack.enter_async_context(web_process(environ))
        limits = httpx.Limits(max_connections=None)
        many = httpx.AsyncClient(
            base_url=admin.base_url, headers=admin.headers, timeout=60, limits=limits, trust_env=False
        )
        await stack.enter_async_context(many)
        redis = await stack.enter_async_context(Redis.from_url(redis_url))
        jobs = {(await submit(admin, "diag.sleep", {"seconds": 0.05}))["id"] for _ in range(JOBS)}
        begun = await asyncio.gather(*(_begin(many, jobs) for _ in range(CLIENTS)))
        following = [asyncio.create_task(_follow(many, *one, dice=_dice(number))) for number, one in enumerate(begun)]
        await stack.enter_async_context(worker_of(environ, {"data_sync": 5}))
        found = await asyncio.gather(*following)
        happened = await told_by_scripts(redis)

        async def is_written() -> bool:
            return not await database.fetch("SELECT FROM jobs WHERE finished_at IS NULL LIMIT 1")

        await eventually(is_written, within_s=20)
        assert web.runs
    history = {row["id"]: row for row in await database.fetch("SELECT id, state, version, tries FROM jobs")}
    assert history.keys() == jobs
    for seen in found:
        for job_id, row in history.items():
            told, shown_at = seen.steps[job_id], seen.begun[job_id]
            assert told.items() <= happened[job_id].items()
            # What was before is in what the client was shown first.
            assert {version for version in happened[job_id] if version > shown_at} <= told.keys()
            assert max(told.items()) == (row["version"], row["state"])
            assert sum(state == "running" for state in happened[job_id].values()) == row["tries"]


@pytest.mark.usefixtures("stores_stay")
async def test_one_who_does_not_read_harms_nobody(environ: dict[str, str], redis_url: str) -> None:
    """He is let go when too much waits for him; who reads has all of it, at once."""
    async with web_process(environ) as (web, admin), Redis.from_url(redis_url) as redis:
        with _stuck(admin) as slow:
            async with connected(admin, "/api/events") as quick:
                await eventually(lambda: _follow_begun(redis))
                amount = 16_000  # of a kilobyte each, about twice what may wait
                for first in range(0, amount, 100):
                    await _tell(redis, range(first, first + 100))
                    told = [await quick.next() for _ in range(100)]
                    assert [one.data["seq"] for one in told] == list(range(first + 1, first + 101))
                await web.says("event_client_cut")
                assert await asyncio.to_thread(_read_all, slow) < amount


@pytest.mark.usefixtures("stores_stay")
async def test_streams_end_when_the_web_process_stops(environ: dict[str, str], redis_url: str) -> None:
    """At SIGTERM each ends at once, also of one who does not read; the process does not wait for its 25 seconds."""
    async with web_process(environ) as (web, admin), Redis.from_url(redis_url) as redis:
        job = await submit(admin, "diag.noop")
        with _stuck(admin):
            async with (
                connected(admin, f"/api/jobs/{job['id']}/events") as one,
                connected(admin, "/api/events") as all_,
            ):
                assert (await one.next()).state == (await all_.next()).state == "queued"
                for first in range(0, 2_000, 100):  # less than would let him go
                    await _tell(redis, range(first, first + 100))
                await all_.until(lambda told: told.data.get("seq") == 2_000)
                began = time.time()
                web.send(signal.SIGTERM)
                assert await one.rest() == await all_.rest() == []
            stopped_at = orjson.loads((await web.says("web_stopped")).string)["timestamp"]
            assert datetime.fromisoformat(stopped_at).timestamp() - began < 3
            assert await web.ends(within_s=10) in {0, -signal.SIGTERM}


@pytest.mark.parametrize("outage", [stopped, killed])
async def test_a_redis_that_comes_back_leaves_no_gap(environ: dict[str, str], servers: Servers, outage: Outage) -> None:
    """Who follows hears nothing meanwhile, and then all; also who came while it was away."""
    async with AsyncExitStack() as stack:
        _, admin = await stack.enter_async_context(web_process(environ))
        await stack.enter_async_context(worker_of(environ, {"data_sync": 2}))
        job = await submit(admin, "diag.sleep", {"seconds": 3})
        path = f"/api/jobs/{job['id']}/events"
        listener = await stack.enter_async_context(connected(admin, path))
        await listener.until(lambda told: told.state == "running")
        async with outage(servers.redis):
            late = await stack.enter_async_context(connected(admin, path))
            assert (await late.next()).data["id"] == job["id"]
        assert (await listener.until(lambda told: told.state == "succeeded", within_s=40))[-1].data["result"] == 3
        assert (await late.until(lambda told: told.state == "succeeded", within_s=40))[-1].data["result"] == 3


@pytest.mark.parametrize("store", ["redis", "postgres"])
async def test_a_batch_is_followed_through_the_death_of_a_store(
    environ: dict[str, str], servers: Servers, store: str
) -> None:
    """Each job's end is told, and the batch's with its true counts last of all, as soon as the store is back."""
    async with AsyncExitStack() as stack:
        _, admin = await stack.enter_async_context(web_process(environ))
        await stack.enter_async_context(worker_of(environ, {"data_sync": 2}))
        naps: list[dict[str, object]] = [{"task": "diag.sleep", "args": {"seconds": 0.5}} for _ in range(8)]
        batch = await submit_batch(admin, naps)
        listener = await stack.enter_async_context(connected(admin, f"/api/batches/{batch['id']}/events"))
        told = await listener.until(lambda one: one.state == "running")
        async with killed(getattr(servers, store)):
            pass
        told += await listener.rest(within_s=60)
        assert (told[-1].name, told[-1].state) == ("batch", "succeeded")
        assert told[-1].data["counts"] == {"succeeded": len(naps)}
        ended = [one.data["id"] for one in told if one.name == "job" and one.state == "succeeded"]
        assert len(ended) == len(set(ended)) == len(naps)


def _dice(seed: int) -> random.Random:
    return random.Random(seed)  # noqa: S311  no secret


class _Stuck:
    """A connection that follows all jobs and never reads."""

    def __init__(self, host: str, port: int) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL_BUFFER)
        self.socket.connect((host, port))
        request = f"GET /api/events HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {ADMIN_KEY}\r\n\r\n"
        self.socket.sendall(request.encode())
        self.socket.recv(64)  # it has begun

    def __enter__(self) -> socket.socket:
        return self.socket

    def __exit__(self, *_: object) -> None:
        self.socket.close()


def _stuck(client: httpx.AsyncClient) -> _Stuck:
    return _Stuck(client.base_url.host, client.base_url.port or 80)


def _read_all(connection: socket.socket) -> int:
    """Read to the end; give how many events there were."""
    got = b""
    connection.settimeout(10)
    try:
        while data := connection.recv(65_536):
            got += data
    except ConnectionResetError:
        pass
    return got.count(b"event: job")


async def _follow_begun(redis: Redis) -> bool:
    """Say whether somebody waits for news."""
    return any("b" in client["flags"] and client["cmd"] == "xread" for client in await redis.client_list())


async def _tell(redis: Redis, numbers: Iterable[int]) -> None:
    """Tell of jobs that there are not, as scripts do, at length."""
    error = codec.dumps({"type": "E", "message": "x" * 1_000, "fingerprint": "f"}).decode()
    told = [
        {"id": f"j{number}", "run": "1", "v": str(number + 1), "state": "failed", "at": "1", "error": error}
        for number in numbers
    ]
    await redis.xadd(keys.EVENTS, {"events": codec.dumps(told)})
