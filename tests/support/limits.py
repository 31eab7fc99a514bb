"""Rate limits in tests: a site with the limits of production, users of each role, and Redis' clock."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from typing import Any, NamedTuple

import httpx
from redis.asyncio import Redis
from starlette.types import ASGIApp, Message

from app.admin_key import AdminKey
from app.auth import Authenticator
from app.identity import Identity, Role
from app.state import Deps
from app.stores.credentials import CredentialStore
from tests.support.openapi import hold_to_document
from tests.support.site import ADMIN_KEY, PATIENT, running_app

_DEADLINE = "RATELIMIT_DEADLINE_MS"
_US = 1_000_000
_MANY = 10


class ByName(Authenticator):
    """Lets `Bearer <role>:<name>` in, beside the admin."""

    def recall(self, text: str) -> Identity | None:
        """Give who that is."""
        role, is_named, name = text.partition(":")
        return Identity(owner=name, role=Role(role)) if is_named else super().recall(text)


def limited(environ: Mapping[str, str], **more: str) -> dict[str, str]:
    """Give the variables of a site with the limits of production, or with these.

    It waits for Redis as long as may be: what a bucket admits is counted, and where a busy machine holds Redis up for a
    tenth of a second, buckets of the processes would decide.
    """
    production = {name: text for name, text in environ.items() if not name.startswith("RATELIMIT_")}
    return production | {_DEADLINE: PATIENT[_DEADLINE]} | more


@asynccontextmanager
async def apps(environ: Mapping[str, str], count: int) -> AsyncIterator[Sequence[ASGIApp]]:
    """Run so many applications, each with parts and connections of its own, as web processes have."""

    def changed(deps: Deps) -> Deps:
        return replace(deps, authenticator=ByName(CredentialStore(deps.database), admin_key=AdminKey(ADMIN_KEY)))

    async with AsyncExitStack() as stack:
        yield [await stack.enter_async_context(running_app(environ, changed=changed)) for _ in range(count)]


def caller(app: ASGIApp, who: str | None, *, address: str = "192.0.2.1") -> httpx.AsyncClient:
    """Make a client of `<role>:<name>`, or of nobody, that calls from an address and holds answers to the document."""
    key = {} if who is None else {"Authorization": f"Bearer {who}"}
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(app=app, client=(address, 50_000)),
        base_url="http://switchyard.test",
        headers=key,
        timeout=60,
        event_hooks={"response": [hold_to_document]},
    )


async def redis_us(redis: Redis) -> int:
    """Give Redis' time in microseconds."""
    seconds, us = await redis.time()
    return int(seconds) * _US + int(us)


Ask = Callable[[], Awaitable[int]]


def asking(app: ASGIApp, who: str | None, method: str, path: str) -> Ask:
    """Give what asks an application and gives the status, at as little cost as can be."""
    key = [] if who is None else [(b"authorization", f"Bearer {who}".encode())]
    scope = {"type": "http", "method": method, "path": path, "headers": key, "client": ("192.0.2.1", 50_000)}

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def ask() -> int:
        status = 0

        async def send(message: Message) -> None:
            nonlocal status
            status = message.get("status", status)

        await app({**scope, "query_string": b"", "server": ("switchyard.test", 80), "scheme": "http"}, receive, send)
        return status

    return ask


def over(client: httpx.AsyncClient, method: str, path: str) -> Ask:
    """Give what asks through a client and gives the status."""

    async def ask() -> int:
        return (await client.request(method, path)).status_code

    return ask


class Admitted(NamedTuple):
    """How many were admitted, and how long their bucket gained meanwhile, by Redis' clock: between these two."""

    amount: int
    least_us: int  # from the first answer until the last were about to be asked
    most_us: int  # from when the first was about to be asked until the last answer


async def admitted_in(asks: Sequence[Ask], redis: Redis, *, least_s: float) -> Admitted:
    """Ask in all ways at once, again and again for so long, and until many were denied; count who was not."""
    clock = asyncio.get_running_loop().time
    until, denied = clock() + least_s, 0

    async def is_admitted(ask: Ask) -> bool:
        return await ask() != httpx.codes.TOO_MANY_REQUESTS

    async def repeat(ask: Ask) -> int:
        nonlocal denied
        count = 0
        while clock() < until or denied < _MANY:
            has_passed = await is_admitted(ask)
            denied, count = denied + (not has_passed), count + has_passed
            await asyncio.sleep(0)  # a denial that is remembered takes no turn of the event loop
        return count

    before_us = await redis_us(redis)
    first = await is_admitted(asks[0])
    began_us = await redis_us(redis)
    count = sum(await asyncio.gather(*(repeat(ask) for ask in asks)))
    ended_us = await redis_us(redis)
    last = sum([await is_admitted(ask) for ask in asks])
    after_us = await redis_us(redis)
    return Admitted(first + count + last, least_us=ended_us - began_us, most_us=after_us - before_us)


def bounds(amount: int, admitted: Admitted) -> range:
    """Give what a full bucket of so many a minute may have admitted, and has to have, however slow the machine is.

    It gains from when it is first charged; what it has gained when the last are asked is theirs.
    """
    least, most = (amount + amount * took_us // (60 * _US) for took_us in (admitted.least_us, admitted.most_us))
    return range(least, most + 1)


def own(answer: httpx.Response) -> Mapping[str, Any]:
    """Give what headers say of limits."""
    names = ("x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset", "ratelimit", "ratelimit-policy")
    return {name: answer.headers[name] for name in names}
