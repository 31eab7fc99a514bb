"""The application with two who may log in: the admin and ann."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import replace

import httpx
import pytest
from redis.asyncio import Redis
from starlette.types import ASGIApp

from app.admin_key import AdminKey
from app.auth import Authenticator
from app.identity import Identity, Role
from app.stores.credentials import CredentialStore
from jobs.stores.database import Database
from tests.support.conditions import PATIENCE_S
from tests.support.site import ADMIN_KEY, ANNS_KEY, client_of, running_app


class _Two(Authenticator):
    """Knows the admin and ann."""

    def recall(self, text: str) -> Identity | None:
        """Give who holds the key."""
        if text == ANNS_KEY:
            return Identity(owner="ann", role=Role.NORMAL)
        return super().recall(text)

    @contextmanager
    def watched(self, text: str) -> Iterator[asyncio.Event]:
        """Ann's key is never revoked."""
        with super().watched(ADMIN_KEY if text == ANNS_KEY else text) as revoked:
            yield revoked


@pytest.fixture
async def app(environ: dict[str, str], database: Database) -> AsyncIterator[ASGIApp]:
    """Run the application; the admin and ann may log in."""
    two = _Two(CredentialStore(database), admin_key=AdminKey(ADMIN_KEY))
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


@pytest.fixture
def counted_in_redis(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let attempts to log in be counted there, however late it answers on a busy machine: else each process counts."""
    monkeypatch.setattr("app.attempts._PATIENCE_S", PATIENCE_S)
