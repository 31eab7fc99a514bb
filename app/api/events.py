"""/api/events, /api/jobs/{id}/events and /api/batches/{id}/events: server-sent events."""

import asyncio
from contextlib import AbstractContextManager

from starlette.requests import Request
from starlette.responses import Response

from app.api.parsing import read_job_id, read_query
from app.api.stream import EventStream
from app.follower import Sight, Topic
from app.headers import header_of
from app.schemas.requests import EventQuery
from app.state import credential_of, deps_of, identity_of
from jobs.batch import Batch
from jobs.batches import Batches
from jobs.change import EVERYTHING, key_of_batch, key_of_job, key_of_owner
from jobs.errors import NotFoundError
from jobs.find import JobFinder
from jobs.members import Roll

_LAST_EVENT_ID = b"last-event-id"
MOST_JOBS = 200  # that are shown before their changes


async def follow_job(request: Request) -> Response:
    """GET /api/jobs/{id}/events: a job as it is, then what happens to it, up to its end."""
    last_id = _last_id(request)
    deps, job_id, sees = deps_of(request), read_job_id(request), identity_of(request).sees
    if await deps.finder.get(job_id, owner=sees) is None:
        raise NotFoundError(f"there is no job {job_id}")
    return EventStream(deps.live, _job(deps.finder, job_id), last_id=last_id, login=_login(request))


async def follow_batch(request: Request) -> Response:
    """GET /api/batches/{id}/events: a batch as it is, then what happens to it and to its jobs, up to its end."""
    last_id = _last_id(request)
    deps, batch_id = deps_of(request), read_job_id(request, "batch")
    await deps.batches.get(batch_id, owner=identity_of(request).sees)
    topic = _batch(deps.batches, await deps.batches.roll(batch_id))
    return EventStream(deps.live, topic, last_id=last_id, login=_login(request))


async def follow_jobs(request: Request) -> Response:
    """GET /api/events: one's own unfinished jobs, an admin's are everybody's, then what happens to one's jobs."""
    last_id = _last_id(request)
    deps, sees = deps_of(request), identity_of(request).sees
    return EventStream(deps.live, _jobs(deps.finder, sees), last_id=last_id, login=_login(request))


def _login(request: Request) -> AbstractContextManager[asyncio.Event]:
    """Watch what lets the client in: a stream may last longer than that."""
    return deps_of(request).authenticator.watched(credential_of(request))


def _last_id(request: Request) -> str | None:
    """Read where the client was; what a browser sends of itself when it comes back counts for more than the URL."""
    query = read_query(request, EventQuery)
    return header_of(request.scope, _LAST_EVENT_ID) or query.last_event_id or None


def _job(finder: JobFinder, job_id: str) -> Topic:
    async def look() -> Sight:
        seen = await finder.look(job_id)
        return Sight() if seen is None else Sight(jobs=[seen.job], version=seen.version)

    return Topic(keys=frozenset({key_of_job(job_id)}), look=look, is_one=True)


def _batch(batches: Batches, roll: Roll) -> Topic:
    batch_id = roll.batch_id

    async def look() -> Sight:
        seen = await batches.look(batch_id, most=MOST_JOBS + 1)
        if seen is None:
            return Sight()
        if len(seen.jobs) > MOST_JOBS:
            return Sight(batch=seen.batch, version=seen.version, instead=f"/api/jobs?batch={batch_id}")
        return Sight(batch=seen.batch, jobs=seen.jobs, version=seen.version)

    async def find() -> Batch | None:
        return await batches.find(batch_id)

    return Topic(keys=frozenset({key_of_batch(batch_id)}), look=look, find=find, roll=roll)


def _jobs(finder: JobFinder, sees: str | None) -> Topic:
    async def look() -> Sight:
        jobs, version = await finder.unfinished(owner=sees, most=MOST_JOBS + 1)
        if len(jobs) > MOST_JOBS:
            return Sight(version=version, instead="/api/jobs")
        return Sight(jobs=jobs, version=version)

    return Topic(keys=frozenset({EVERYTHING if sees is None else key_of_owner(sees)}), look=look)
