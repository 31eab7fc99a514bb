"""slowapi's ASGI middleware on Redis, with one limit and its headers: run as a program in slowapi's environment."""

import asyncio
import sys

import uvloop
from slowapi import Limiter
from slowapi.middleware import SlowAPIASGIMiddleware
from slowapi.util import get_remote_address
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from benchmarks.middleware.drive import drive

_, URL, REQUESTS, IN_FLIGHT = sys.argv


async def hello(_: Request) -> PlainTextResponse:
    """Do nothing."""
    return PlainTextResponse("hello")


async def main() -> None:
    """Print the requests a second."""
    app = Starlette(routes=[Route("/", hello)], middleware=[Middleware(SlowAPIASGIMiddleware)])
    app.state.limiter = Limiter(
        key_func=get_remote_address, default_limits=["1000000/minute"], storage_uri=URL, headers_enabled=True
    )
    await drive(app, requests=1_000, in_flight=int(IN_FLIGHT))  # to warm up
    print(await drive(app, requests=int(REQUESTS), in_flight=int(IN_FLIGHT)))


with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
    runner.run(main())
