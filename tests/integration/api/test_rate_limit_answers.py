"""What answers say of limits: headers on all that are limited, a problem where one is used up, nothing elsewhere."""

import time
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from starlette.types import ASGIApp

from app.problems import RATE_LIMITED
from deploy.local.redis import RedisServer
from tests.chaos.outages import hung
from tests.support.conditions import eventually
from tests.support.limits import apps, caller, limited, own
from tests.support.metrics import samples_of, value_of
from tests.support.people import log_in, new_user
from tests.support.pulse import beating
from tests.support.site import running_web

PATHS = [
    ("GET", "/api/tasks", 200),
    ("GET", "/api/jobs/nothing", 404),
    ("GET", "/api/jobs?state=no", 422),
    ("POST", "/api/jobs", 400),
    ("DELETE", "/api/tasks", 405),
    ("GET", "/api/nowhere", 404),
    ("GET", "/nowhere", 404),
    ("GET", "/api/jobs?wait_s=0", 422),
]


@pytest.fixture
async def app(environ: dict[str, str]) -> AsyncIterator[ASGIApp]:
    """Run the application with the limits of production."""
    async with apps(limited(environ), 1) as (one,):
        yield one


@pytest.fixture
async def nora(app: ASGIApp) -> AsyncIterator[httpx.AsyncClient]:
    """Give a client of a normal user's."""
    async with caller(app, "normal:nora") as client:
        yield client


@pytest.mark.parametrize(("method", "path", "status"), PATHS)
async def test_every_limited_answer_says_how_one_stands(
    nora: httpx.AsyncClient, method: str, path: str, status: int
) -> None:
    """Errors too, also those of paths that lead nowhere."""
    began = time.time()
    answer = await nora.request(method, path)
    limit = 60 if path.startswith("/api/") else 30
    assert answer.status_code == status
    said = own(answer)
    assert (said["x-ratelimit-limit"], said["x-ratelimit-remaining"]) == (str(limit), str(limit - 1))
    assert began <= int(said["x-ratelimit-reset"]) <= time.time() + 3
    assert said["ratelimit"] == f'"default";r={limit - 1};t={60 // limit}'
    assert said["ratelimit-policy"] == f'"default";q={limit};w=60, "ip_guard";q=600;w=60'
    assert "retry-after" not in answer.headers


async def test_what_is_used_up_is_said_in_a_problem(nora: httpx.AsyncClient) -> None:
    """Which limit, whose, and when to come again; nothing of it may be kept by a cache."""
    while (answer := await nora.get("/api/tasks")).status_code == 200:
        pass
    assert answer.status_code == 429
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["type"] == RATE_LIMITED.type
    assert problem["violated-policies"] == ["default"]
    assert (problem["rate_limit_type"], problem["rate_limit_key"]) == ("default", "user:nora")
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["retry-after"] == "1"
    assert answer.headers["x-ratelimit-remaining"] == "0"


async def test_a_wrong_key_costs_the_address(app: ASGIApp) -> None:
    """So that nobody may try keys for ever."""
    async with caller(app, "of-nobody") as client:
        statuses = [(await client.get("/api/tasks")).status_code for _ in range(32)]
        assert statuses[:30] == [401] * 30
        assert statuses[-1] == 429
        answer = await client.get("/api/tasks")
        assert answer.json()["rate_limit_key"] == "ip:192.0.2.1"


async def test_an_office_may_log_in_from_one_address_and_a_guesser_may_not(environ: dict[str, str]) -> None:
    """A login that succeeds gives the address its token back; of the others it has three a minute."""
    async with running_web(limited(environ)) as web:
        await new_user(web, "nora")
        for _ in range(8):
            await log_in(web, "nora")
        wrong = {"username": "nora", "password": "not that of nora"}
        statuses = [(await web.post("/api/auth/login", json=wrong)).status_code for _ in range(4)]
        assert statuses == [401, 401, 401, 429]
        answer = await web.post("/api/auth/login", json=wrong)
        assert (answer.json()["rate_limit_type"], answer.json()["rate_limit_key"]) == ("auth", "ip:127.0.0.1")


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics", "/docs", "/docs/page.css", "/openapi.json"])
async def test_probes_metrics_and_files_are_not_limited(app: ASGIApp, path: str) -> None:
    """However often they are asked for, and they say nothing of limits."""
    async with caller(app, None) as client:
        for _ in range(40):
            answer = await client.get(path)
            assert answer.status_code == 200
        assert not [name for name in answer.headers if "ratelimit" in name]


async def test_a_refused_request_uses_up_nothing(nora: httpx.AsyncClient) -> None:
    """Neither the bucket that still has something, nor the guard."""
    for _ in range(10):
        await nora.post("/api/data-sync/single", json={})

    async def left() -> dict[str, int]:
        answer = await nora.get("/api/rate-limit/my-info")
        return {bucket["policy"]: bucket["remaining"] for bucket in answer.json()["buckets"]}

    before = await left()
    for _ in range(20):
        assert (await nora.post("/api/data-sync/single", json={})).status_code == 429
    after = await left()
    assert (before["sync_single"], after["sync_single"]) == (0, 0)
    assert after["data_sync"] >= before["data_sync"]
    assert after["ip_guard"] >= before["ip_guard"] - 1  # that of the look itself


async def test_the_draft_s_headers_can_be_left_out(environ: dict[str, str]) -> None:
    """The next draft names their parameters otherwise."""
    async with (
        apps(limited(environ, RATELIMIT_DRAFT_HEADERS="false"), 1) as (app,),
        caller(app, "normal:nora") as nora,
    ):
        answer = await nora.get("/api/tasks")
        assert answer.headers["x-ratelimit-limit"] == "60"
        assert "ratelimit" not in answer.headers
        assert "ratelimit-policy" not in answer.headers


@pytest.mark.parametrize(
    ("words", "status"), [("", 200), ("default=open, ip_guard=open", 200), ("default=closed", 503)]
)
async def test_while_redis_hangs_the_settings_say_who_decides(
    environ: dict[str, str], tmp_path: Path, words: str, status: int
) -> None:
    """A bucket of the process, nobody, or nobody may pass; it takes a tenth of a second once, and then no time."""
    with RedisServer(tmp_path / "redis", durable=False) as redis:
        variables = limited(environ, RATELIMIT_WHEN_AWAY=words, RATELIMIT_DEADLINE_MS="100", REDIS_URL=redis.url)
        async with apps(variables, 1) as (app,), caller(app, "normal:nora") as nora:

            async def is_asked() -> bool:
                # On a busy machine its first answer may be late: a connection is made, and a script loaded.
                answer, shown = await nora.get("/api/tasks"), samples_of((await nora.get("/metrics")).text)
                return answer.status_code == 200 and not value_of(shown, "switchyard_rate_limit_redis_away")

            await eventually(is_asked)
            async with hung(redis), beating() as pulse:
                began = time.monotonic()
                answers = [await nora.get("/api/tasks") for _ in range(5)]
                assert time.monotonic() - began - pulse.latest_s < 1
                assert {answer.status_code for answer in answers} == {status}
                shown = samples_of((await nora.get("/metrics")).text)
                assert value_of(shown, "switchyard_rate_limit_redis_away") == 1
