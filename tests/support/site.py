"""A whole site inside a test: the real application and the real worker, in the test's own event loop."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.types import ASGIApp, Receive, Scope, Send

from app.identity import Identity
from app.lifespan import lifespan_for
from app.problems import HANDLERS
from app.routes import MIDDLEWARE, ROUTES
from app.settings import load_all
from jobs.registry import Task, TaskTable
from jobs.serve import serve
from jobs.settings import load_settings
from jobs.tasks.table import task_table

ADMIN_KEY = "an-admin-key-of-more-than-32-characters"
SLOTS = {"data_sync": 4, "data_processing": 2, "scheduled": 2}

Json = Mapping[str, Any]


def environment(*, database_url: str, redis_url: str, data_dir: Path, **more: str) -> dict[str, str]:
    """Give the variables of a site with the diagnostic tasks."""
    return {
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        "JOBS_DATA_DIR": str(data_dir),
        "JOBS_DIAGNOSTICS": "1",
        "APP_ADMIN_API_KEY": ADMIN_KEY,
        "APP_STORE_PATIENCE_S": "2",
        **more,
    }


def tasks_of(environ: Mapping[str, str], *more: Task) -> TaskTable:
    """Give the site's tasks, and further ones of the test's own."""
    return TaskTable([*task_table(load_settings(environ)).values(), *more])


class _LoggedIn:
    """Lets everybody in as one identity, in place of the authentication."""

    def __init__(self, app: ASGIApp, identity: Identity) -> None:
        self._app = app
        self._identity = identity

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["state"]["identity"] = self._identity
        await self._app(scope, receive, send)


@asynccontextmanager
async def running_web(
    environ: Mapping[str, str], *more: Task, identity: Identity | None = None
) -> AsyncIterator[httpx.AsyncClient]:
    """Run the application; give a client that is logged in as the admin, or as somebody whom no key stands for yet."""
    settings = load_all(environ)
    lifespan = lifespan_for(settings, tasks_of(environ, *more))
    middleware = MIDDLEWARE if identity is None else (*MIDDLEWARE[:-1], Middleware(_LoggedIn, identity))
    app = Starlette(routes=ROUTES, middleware=middleware, exception_handlers=HANDLERS, lifespan=lifespan)
    async with lifespan(app) as state:

        async def with_state(scope: Scope, receive: Receive, send: Send) -> None:
            scope["state"] = dict(state)
            await app(scope, receive, send)

        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(app=with_state),
            base_url="http://switchyard.test",
            headers={"Authorization": f"Bearer {ADMIN_KEY}"},
            timeout=60,
        ) as client:
            yield client


@asynccontextmanager
async def running_worker(environ: Mapping[str, str], *more: Task) -> AsyncIterator[asyncio.Event]:
    """Run a worker that is the steward too; give the event that stops it. It is stopped at the end in any case."""
    stopping = asyncio.Event()
    settings = load_settings(environ)
    worker = asyncio.create_task(serve(settings, tasks_of(environ, *more), SLOTS, with_steward=True, stopping=stopping))
    try:
        yield stopping
    finally:
        stopping.set()
        await worker


async def submit(client: httpx.AsyncClient, task: str, args: Json | None = None, **more: object) -> Any:  # noqa: ANN401  JSON
    """Submit a job that must be accepted; give it."""
    answer = await client.post("/api/jobs", json={"task": task, "args": args or {}, **more})
    assert answer.status_code == 202, answer.text
    return answer.json()


async def end_of(client: httpx.AsyncClient, job_id: str) -> Any:  # noqa: ANN401  JSON
    """Wait for a job's end, up to 25 s; give the job."""
    answer = await client.get(f"/api/jobs/{job_id}", params={"wait_s": 25})
    assert answer.status_code == 200, answer.text
    return answer.json()
