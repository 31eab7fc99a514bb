"""deploy/nginx in a real nginx, in front of the real application."""

import asyncio
import signal
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.support.limits import limited
from tests.support.listening import connected, has_ended, stream_of
from tests.support.nginx import NAME, Nginx, nginx_before
from tests.support.openapi import validator
from tests.support.people import PASSWORD, new_user
from tests.support.processes import Running, web_process
from tests.support.site import UNLIMITED, submit

MIB = 1024 * 1024
BY_NGINX = '"address.'  # how its policies are called
REFUSED = 20  # in a row of requests, after which it is seen how many were admitted
PROBLEM = validator({"$ref": "#/components/schemas/ProblemView"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Fronted:
    """A web process with an nginx before it."""

    nginx: Nginx
    web: Running


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """What an address may ask for."""

    method: str
    path: str
    per_minute: int
    burst: int
    kind: str


LIMITS = (
    Limit(method="POST", path="/api/jobs", per_minute=200, burst=50, kind="write"),
    Limit(method="POST", path="/api/data-sync/single", per_minute=30, burst=10, kind="sync"),
    Limit(method="POST", path="/login", per_minute=10, burst=3, kind="login"),
    Limit(method="POST", path="/api/auth/login", per_minute=10, burst=3, kind="login"),
)


@pytest.fixture
async def fronted(environ: dict[str, str], tmp_path: Path) -> AsyncIterator[Fronted]:
    """Run both; the application believes what comes from nginx' address, and has one limit of its own."""
    tiers = UNLIMITED["RATELIMIT_TIERS"].replace("anonymous.auth=1000000", "anonymous.auth=1")
    own = {**UNLIMITED, "RATELIMIT_TIERS": tiers, "APP_TRUSTED_PROXIES": "127.0.0.1"}
    async with (
        web_process({**limited(environ), **own}) as (web, client),
        nginx_before(str(client.base_url).rstrip("/"), tmp_path) as nginx,
    ):
        yield Fronted(nginx=nginx, web=web)


def problem_in(answer: httpx.Response, status: int) -> dict[str, object]:
    """Expect a problem document of the application's shape; give it."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem: dict[str, object] = answer.json()
    assert list(PROBLEM.iter_errors(problem)) == []
    assert problem["request_id"] == answer.headers["x-request-id"]
    return problem


async def announced(nginx: Nginx, path: str, size: int) -> httpx.Response:
    """Give the answer to a request that says how long its body is, and sends nothing of it."""
    reader, writer = await asyncio.open_connection("127.0.0.1", nginx.https_port, ssl=nginx.trust)
    writer.write(f"POST {path} HTTP/1.1\r\nHost: {NAME}\r\nContent-Length: {size}\r\n\r\n".encode())
    status, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().strip().split("\r\n")
    headers = httpx.Headers(dict(line.split(": ", 1) for line in lines))
    content = await reader.readexactly(int(headers["content-length"]))
    writer.close()
    return httpx.Response(int(status.split()[1]), headers=headers, content=content)


async def refused_at_last(client: httpx.AsyncClient, limit: Limit) -> tuple[list[httpx.Response], float]:
    """Ask one after the other until nginx has refused some; give the answers and how many seconds it took."""
    began = time.monotonic()
    answers: list[httpx.Response] = []
    while sum(BY_NGINX in answer.text for answer in answers) < REFUSED:
        answers.append(await client.request(limit.method, limit.path))
    return answers, time.monotonic() - began


async def test_an_address_has_its_limits(fronted: Fronted) -> None:
    """What is above one is refused by a problem document; another address is not, and neither are reads.

    What the application refuses by itself passes as it is.
    """
    for number, limit in enumerate(LIMITS):
        own, other = f"127.0.1.{number}", f"127.0.2.{number}"
        async with fronted.nginx.client(own, key=None) as client, fronted.nginx.client(other, key=None) as another:
            answers, took_s = await refused_at_last(client, limit)
            refused = [answer for answer in answers if BY_NGINX in answer.text]
            admitted = len(answers) - len(refused)
            assert limit.burst + 1 <= admitted <= limit.burst + 2 + took_s * limit.per_minute / 60
            problem = problem_in(refused[-1], 429)
            assert (problem["rate_limit_type"], problem["rate_limit_key"]) == (f"address.{limit.kind}", f"ip:{own}")
            assert problem["instance"] == limit.path
            assert float(refused[-1].headers["retry-after"]) * limit.per_minute / 60 >= 1
            assert BY_NGINX not in (await client.get(limit.path)).text
            assert BY_NGINX not in (await another.request(limit.method, limit.path)).text
    assert problem_in(answers[1], 429)["rate_limit_type"] == "auth"
    assert answers[1].headers["x-ratelimit-limit"] == "1"


async def test_who_polls_is_let_through_and_known(fronted: Fronted) -> None:
    """Three hundred reads in a row. Who asks is told by what nginx saw: neither his headers nor an id that is none."""
    async with fronted.nginx.client() as client:
        answers = [await client.get("/api/data-sync/tasks") for _ in range(300)]
        assert {answer.status_code for answer in answers} == {200}
    spoofed = {"X-Forwarded-For": "192.0.2.1", "Forwarded": "for=192.0.2.1", "X-Request-ID": "not an id"}
    async with fronted.nginx.client(key=None) as client:
        first, second = [await client.get("/api/auth/me", headers=spoofed) for _ in range(2)]
        assert (first.status_code, second.json()["rate_limit_key"]) == (401, "ip:127.0.0.1")
        assert len(first.headers["x-request-id"]) == 32
        kept = await client.get("/healthz", headers={"X-Request-ID": "mine-1"})
        assert kept.headers["x-request-id"] == "mine-1"
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{fronted.nginx.http_port}", timeout=30) as plain:
        moved = await plain.post("/api/jobs?x=1", headers={"Host": NAME})
    assert (moved.status_code, moved.headers["location"]) == (308, f"https://{NAME}/api/jobs?x=1")


async def test_a_login_leaves_a_cookie_that_is_never_sent_in_the_clear(fronted: Fronted) -> None:
    """It comes through nginx, which says that the browser came by HTTPS."""
    async with fronted.nginx.client() as admin, fronted.nginx.client(key=None) as browser:
        ann = await new_user(admin, "ann")
        answer = await browser.post("/api/auth/login", json={"username": ann.username, "password": PASSWORD})
    assert "Secure" in answer.headers["set-cookie"].split("; ")


async def test_bodies_have_the_sizes_that_the_application_takes(fronted: Fronted) -> None:
    """One that is larger is refused before it comes, by a problem document."""
    for path, most in {"/api/jobs": MIB, "/api/batches": 16 * MIB, "/api/data-sync/files": 101 * MIB}.items():
        assert problem_in(await announced(fronted.nginx, path, most + 1), 413)["type"] == "too-large"
    form = {"platform": "shop", "shop_id": "main", "domain": "orders", "granularity": "daily"}
    async with fronted.nginx.client() as client:
        assert (await client.post("/api/batches", content=b" " * (2 * MIB))).status_code == 400
        file = ("a.csv", b"A,B\n" + b"1,2\n" * MIB)
        uploaded = await client.post("/api/data-sync/files", data=form, files={"file": file})
        assert uploaded.status_code == 201, uploaded.text


async def test_events_come_as_they_happen(fronted: Fronted) -> None:
    """A stream is not held back until it ends, or fills a buffer."""
    async with fronted.nginx.client() as client, fronted.nginx.client() as other:
        job = await submit(client, "diag.noop")
        async with connected(client, stream_of(job)) as listener:
            assert (await listener.next()).state == "queued"
            await other.post(f"/api/jobs/{job['id']}/cancel")
            assert has_ended(await listener.next())
            assert await listener.rest() == []


async def test_what_does_not_change_is_served_without_the_application(fronted: Fronted) -> None:
    """Also when it is gone; what is not kept is answered by a problem document then."""
    async with fronted.nginx.client() as client:
        assert (await client.get("/docs")).status_code == 200
        seen = [(await client.get("/docs/page.css")).headers["x-cache"] for _ in range(2)]
        assert seen == ["MISS", "HIT"]
        fronted.web.send(signal.SIGTERM)
        await fronted.web.ends(within_s=30)
        assert (await client.get("/docs/page.css")).status_code == 200
        away = await client.get("/api/tasks")
        assert problem_in(away, 503)["type"] == "unavailable"
        assert away.headers["retry-after"] == "5"


async def test_a_file_closes_the_site(fronted: Fronted) -> None:
    """For everybody but the probes, until it is taken away."""
    async with fronted.nginx.client() as client:
        fronted.nginx.maintenance.touch()
        closed = await client.get("/api/tasks")
        assert problem_in(closed, 503)["title"] == "Closed for maintenance"
        for path in ("/jobs/a%22b", "/jobs/a%0A"):  # what JSON could not hold as it is
            assert problem_in(await client.get(path), 503)["instance"] == "/"
        assert closed.headers["retry-after"] == "60"
        assert (await client.get("/readyz")).status_code == 200
        fronted.nginx.maintenance.unlink()
        assert (await client.get("/api/tasks")).status_code == 200
