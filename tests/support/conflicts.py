"""States in which an operation must refuse, by its name: made for real, by the API and a worker."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, replace

import httpx
from redis.asyncio import Redis

from jobs.stores.database import Database
from tests.support.bad_requests import Bad
from tests.support.batches import end_of_batch, noops, submit_batch
from tests.support.files import ORDERS, as_csv, publish, sync, upload
from tests.support.people import PASSWORD, new_user
from tests.support.shops import SHOP, VERSION, new_component_version, new_shop
from tests.support.site import end_of, in_flight, running_worker, submit

_NOOP: dict[str, object] = {"task": "diag.noop", "args": {}}
_KEPT = "a unique key"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What states are made on: a site without a worker."""

    web: httpx.AsyncClient
    database: Database
    redis: Redis
    environ: Mapping[str, str]

    @asynccontextmanager
    async def in_flight(self, path: str, body: object, key: str) -> AsyncIterator[None]:
        """Hold a submission up in PostgreSQL, which goes on when the context ends."""
        sending = self.web.post(path, json=body, headers={"Idempotency-Key": key})
        async with in_flight(self.database, sending) as first:
            yield
        assert (await first).status_code == httpx.codes.ACCEPTED


State = Callable[[Ground], AbstractAsyncContextManager[Sequence[Bad]]]


def _conflict(why: str, path: str, **sent: object) -> Bad:
    return Bad(why=why, method="POST", path=path, status=409, type="conflict", sent=sent)


@asynccontextmanager
async def _submit_job(on: Ground) -> AsyncIterator[Sequence[Bad]]:
    async with on.in_flight("/api/jobs", _NOOP, "k"):
        yield [_conflict("the first is in flight", "/api/jobs", json=_NOOP, headers={"Idempotency-Key": "k"})]


@asynccontextmanager
async def _retry_job(on: Ground) -> AsyncIterator[Sequence[Bad]]:
    cancelled = await submit(on.web, "diag.noop", unique_key=_KEPT)
    await on.web.post(f"/api/jobs/{cancelled['id']}/cancel")
    async with running_worker(on.environ):
        succeeded = await submit(on.web, "diag.noop")
        await end_of(on.web, succeeded["id"])
    queued = await submit(on.web, "diag.noop", unique_key=_KEPT)
    why = {"it waits": queued, "it has succeeded": succeeded, "its unique key has gone to another": cancelled}
    yield [_conflict(reason, f"/api/jobs/{job['id']}/retry") for reason, job in why.items()]


@asynccontextmanager
async def _submit_batch(on: Ground) -> AsyncIterator[Sequence[Bad]]:
    await submit(on.web, "diag.noop", unique_key=_KEPT)
    body = {"jobs": noops(2)}
    async with on.in_flight("/api/batches", body, "k"):
        yield [
            _conflict("the first is in flight", "/api/batches", json=body, headers={"Idempotency-Key": "k"}),
            _conflict(
                "a unique key is held", "/api/batches", json={"jobs": [*noops(1), {**_NOOP, "unique_key": _KEPT}]}
            ),
        ]


@asynccontextmanager
async def _retry_batch(on: Ground) -> AsyncIterator[Sequence[Bad]]:
    async with running_worker(on.environ):
        succeeded = await submit_batch(on.web, noops(2))
        await end_of_batch(on.web, succeeded["id"])
    waiting = await submit_batch(on.web, noops(2))
    why = {"all its jobs have succeeded": succeeded, "all its jobs wait": waiting}
    yield [_conflict(reason, f"/api/batches/{batch['id']}/retry") for reason, batch in why.items()]


@asynccontextmanager
async def _publish_template(on: Ground) -> AsyncIterator[Sequence[Bad]]:
    archived = await publish(on.web)
    await on.database.execute("UPDATE templates SET state = 'archived'")  # no operation does it yet
    yield [_conflict("it is archived", f"/api/data-sync/templates/{archived['id']}/publish")]


@asynccontextmanager
async def _replay_row(on: Ground) -> AsyncIterator[Sequence[Bad]]:
    paths = {}
    async with running_worker(on.environ):
        for name in ("replayed", "synced", "unknown"):
            await publish(on.web, platform=name)
            content = as_csv([ORDERS, (name, "x", 1, "1", "soon")])
            file = (await upload(on.web, content, platform=name)).json()
            await sync(on.web, file["id"])
            paths[name] = f"/api/data-sync/files/{file['id']}/quarantine/2/replay"
    mended = {"row": {"ordered_at": "2026-03-01"}}
    assert (await on.web.post(paths["replayed"], json=mended)).status_code == httpx.codes.OK
    await on.database.execute("UPDATE files SET state = 'processing' WHERE platform = 'synced'")
    await on.database.execute(
        "UPDATE jobs SET state = 'running', finished_at = NULL FROM files "
        "WHERE jobs.id = files.job_id AND files.platform = 'synced'"
    )
    await on.database.execute("UPDATE templates SET state = 'archived' WHERE platform = 'unknown'")
    yield [
        _conflict("it has been replayed", paths["replayed"], json=mended),
        _conflict("its file is being synced", paths["synced"], json=mended),
        _conflict("its file has no template", paths["unknown"], json=mended),
    ]


@asynccontextmanager
async def _replay_rows(on: Ground) -> AsyncIterator[Sequence[Bad]]:
    async with _replay_row(on) as refused:
        yield [replace(bad, path=bad.path.replace("/2/", "/"), sent={}) for bad in refused[1:]]


@asynccontextmanager
async def _log_out(_: Ground) -> AsyncIterator[Sequence[Bad]]:
    yield [_conflict("there is no session", "/api/auth/logout")]


@asynccontextmanager
async def _change_password(_: Ground) -> AsyncIterator[Sequence[Bad]]:
    body = {"current": PASSWORD, "new": PASSWORD}
    yield [_conflict("the key comes from the settings", "/api/auth/password", json=body)]


@asynccontextmanager
async def _create_key(on: Ground) -> AsyncIterator[Sequence[Bad]]:
    ann = await new_user(on.web, "ann")
    body, as_ann = {"name": "another"}, {"Authorization": f"Bearer {ann.key}"}
    with ann.asking(on.web):
        await on.web.post("/api/auth/keys", json=body)
    yield [
        _conflict("there are two", "/api/auth/keys", json=body, headers=as_ann),
        _conflict("it comes from the settings", "/api/auth/keys", json=body),
    ]


@asynccontextmanager
async def _create_user(on: Ground) -> AsyncIterator[Sequence[Bad]]:
    ann = await new_user(on.web, "ann")
    body = {"username": ann.username, "password": PASSWORD, "role": "premium"}
    yield [_conflict("somebody has the name", "/api/users", json=body)]


@asynccontextmanager
async def _change_user(on: Ground) -> AsyncIterator[Sequence[Bad]]:
    bob = await new_user(on.web, "bob", "admin")
    as_bob = {"Authorization": f"Bearer {bob.key}"}
    await on.web.get("/api/auth/me", headers=as_bob)  # a key's first use is noted
    yield [
        Bad(
            why=f"he would {why}",
            method="PATCH",
            path=f"/api/users/{bob.id}",
            status=409,
            type="conflict",
            sent={"json": change, "headers": as_bob},
        )
        for why, change in {"lock himself out": {"disabled": True}, "be no administrator": {"role": "normal"}}.items()
    ]


@asynccontextmanager
async def _create_shop(on: Ground) -> AsyncIterator[Sequence[Bad]]:
    await new_shop(on.web)
    yield [_conflict("the platform's shop is there", "/api/data-sync/accounts", json={**SHOP, "name": "another"})]


@asynccontextmanager
async def _create_component_version(on: Ground) -> AsyncIterator[Sequence[Bad]]:
    await new_component_version(on.web)
    body = {**VERSION, "notes": "another"}
    yield [_conflict("the component has it", "/api/data-sync/component-versions", json=body)]


STATES: Mapping[str, State] = {
    "submit_job": _submit_job,
    "retry_job": _retry_job,
    "submit_batch": _submit_batch,
    "retry_batch": _retry_batch,
    "publish_template": _publish_template,
    "replay_row": _replay_row,
    "replay_rows": _replay_rows,
    "log_out": _log_out,
    "change_password": _change_password,
    "create_key": _create_key,
    "create_user": _create_user,
    "change_user": _change_user,
    "create_shop": _create_shop,
    "create_component_version": _create_component_version,
}
