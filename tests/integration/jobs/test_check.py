"""`python -m jobs check`: a line for each store and queue, status 0 where all is well, and no password."""

import json
import re
import socket
import sys
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path

import pytest
from redis import Redis

from app.migrate import FOLDER, load_migrations
from jobs import check as looks
from jobs import operate
from jobs.check import Finding
from jobs.settings import load_settings
from jobs.stores.database import Database
from jobs.stores.schema import LATEST
from jobs.tasks.table import QUEUES
from tests.chaos.outages import hung
from tests.support.conditions import PATIENCE_S, eventually
from tests.support.processes import started, worker_process
from tests.support.running import ran_now
from tests.support.servers import Servers
from tests.support.site import SLOTS, running_web, running_worker

CHECK = (sys.executable, "-m", "jobs", "check")
SECRET = "s3cr%40t-w0rd"  # noqa: S105  it is there to be looked for
NOBODY = "no worker lives that takes its jobs"
UNHEARD = ("no answer within ", "Redis does not say who works")

Found = dict[str, tuple[str, str]]
Check = Callable[..., Awaitable[tuple[int, Found]]]


def _read(lines: Sequence[str]) -> Found:
    """Give the word and the reason of each line, by its subject."""
    assert not any(secret in line for line in lines for secret in ("s3cr", "w0rd"))
    split = [line.partition(": ") for line in lines]
    return {what[8:]: (what[:8].rstrip(), reason) for what, _, reason in split}


async def _none(_: Database) -> Mapping[str, Finding]:
    return {}


async def _told(arguments: Sequence[str], environ: Mapping[str, str]) -> tuple[int, Found]:
    """Run it as a process; once more where a busy machine has kept a store from answering that in time."""

    async def told() -> tuple[int, Found] | None:
        async with started((*CHECK, *arguments), environ) as command:
            status = await command.ends(within_s=30)
        found = _read(command.lines)
        return None if any(reason.startswith(UNHEARD) for _, reason in found.values()) else (status, found)

    return await eventually(told, within_s=60)


@pytest.fixture
def hasty_check(environ: dict[str, str], capsys: pytest.CaptureFixture[str]) -> Check:
    """Run the command with other settings; give its status and what it has found."""

    async def run(
        changes: Mapping[str, str] | None = None, queues: Sequence[str] | None = ("data_sync",), **more: bool
    ) -> tuple[int, Found]:
        capsys.readouterr()
        status = await operate.check(load_settings({**environ, **(changes or {})}), queues, canaries=_none, **more)
        lines = capsys.readouterr().out.splitlines()
        return status, _read([line for line in lines if line.startswith(("ok ", "FAILED "))])

    return run


@pytest.fixture
def check(hasty_check: Check, monkeypatch: pytest.MonkeyPatch) -> Check:
    """Do the same, with more patience with stores on a busy machine."""
    for module in (looks, operate):
        monkeypatch.setattr(module, "PATIENCE_S", PATIENCE_S)
    return hasty_check


async def test_all_is_well(environ: dict[str, str], check: Check) -> None:
    """By default every queue that a task names must have a worker."""
    async with running_worker(environ), running_worker(environ):

        async def both_are_there() -> bool:
            return (await check())[1]["queue data_sync"] == ("ok", "2 worker processes")

        await eventually(both_are_there)
        status, found = await _told((), environ)
    assert status == 0
    assert {word for word, _ in found.values()} == {"ok"}
    assert list(found) == ["settings", "redis", "postgresql", *(f"queue {queue}" for queue in SLOTS)]


async def test_a_queue_that_nobody_serves_fails(environ: dict[str, str], check: Check) -> None:
    """Of those asked for; what others there are does not matter."""
    async with running_worker(environ):

        async def it_is_there() -> bool:
            return (await check())[0] == 0

        await eventually(it_is_there)
        status, found = await check(queues=["data_sync", "reports"])
    assert status == 1
    assert found["queue data_sync"] == ("ok", "1 worker process")
    assert found["queue reports"] == ("FAILED", NOBODY)
    assert (await check())[1]["queue data_sync"] == ("FAILED", NOBODY)  # it has said good-bye


async def test_the_queues_of_ones_own_tasks_count(environ: dict[str, str], tmp_path: Path) -> None:
    """They are in the task table like the shipped ones; only the command's arguments leave them out."""
    tasks = "from jobs.registry import Task\ndef f() -> None: ...\nTASKS = [Task(name='f', function=f, queue='own')]\n"
    (tmp_path / "own_tasks.py").write_text(tasks, encoding="utf-8")
    settings = {**environ, "JOBS_TASKS": "own_tasks:TASKS", "PYTHONPATH": str(tmp_path), "JOBS_DIAGNOSTICS": "0"}
    for arguments, queues in (((), [*QUEUES, "own"]), (("--queues", "own, mine"), ["own", "mine"])):
        status, found = await _told(arguments, settings)
        assert status == 1
        assert [subject for subject in found if subject.startswith("queue")] == [f"queue {queue}" for queue in queues]
        assert found["queue own"] == ("FAILED", NOBODY)


async def test_a_redis_that_is_away_fails(check: Check, unused_tcp_port: int) -> None:
    """And so do the queues, as nobody can tell who serves them."""
    url = f"redis://user:{SECRET}@127.0.0.1:{unused_tcp_port}/0"
    status, found = await check({"REDIS_URL": url})
    assert status == 1
    word, reason = found["redis"]
    assert word == "FAILED"
    assert str(unused_tcp_port) in reason
    assert found["queue data_sync"][0] == "FAILED"
    assert found["postgresql"][0] == "ok"


async def test_a_redis_that_does_not_take_the_password_fails(check: Check, servers: Servers) -> None:
    """With what it says of it."""
    password = SECRET.replace("%40", "@")
    with Redis.from_url(servers.redis.url) as redis:
        redis.acl_setuser("checker", enabled=True, passwords=[f"+{password}"], categories=["+@all"], keys=["*"])
        try:
            url = f"unix://{redis.connection_pool.connection_kwargs['path']}?username=checker&password="
            assert (await check({"REDIS_URL": url + SECRET}))[1]["redis"][0] == "ok"
            word, reason = (await check({"REDIS_URL": url + SECRET + "x"}))[1]["redis"]
        finally:
            redis.acl_deluser("checker")
    assert (word, "invalid username-password" in reason) == ("FAILED", True)


async def test_a_redis_that_would_lose_jobs_fails(check: Check, servers: Servers) -> None:
    """Though it answers."""
    with Redis.from_url(servers.redis.url) as redis:
        redis.config_set("maxmemory-policy", "allkeys-lru")
        try:
            status, found = await check()
        finally:
            redis.config_set("maxmemory-policy", "noeviction")
    assert status == 1
    assert found["redis"][0] == "FAILED"
    assert "allkeys-lru may drop jobs" in found["redis"][1]


async def test_a_postgresql_that_is_away_fails(check: Check, unused_tcp_port: int) -> None:
    """Redis and the queues are looked at all the same."""
    status, found = await check({"DATABASE_URL": f"postgresql://user:{SECRET}@127.0.0.1:{unused_tcp_port}/there"})
    assert status == 1
    assert (found["redis"][0], found["postgresql"][0]) == ("ok", "FAILED")
    assert found["queue data_sync"] == ("FAILED", NOBODY)


async def test_a_database_that_is_not_there_fails(check: Check, servers: Servers) -> None:
    """With what PostgreSQL says of it."""
    word, reason = (await check({"DATABASE_URL": servers.url_of("nowhere")}))[1]["postgresql"]
    assert (word, 'database "nowhere" does not exist' in reason) == ("FAILED", True)


async def test_a_schema_that_is_behind_fails(check: Check, database: Database) -> None:
    """With the mend; one that is ahead does not: a new version is being rolled out."""
    await database.execute("INSERT INTO schema_migrations (number, name, sha256) VALUES ($1, '', '')", LATEST + 1)
    assert (await check())[1]["postgresql"][0] == "ok"
    await database.execute("DELETE FROM schema_migrations WHERE number >= $1", LATEST)
    status, found = await check()
    assert status == 1
    assert found["postgresql"] == ("FAILED", "migrations are missing (1): run python -m app migrate")


async def test_a_database_that_was_never_migrated_fails(check: Check, empty_database_url: str) -> None:
    """All of them are missing."""
    word, reason = (await check({"DATABASE_URL": empty_database_url}))[1]["postgresql"]
    assert (word, f"({LATEST})" in reason) == ("FAILED", True)


def test_the_last_migration_is_the_one_that_is_looked_for() -> None:
    """Whoever adds one says so in jobs/stores/schema.py."""
    assert load_migrations(FOLDER)[-1].number == LATEST


@pytest.mark.parametrize("store", ["redis", "postgres"])
async def test_a_store_that_hangs_is_not_waited_for(hasty_check: Check, servers: Servers, store: str) -> None:
    """The answer comes within a few seconds, the other store's line as ever."""
    async with hung(getattr(servers, store)):
        began = time.monotonic()
        status, found = await hasty_check()
        assert time.monotonic() - began < 10
    assert status == 1
    words = {subject: word for subject, (word, _) in found.items()}
    assert (words["redis"], words["postgresql"]) == (("FAILED", "ok") if store == "redis" else ("ok", "FAILED"))


async def test_wrong_settings_and_arguments_have_a_status_of_their_own(environ: dict[str, str]) -> None:
    """Two, as with every command; all mistakes are told."""
    async with started(CHECK, {**environ, "JOBS_TYPO": "1", "REDIS_URL": f"redis://:{SECRET}@"}) as command:
        assert await command.ends(within_s=30) == 2
    text = "\n".join(command.lines)
    assert "JOBS_TYPO" in text
    assert "REDIS_URL" in text
    assert "s3cr" not in text
    async with started((*CHECK, "--queues", "a,,b"), environ) as command:
        assert await command.ends(within_s=30) == 2
    assert "NAME,NAME" in command.lines[-1]


async def test_a_worker_of_this_host_must_live_where_that_is_asked(environ: dict[str, str], check: Check) -> None:
    """It is told by what it said of itself; of queues only its own count, unless others are named."""
    host = f"host {socket.gethostname()}"
    assert (await check(queues=None, is_here=True))[1][host] == ("FAILED", "no worker lives on it")
    async with worker_process(environ, "data_sync:3") as worker:

        async def it_is_there() -> Found | None:
            status, found = await check(queues=None, is_here=True)
            return found if status == 0 else None

        found = await eventually(it_is_there)
        assert list(found) == ["settings", "redis", "postgresql", host, "queue data_sync"]
        name = json.loads(worker.lines[0])["worker"]
        assert re.fullmatch(rf"{name} serves data_sync \(0 of 3\), and said so [0-9]\.\d s ago", found[host][1])
        status, found = await check(queues=["scheduled"], is_here=True)
        assert (status, found[host][0], found["queue scheduled"]) == (1, "ok", ("FAILED", NOBODY))


async def test_canaries_are_told_with_their_ages_and_all_of_it_as_json(environ: dict[str, str]) -> None:
    """Those of the queues that are looked at; one object, and the status as ever."""
    settings = {**environ, "JOBS_TIMETABLE": "off; canary=0 0 29 2 *"}  # none is sent but the one that is wanted
    async with running_web(settings) as web, running_worker(settings):

        async def is_enrolled() -> bool:
            return all(one["next_due_at"] for one in (await web.get("/api/schedules")).json()["items"])

        await eventually(is_enrolled)
        await ran_now(web, "canary.data_sync")

        async def has_come_back() -> dict[str, tuple[bool, str]]:
            arguments = ("--here", "--json", "--queues", "data_sync,scheduled")
            async with started((*CHECK, *arguments), settings) as command:
                status = await command.ends(within_s=30)
            told = json.loads(command.lines[-1])
            assert told["ok"] == (status == 0) == all(one["ok"] for one in told["findings"])
            found = {one["subject"]: (one["ok"], one["reason"]) for one in told["findings"]}
            _, reason = found.get("canary data_sync", (False, ""))  # none where PostgreSQL has not answered in time
            return found if "s ago" in reason else {}

        found = await eventually(has_come_back, within_s=60)
    assert found["canary scheduled"] == (True, "none has come back")
    assert "canary data_processing" not in found
