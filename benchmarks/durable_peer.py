"""What `submit` could reach at best: each job committed and in line before the answer, and nothing else done for it.

What comes while two groups are under way travels in the next one, by one INSERT and one script. There is no login, no
limit, check, quota, log line or time limit: it is no job server, but the price of all those can be read off.
"""

import asyncio
import os
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TypedDict
from uuid import uuid4

import asyncpg
import orjson
from redis.asyncio import Redis
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

_ABREAST = 2
_MOST = 100
_TABLE = "CREATE TABLE IF NOT EXISTS by_hand (id text PRIMARY KEY, job jsonb, accepted_at timestamptz DEFAULT now())"
_INSERT = "INSERT INTO by_hand (id, job) SELECT * FROM unnest($1::text[], $2::jsonb[])"
_ENQUEUE = """
for i = 1, #ARGV, 2 do
  redis.call('HSET', 'job:' .. ARGV[i], 'job', ARGV[i + 1])
  redis.call('ZADD', 'queue', i, ARGV[i])
end
"""


class Groups:
    """Writes what has gathered, up to two groups at a time."""

    def __init__(self, pool: asyncpg.Pool, redis: Redis, sha: str) -> None:
        self._pool, self._redis, self._sha = pool, redis, sha
        self._gathered: deque[tuple[str, str, asyncio.Future[None]]] = deque()
        self._under_way: set[asyncio.Task[None]] = set()

    async def join(self, job_id: str, job: str) -> None:
        """Write a job with what else there is."""
        written: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._gathered.append((job_id, job, written))
        if len(self._under_way) < _ABREAST:
            task = asyncio.create_task(self._carry())
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)
        await written

    async def _carry(self) -> None:
        while group := [self._gathered.popleft() for _ in range(min(len(self._gathered), _MOST))]:
            await self._pool.execute(_INSERT, [job_id for job_id, _, _ in group], [job for _, job, _ in group])
            await self._redis.evalsha(self._sha, 0, *[word for *words, _ in group for word in words])  # type: ignore[misc]
            for *_, written in group:
                written.set_result(None)


class State(TypedDict):
    """What a request is handed."""

    groups: Groups


@asynccontextmanager
async def lifespan(_: Starlette) -> AsyncIterator[State]:
    """Connect to both stores."""
    async with (
        asyncpg.create_pool(os.environ["PEER_DATABASE_URL"], min_size=_ABREAST) as pool,
        Redis(unix_socket_path=os.environ["PEER_REDIS_SOCKET"]) as redis,
    ):
        await pool.execute(_TABLE)
        yield {"groups": Groups(pool, redis, await redis.script_load(_ENQUEUE))}


async def submit(request: Request) -> Response:
    """Store and enqueue one job."""
    job, job_id = orjson.loads(await request.body()), uuid4().hex
    await request.state.groups.join(job_id, orjson.dumps(job).decode())
    return Response(orjson.dumps({"id": job_id}), status_code=202, media_type="application/json")


app = Starlette(routes=[Route("/api/jobs", submit, methods=["POST"])], lifespan=lifespan)
