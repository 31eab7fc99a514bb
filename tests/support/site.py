"""A whole site inside a test: the real application and the real worker, in the test's own event loop."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.types import ASGIApp, Receive, Scope, Send

from app.application import application
from app.auth import Authenticator
from app.identity import Identity, Role
from app.lifespan import lifespan_for
from app.settings import load_all
from app.state import Deps
from jobs.lifecycle import is_end
from jobs.model import State
from jobs.registry import Task, TaskTable
from jobs.serve import serve
from jobs.settings import load_settings
from jobs.stores.database import Database
from jobs.tasks.table import task_table, timetable_of
from ratelimit.policy import Category, Endpoint, Tier
from tests.support.conditions import eventually
from tests.support.openapi import hold_to_document

ADMIN_KEY = "an-admin-key-of-more-than-32-characters"
ANNS_KEY = "a-key-of-ann-s-of-more-than-32-characters"
_PATIENCE = "APP_STORE_PATIENCE_S"
# Waits for stores that a busy machine keeps from answering; tests that take a store away want them short.
PATIENT = {_PATIENCE: "20", "RATELIMIT_DEADLINE_MS": "10000"}
IMPATIENT = {_PATIENCE: "2", "RATELIMIT_DEADLINE_MS": "100"}
# What tests ask for has nothing to do with what people may; those of limits set their own.
UNLIMITED = {
    "RATELIMIT_TIERS": ",".join(f"{tier}.{category}=1000000/minute" for tier in Tier for category in Category),
    "RATELIMIT_ENDPOINTS": ",".join(f"{endpoint}=1000000/minute" for endpoint in Endpoint),
    "RATELIMIT_IP_GUARD": "1000000/minute",
}
# How long an application waits for stores where no setting says it.
_OWN_PATIENCE = (
    "app.compose.REDIS_PATIENCE_S",
    "app.lifespan.REDIS_PATIENCE_S",
    "app.auth._PATIENCE_S",
    "app.follower._STANDS_S",
)
SLOTS = {"data_sync": 4, "data_processing": 2, "scheduled": 2}

_END_WITHIN_S = 90.0  # on a busy machine the first child process of a test takes long to start
_LONGEST_WAIT_S = 25
_JOBS_AWAITED = "SELECT true FROM pg_locks WHERE relation = 'jobs'::regclass AND NOT granted"

Json = Mapping[str, Any]


def environment(*, database_url: str, redis_url: str, data_dir: Path, **more: str) -> dict[str, str]:
    """Give the variables of a site with the diagnostic tasks, in which nothing runs by itself."""
    return {
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        "JOBS_DATA_DIR": str(data_dir),
        "JOBS_DIAGNOSTICS": "1",
        "JOBS_TIMETABLE": "off",
        "APP_ADMIN_API_KEY": ADMIN_KEY,
        **PATIENT,
        **UNLIMITED,
        **quotas(),
        **more,
    }


def quotas(*, running: int = 50, waiting: int = 100_000) -> dict[str, str]:
    """Give the setting by which everybody may have so many jobs: the admin, and who is written down nowhere."""
    return {"JOBS_QUOTAS": f"admin={running}/{waiting},normal={running}/{waiting}"}


def tasks_of(environ: Mapping[str, str], *more: Task) -> TaskTable:
    """Give the site's tasks, and further ones of the test's own."""
    return TaskTable([*task_table(load_settings(environ)).values(), *more])


@contextmanager
def _patience_of(environ: Mapping[str, str]) -> Iterator[None]:
    """Let an application of a patient site wait as long in all that it asks of stores; others as in production."""
    with pytest.MonkeyPatch.context() as patch:
        if (patience_s := environ.get(_PATIENCE)) == PATIENT[_PATIENCE]:
            for name in _OWN_PATIENCE:
                patch.setattr(name, float(patience_s))
        yield


@asynccontextmanager
async def running_app(
    environ: Mapping[str, str], *more: Task, changed: Callable[[Deps], Deps] = lambda deps: deps
) -> AsyncIterator[ASGIApp]:
    """Run the application, without a server; give what a server would call. `changed` may change its parts."""
    settings = load_all(environ)
    tasks = tasks_of(environ, *more)
    lifespan = lifespan_for(settings, tasks, timetable_of(settings.jobs, tasks))
    app = application(lifespan)
    with _patience_of(environ):
        async with lifespan(app) as state:
            deps = changed(state["deps"])

            async def with_state(scope: Scope, receive: Receive, send: Send) -> None:
                scope["state"] = {"deps": deps}
                await app(scope, receive, send)

            yield with_state


def client_of(app: ASGIApp) -> httpx.AsyncClient:
    """Make a client that is logged in as the admin, and that holds each answer to the document. It takes whole ones."""
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(app=app),
        base_url="http://switchyard.test",
        headers={"Authorization": f"Bearer {ADMIN_KEY}"},
        timeout=60,
        event_hooks={"response": [hold_to_document]},
    )


@asynccontextmanager
async def running_web(environ: Mapping[str, str], *more: Task) -> AsyncIterator[httpx.AsyncClient]:
    """Run the application; give a client of it, as `client_of` makes it."""
    async with running_app(environ, *more) as app, client_of(app) as client:
        yield client


@contextmanager
def logged_in(patch: pytest.MonkeyPatch, owner: str) -> Iterator[None]:
    """Let all requests be those of a user who is no administrator."""
    with patch.context() as patched:
        patched.setattr(Authenticator, "recall", lambda *_: Identity(owner=owner, role=Role.NORMAL))
        yield


@asynccontextmanager
async def running_worker(environ: Mapping[str, str], *more: Task) -> AsyncIterator[asyncio.Event]:
    """Run a worker that is the steward too; give the event that stops it. It is stopped at the end in any case."""
    stopping = asyncio.Event()
    settings = load_settings(environ)
    tasks = tasks_of(environ, *more)
    timetable = timetable_of(settings, tasks)
    worker = asyncio.create_task(
        serve(settings, tasks, SLOTS, with_steward=True, timetable=timetable, stopping=stopping)
    )
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
    """Wait for a job's end, up to 90 s; give the job."""
    clock = asyncio.get_running_loop().time
    until = clock() + _END_WITHIN_S
    while True:
        wait_s = min(max(until - clock(), 1), _LONGEST_WAIT_S)
        answer = await client.get(f"/api/jobs/{job_id}", params={"wait_s": round(wait_s)})
        assert answer.status_code == 200, answer.text
        job = answer.json()
        if is_end(State(job["state"])) or clock() >= until:
            return job


@asynccontextmanager
async def in_flight(
    database: Database, submission: Coroutine[Any, Any, httpx.Response]
) -> AsyncIterator[asyncio.Task[httpx.Response]]:
    """Hold a submission up in PostgreSQL, until the context ends; give what awaits its answer."""
    async with database.transaction() as connection:
        await connection.execute("LOCK TABLE jobs IN EXCLUSIVE MODE")  # it can be read
        answering = asyncio.create_task(submission)
        await eventually(lambda: database.fetch(_JOBS_AWAITED))
        yield answering
        assert not answering.done()
