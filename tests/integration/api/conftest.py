"""The application with two who may log in: the admin and ann."""

from collections.abc import AsyncIterator
from dataclasses import replace

import httpx
import pytest
from redis.asyncio import Redis
from starlette.types import ASGIApp

from app.auth import Authenticator
from app.identity import Identity, Role
from tests.support.site import ADMIN_KEY, ANNS_KEY, client_of, running_app


class _Two(Authenticator):
    """Knows the admin and ann."""

    def identify(self, authorization: str | None) -> Identity:
        """Give who holds the key."""
        if authorization == f"Bearer {ANNS_KEY}":
            return Identity(owner="ann", role=Role.NORMAL)
        return super().identify(authorization)


@pytest.fixture
async def app(environ: dict[str, str]) -> AsyncIterator[ASGIApp]:
    """Run the application; the admin and ann may log in."""
    two = _Two(admin_api_key=ADMIN_KEY)
    async with running_app(environ, changed=lambda deps: replace(deps, authenticator=two)) as app:
        yield app


@pytest.fixture
async def admin(app: ASGIApp) -> AsyncIterator[httpx.AsyncClient]:
    """Give a client of the admin's."""
    async with client_of(app) as client:
        yield client


@pytest.fixture
async def ann(app: ASGIApp) -> AsyncIterator[httpx.AsyncClient]:
    """Give a client of ann's."""
    async with client_of(app) as client:
        client.headers["Authorization"] = f"Bearer {ANNS_KEY}"
        yield client


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    """Give a client of the test's Redis."""
    async with Redis.from_url(redis_url) as client:
        yield client
