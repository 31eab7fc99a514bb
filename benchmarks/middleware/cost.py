"""What it costs to limit a request, with two buckets and all headers; beside slowapi's middleware with one limit."""

import statistics
import subprocess
import tempfile
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace
from typing import Final, cast
from urllib.parse import urlsplit

import uvloop
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from app.addresses import Origins
from app.live_limits import LiveLimits
from app.middleware.rate_limit import RateLimit
from app.middleware.request_context import RequestContext
from app.rate_limits import RateLimits
from app.stores.limits import LimitsStore
from app.traffic import Traffic
from benchmarks.engine.environments import ROOT, python_of
from benchmarks.measure import progress, table
from benchmarks.middleware.drive import drive
from deploy.local.redis import RedisServer
from jobs.stores.redis import connect_redis
from ratelimit.ledger import Ledger
from ratelimit.limiter import Limiter
from ratelimit.settings import RateLimitSettings
from ratelimit.storage.memory import TokenBucketMemoryStorage
from ratelimit.storage.redis import PATIENCE_S, TokenBucketRedisStorage

ROUNDS: Final = 5
REQUESTS: Final = 20_000
_PEER_S: Final = 120.0
_SETTINGS: Final = {"RATELIMIT_TIERS": "anonymous.default=1000000/minute", "RATELIMIT_IP_GUARD": "1000000/minute"}


async def hello(_: Request) -> PlainTextResponse:
    """Do nothing."""
    return PlainTextResponse("hello")


def main(_: bool) -> None:  # noqa: FBT001  the one switch that all benchmarks share; it changes nothing here
    """Drive both in turn, and print a table of medians."""
    ours: dict[int, list[float]] = {1: [], 100: []}
    theirs: dict[int, list[float]] = {1: [], 100: []}
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="switchyard-bench-")))
        redis = stack.enter_context(RedisServer(folder / "redis", durable=False))
        for number in range(1, ROUNDS + 1):
            progress(f"middleware: round {number} of {ROUNDS}")
            for in_flight, rates in ours.items():
                requests = REQUESTS if in_flight > 1 else REQUESTS // 5
                rates.append(uvloop.run(_ours(redis.url, requests, in_flight)))
                theirs[in_flight].append(_slowapi(redis.url, requests, in_flight))
    rows = [
        (
            f"{in_flight} in flight",
            f"{(mine := statistics.median(ours[in_flight])):,.0f}",
            f"{(peer := statistics.median(theirs[in_flight])):,.0f}",
            f"{mine / peer:.1f}",
        )
        for in_flight in ours
    ]
    headers = ("requests/s", "Switchyard, 2 buckets", "slowapi, 1 limit", "ratio")
    print(f"\n## middleware\n\n{table(headers, rows)}")


async def _ours(url: str, requests: int, in_flight: int) -> float:
    redis = connect_redis(url, patience_s=PATIENCE_S, retries=0)
    settings = RateLimitSettings.model_validate(_SETTINGS)
    limiter = Limiter(TokenBucketRedisStorage.on(redis), TokenBucketMemoryStorage())
    live = LiveLimits(cast("LimitsStore", None), given=settings.document())  # nobody changes them here
    deps = SimpleNamespace(
        origins=Origins((), header="X-Forwarded-For"),
        rate_limits=RateLimits(limiter, live, Ledger(), draft_headers=True),
        traffic=Traffic(),
    )
    routes = [Route("/", hello)]
    app = Starlette(routes=routes, middleware=[Middleware(RequestContext), Middleware(RateLimit, routes=routes)])
    try:
        await drive(app, requests=1_000, in_flight=in_flight, state={"deps": deps})  # to warm up
        rate = await drive(app, requests=requests, in_flight=in_flight, state={"deps": deps})
    finally:
        await redis.aclose(close_connection_pool=True)
    if limiter.is_away:
        raise AssertionError("Redis did not answer in time, so that this process decided alone")
    return rate


def _slowapi(url: str, requests: int, in_flight: int) -> float:
    where = f"redis+unix://{urlsplit(url).path}" if url.startswith("unix:") else url
    command = (
        str(python_of("slowapi")),
        "-m",
        "benchmarks.middleware.slowapi_peer",
        where,
        str(requests),
        str(in_flight),
    )
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True, timeout=_PEER_S)
    return float(done.stdout)
