"""deploy/redis in real servers: a site does all that it does as the user that is made for it, and that user no more."""

from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import httpx
import pytest
from redis.asyncio import Redis
from redis.exceptions import AuthenticationError, NoPermissionError, ResponseError

from deploy.local.binaries import find_redis
from jobs import keys, operate
from jobs.check import Finding
from jobs.settings import load_settings
from jobs.stores.database import Database
from tests.support.bed import SHORT_LEASE
from tests.support.conditions import eventually, reaches
from tests.support.listening import has_ended, listening, stream_of
from tests.support.programs import program_of
from tests.support.redis_site import Configured, configured
from tests.support.shops import new_shop
from tests.support.site import SLOTS, client_of, end_of, running_app, running_web, running_worker, submit

IN_FORCE = {
    "appendonly": "yes",
    "appendfsync": "everysec",
    "save": "3600 1",
    "maxmemory": "1073741824",
    "maxmemory-policy": "noeviction",
}
FORBIDDEN = (
    ("FLUSHALL",),
    ("FLUSHDB",),
    ("CONFIG", "GET", "*"),
    ("KEYS", "*"),
    ("ACL", "LIST"),
    ("CLIENT", "KILL", "TYPE", "normal"),
    ("SHUTDOWN",),
    ("REPLICAOF", "NO", "ONE"),
    ("MONITOR",),
    ("SET", "another-key", "1"),
    ("PUBLISH", "another-channel", "1"),
)
IN_A_SCRIPT = "return redis.call('SET', 'another-key', '1')"


@pytest.fixture(params=["bundled", "debian"])
def program(request: pytest.FixtureRequest) -> str:
    """Give the server that comes along, or Debian's."""
    return str(find_redis().server) if request.param == "bundled" else program_of("redis-server")


@pytest.fixture
async def redis(program: str, tmp_path: Path) -> AsyncIterator[Configured]:
    """Run it."""
    async with configured(program, tmp_path / "redis") as server:
        yield server


async def test_a_site_does_all_it_does(redis: Configured, environ: dict[str, str]) -> None:
    """From the first job to a rebuild after all was lost, nothing that it asks for is refused."""
    own = {**environ, **SHORT_LEASE, "REDIS_URL": redis.url, "JOBS_TIMETABLE": "prune_history=0 0 1 1 *"}
    own["RATELIMIT_TIERS"] = own["RATELIMIT_TIERS"].replace("anonymous.default=1000000", "anonymous.default=2")
    async with running_app(own) as app, client_of(app) as client, running_worker(own):
        await _run_jobs(client)
        await _operate(client)
        job = await submit(client, "diag.progress", {"steps": 5, "seconds": 0.5})
        async with listening(app, stream_of(job)) as listener:
            assert has_ended((await listener.until(has_ended))[-1])
        assert await operate.check(load_settings(own), list(SLOTS), canaries=_none) == 0
        client.headers.pop("Authorization")
        assert [(await client.get("/api/tasks")).status_code for _ in range(3)] == [401, 401, 429]
    async with running_app(own) as app, client_of(app) as client:
        waiting = await submit(client, "diag.noop")
        async with redis.client() as admin:
            await admin.flushall()
        async with running_worker(own):
            assert (await end_of(client, waiting["id"]))["state"] == "succeeded"
    assert await redis.refused() == []


async def test_what_was_taken_outlives_the_server(program: str, tmp_path: Path, environ: dict[str, str]) -> None:
    """Killed, it comes back with every job: what it reads is not held to what the user `default` may do."""
    async with configured(program, tmp_path / "redis") as first:
        async with running_web({**environ, "REDIS_URL": first.url}) as client:
            answer = await client.post("/api/batches", json={"jobs": [{"task": "diag.noop"}] * 100})
            assert answer.status_code == 202
        before = await _held(first)
    assert before["data_sync"] == 100
    async with configured(program, tmp_path / "redis", port=first.port) as second:
        assert await _held(second) == before
        assert await second.refused() == []


async def test_its_user_can_do_no_more(redis: Configured) -> None:
    """Nor can anybody who has no password; and the settings of the file are those in force."""
    async with redis.client() as admin, redis.client("switchyard") as client:
        for command in FORBIDDEN:
            with pytest.raises(NoPermissionError):
                await client.execute_command(*command)  # type: ignore[no-untyped-call]
        with pytest.raises(ResponseError, match=r"access .* key"):
            await client.execute_command("EVAL", IN_A_SCRIPT, 0)  # type: ignore[no-untyped-call]
        found = await admin.config_get()
        assert {name: found[name] for name in IN_FORCE} == IN_FORCE
        await admin.bgsave()
        await eventually(lambda: _is_saved(redis))
    async with Redis(host="127.0.0.1", port=redis.port) as anybody:
        with pytest.raises(AuthenticationError):
            await anybody.ping()


async def _run_jobs(client: httpx.AsyncClient) -> None:
    """Let jobs succeed, fail, back off, be cancelled, wait for their time, travel in a batch, and share a key."""
    assert (await end_of(client, (await submit(client, "diag.cpu", {"seconds": 0.1}))["id"]))["state"] == "succeeded"
    failing = await submit(client, "diag.fail", {"message": "no", "times": 1}, max_tries=2)
    assert (await end_of(client, failing["id"]))["tries"] == 2
    broken = await submit(client, "diag.fail", {"message": "no", "times": 9}, max_tries=1)
    assert (await end_of(client, broken["id"]))["state"] == "failed"
    assert (await client.post(f"/api/jobs/{broken['id']}/retry")).status_code == 202
    running = await submit(client, "diag.sleep", {"seconds": 60}, unique_key="one")
    await reaches(client, running["id"], "running")
    cancelled = await client.post(f"/api/jobs/{running['id']}/cancel", params={"wait_s": 10})
    assert cancelled.json()["outcome"] == "stopped"
    later = await submit(client, "diag.noop", delay_s=3600, expires_in_s=7200)
    assert (await client.post(f"/api/jobs/{later['id']}/cancel")).json()["outcome"] == "never_started"
    body = {"jobs": [{"task": "diag.noop"}] * 20, "on_complete": {"task": "diag.noop"}}
    for _ in range(2):
        answer = await client.post("/api/batches", json=body, headers={"Idempotency-Key": "twice"})
        assert answer.status_code == 202, answer.text

    async def is_over() -> bool:
        batch = (await client.get(f"/api/batches/{answer.json()['id']}")).json()
        return batch["state"] == "succeeded" and batch["on_complete_job_id"] is not None

    await eventually(is_over)


async def _operate(client: httpx.AsyncClient) -> None:
    """Do what an administrator does: pause, look, change limits and quotas, read what is cached, mistype a password."""
    for path in ("/api/queues/scheduled/pause", "/api/queues/scheduled/resume", "/api/schedules/prune_history/run"):
        assert (await client.post(path)).is_success, path
    assert (await client.patch("/api/quota/admin", json={"max_running": 49})).status_code == 200
    await new_shop(client)
    for _ in range(2):
        assert (await client.get("/api/data-sync/accounts")).status_code == 200
    wrong = await client.post("/api/auth/login", json={"username": "ann", "password": "wrong password"})
    assert wrong.status_code == 401
    limits = await client.get("/api/rate-limit/config")
    version = {"If-Match": limits.headers["etag"]}
    changed = await client.put("/api/rate-limit/config", json=limits.json()["limits"], headers=version)
    assert changed.status_code == 200, changed.text
    looks = ("queues", "workers", "quota", "schedules", "failures", "cache/stats", "rate-limit/stats")
    for look in (*looks, "rate-limit/events", "rate-limit/anomalies", "rate-limit/my-info"):
        assert (await client.get(f"/api/{look}")).status_code == 200, look
    assert (await client.delete("/api/cache/shops")).status_code == 204
    assert (await client.delete("/api/rate-limit/stats")).status_code == 204
    assert (await client.get("/metrics")).status_code == 200


async def _none(_: Database) -> Mapping[str, Finding]:
    """Look at no canaries: none are fired here."""
    return {}


async def _held(redis: Configured) -> dict[str, int]:
    """Count what there is: entries in line, keys of jobs, events."""
    async with redis.client() as admin:
        return {
            "data_sync": await admin.zcard(f"{keys.QUEUE}data_sync"),
            "events": await admin.xlen(keys.EVENTS),
            "jobs": len(await admin.keys(f"{keys.JOB}*")),
        }


async def _is_saved(redis: Configured) -> bool:
    """Say whether there is a snapshot beside the append-only file."""
    return (redis.folder / "dump.rdb").exists() and (redis.folder / "appendonlydir").exists()
