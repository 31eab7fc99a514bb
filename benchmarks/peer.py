"""The peer of `submit`: a job server as people write it, Starlette and stock arq. It stores nothing but in Redis."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TypedDict

from arq.connections import ArqRedis, RedisSettings, create_pool
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route


class State(TypedDict):
    """What a request is handed."""

    redis: ArqRedis


@asynccontextmanager
async def lifespan(_: Starlette) -> AsyncIterator[State]:
    """Connect to Redis."""
    redis = await create_pool(RedisSettings(unix_socket_path=os.environ["PEER_REDIS_SOCKET"]))
    yield {"redis": redis}
    await redis.aclose(close_connection_pool=True)


async def submit(request: Request) -> JSONResponse:
    """Enqueue one job."""
    body = await request.json()
    job = await request.state.redis.enqueue_job(body["task"], **body["args"])
    return JSONResponse({"id": job.job_id}, status_code=202)


app = Starlette(routes=[Route("/api/jobs", submit, methods=["POST"])], lifespan=lifespan)
