"""`backup_database` with the real pg_dump: it comes back whole, and what goes wrong leaves nothing behind."""

import asyncio
import math
import resource
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from deploy.local.binaries import find_postgres
from jobs.stores.database import Database
from tests.support.conditions import eventually
from tests.support.metrics import scrape, value_of
from tests.support.processes import started
from tests.support.restoring import restored
from tests.support.running import ran_now, started_now
from tests.support.site import end_of, running_web, running_worker, submit
from tests.support.small_disk import on_a_small_disk

_SECRET = "a-word-that-nobody-may-see"  # noqa: S105
_SCHEDULE = "backup_database"
_SEEDS = (
    """
    INSERT INTO jobs (
        id, task, queue, owner, state, priority, args, tags, max_tries, timeout_s, accepted_at, finished_at
    )
    SELECT number::text, 't', 'q', 'ann', 'failed', 5, '{}', '{}', 5, 300, now(), now()
    FROM generate_series(1, 3000) AS number
    """,
    """
    INSERT INTO facts (
        platform, shop_id, domain, sub_domain, granularity, business_date, row_hash, data, file_id, template_id,
        first_seen_at, last_seen_at
    )
    SELECT
        'shop', 's1', (array['orders', 'inventory'])[1 + number % 2], '', 'daily', '2026-03-01',
        sha256(number::text::bytea), jsonb_build_object('商品', number), gen_random_uuid(), gen_random_uuid(),
        now(), now()
    FROM generate_series(1, 5000) AS number
    """,
    "INSERT INTO audit (actor, action, object_id, outcome, details) VALUES ('ann', 'job.cancel', '1', 'done', '{}')",
)
_TABLES = """
SELECT relname AS name FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY relname
"""
# What the run itself writes while the dump is made; of these what was there before is compared.
_STIRRED = {
    "jobs": "owner = 'ann'",
    "job_tags": "false",
    "audit": "actor = 'ann'",
    "backups": "false",
    "schedules": "false",
}
_HELD_UP = "datname = current_database() AND wait_event_type = 'Lock' AND query LIKE 'LOCK TABLE%'"
_WAITS_FOR_A_TABLE = f"SELECT FROM pg_stat_activity WHERE {_HELD_UP}"
_CUT = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {_HELD_UP}"  # noqa: S608  our own
_FACTS = "SELECT md5(string_agg(facts::text, ',' ORDER BY facts::text)) AS digest FROM facts"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give where backups go; it is not there yet."""
    return tmp_path / "backups"


@pytest.fixture
def environ(environ: dict[str, str], folder: Path) -> dict[str, str]:
    """Give the variables of a site that makes backups, of which none is due by itself."""
    return {
        **environ,
        "DATABASE_URL": f"{environ['DATABASE_URL']}&password={_SECRET}",
        "JOBS_TIMETABLE": f"off; {_SCHEDULE}=0 0 29 2 *",
        "JOBS_BACKUP_DIR": str(folder),
        "JOBS_BACKUP_KEEP": "3",
        "JOBS_POSTGRES_BIN": str(find_postgres().folder),
    }


@asynccontextmanager
async def _site(environ: dict[str, str]) -> AsyncIterator[httpx.AsyncClient]:
    async with running_web(environ) as client, running_worker(environ):
        yield client


async def _failed_try(environ: dict[str, str]) -> str:
    """Run it where it must fail; give what it says of its first try."""
    async with _site(environ) as client:
        return await _said_by_the_first_try(client)


async def _said_by_the_first_try(client: httpx.AsyncClient) -> str:
    job = await started_now(client, _SCHEDULE)

    async def first() -> Any:  # noqa: ANN401  JSON
        found = (await client.get(f"/api/jobs/{job['id']}")).json()["attempts"]
        return found[0] if found and found[0]["error"] else None

    tried = await eventually(first, within_s=30)
    return str(tried["error"]["message"])


async def _counts(database: Database) -> dict[str, int]:
    names = [row["name"] for row in await database.fetch(_TABLES)]
    counts = {}
    for name in names:
        where = _STIRRED.get(name, "true")
        (row,) = await database.fetch(f"SELECT count(*) AS amount FROM {name} WHERE {where}")  # noqa: S608  our own
        counts[name] = row["amount"]
    return counts


def _mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def _size(path: Path) -> int:
    return path.stat().st_size


def _fill(folder: Path, *more: str) -> list[str]:
    """Let there be five backups, and further files; give the names of the backups."""
    folder.mkdir()
    names = [f"switchyard-2020010{day}T030000.000Z.dump" for day in range(1, 6)]
    for name in (*names, *more):
        (folder / name).write_bytes(b"x")
    return names


def _dumps(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


async def test_a_backup_comes_back_whole(
    environ: dict[str, str], database: Database, empty_database_url: str, folder: Path
) -> None:
    """All tables, with as many rows; the facts are the same to the letter."""
    for seed in _SEEDS:
        await database.execute(seed)
    async with _site(environ) as client:
        before = await scrape(client)
        job = await ran_now(client, _SCHEDULE)
        after = await scrape(client)
    assert job["state"] == "succeeded", job["error"]
    assert value_of(before, "switchyard_backup_age_seconds") == math.inf
    assert 0 < value_of(after, "switchyard_backup_age_seconds") < 60
    assert value_of(after, "switchyard_backup_bytes") == job["result"]["bytes"]
    (name,) = _dumps(folder)
    whole = folder / name
    assert (job["result"]["name"], job["result"]["bytes"]) == (name, _size(whole))
    assert [_mode(path) for path in (whole, folder)] == [0o600, 0o700]
    (row,) = await database.fetch("SELECT * FROM backups")
    assert (row["name"], row["bytes"]) == (name, _size(whole))
    await restored(environ, empty_database_url)
    other = await Database.open(empty_database_url, size=1, patience_s=10, answer_s=30)
    try:
        counts = await _counts(other)
        assert counts == await _counts(database)
        assert (counts["jobs"], counts["facts_orders"], counts["audit"]) == (3_000, 2_500, 1)
        assert job["result"]["tables"] == len(counts)
        assert await other.fetch(_FACTS) == await database.fetch(_FACTS)
    finally:
        await other.close()
    async with _site({**environ, "DATABASE_URL": empty_database_url}) as client:
        assert (await end_of(client, (await submit(client, "diag.noop"))["id"]))["state"] == "succeeded"
        assert (await client.get(f"/api/jobs/{job['id']}")).json()["task"] == _SCHEDULE


async def test_the_newest_are_kept_whatever_their_age(
    environ: dict[str, str], database: Database, folder: Path
) -> None:
    """Told by their names; files that are no backups stay, what a dead run has left does not."""
    old = _fill(folder, "switchyard-of-a-dead-run-1.part", "notes.txt")
    await database.execute("INSERT INTO backups SELECT name, 1, now(), now() FROM unnest($1::text[]) AS name", old)
    async with _site(environ) as client:
        job = await ran_now(client, _SCHEDULE)
    assert job["result"]["dropped"] == 3
    kept = [*old[3:], job["result"]["name"]]
    assert _dumps(folder) == sorted(["notes.txt", *kept])
    assert {row["name"] for row in await database.fetch("SELECT name FROM backups")} == set(kept)


async def test_a_file_that_may_not_grow_fails_the_job(
    environ: dict[str, str], database: Database, folder: Path
) -> None:
    """pg_dump is killed without a word: nothing half-made stays, and the older ones do, however many."""
    for seed in _SEEDS:
        await database.execute(seed)
    old = _fill(folder)
    with _files_of_at_most(10_000):
        said = await _failed_try(environ)
    assert said == "pg_dump was ended by SIGXFSZ, without a word"
    assert _dumps(folder) == old
    assert await database.fetch("SELECT FROM backups") == []


@contextmanager
def _files_of_at_most(size: int) -> Iterator[None]:
    """Let no file of this process and its children grow beyond that."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


async def test_a_full_disk_fails_the_job_with_pg_dump_s_words(
    environ: dict[str, str], database: Database, folder: Path
) -> None:
    """And leaves no half-made file on it."""
    for seed in _SEEDS:
        await database.execute(seed)
    command = (*on_a_small_disk(folder, "32k"), sys.executable, "-m", "jobs", "worker", "--with-steward")
    async with running_web(environ) as client, started(command, environ) as worker:
        said = await _said_by_the_first_try(client)
        assert _dumps(Path(f"/proc/{worker.pid}/root{folder}")) == []
    assert "pg_dump: error: could not" in said
    assert "No space left on device" in said


async def test_a_dump_that_loses_its_connection_fails_the_job_with_pg_dump_s_words(
    environ: dict[str, str], database: Database, folder: Path
) -> None:
    """And keeps what there was."""
    old = _fill(folder)
    async with _site(environ) as client, database.transaction() as connection:
        await connection.execute("LOCK TABLE facts IN ACCESS EXCLUSIVE MODE")
        cutting = asyncio.create_task(eventually(lambda: database.fetch(_CUT)))
        said = await _said_by_the_first_try(client)
        await cutting
    assert "pg_dump: error: query failed: FATAL:  terminating connection" in said
    assert _SECRET not in said
    assert _dumps(folder) == old


async def test_without_the_program_the_job_says_how_to_get_it(
    environ: dict[str, str], folder: Path, tmp_path: Path
) -> None:
    """It fails for good: another try would not find it either."""
    async with _site({**environ, "JOBS_POSTGRES_BIN": str(tmp_path)}) as client:
        job = await ran_now(client, _SCHEDULE)
    assert (job["state"], job["tries"]) == ("failed", 1)
    assert "there is no pg_dump" in job["error"]["message"]
    assert "client programs" in job["error"]["message"]
    assert _dumps(folder) == []


async def test_a_folder_that_is_none_is_named(environ: dict[str, str], tmp_path: Path) -> None:
    """By its setting."""
    (tmp_path / "file").write_bytes(b"")
    said = await _failed_try({**environ, "JOBS_BACKUP_DIR": str(tmp_path / "file" / "backups")})
    assert said == "the folder JOBS_BACKUP_DIR: Not a directory: backups"


async def test_a_cancelled_backup_ends_pg_dump(
    environ: dict[str, str], database: Database, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """While it waits for a table. Neither its arguments nor a log show the password."""
    async with _site(environ) as client, database.transaction() as connection:
        await connection.execute("LOCK TABLE facts IN ACCESS EXCLUSIVE MODE")
        job = await started_now(client, _SCHEDULE)

        async def dumps() -> list[bytes]:
            return _command_lines(b"pg_dump", folder)

        (arguments,) = await eventually(dumps)
        assert _SECRET.encode() not in arguments

        async def waits() -> bool:
            rows = await database.fetch(
                "SELECT FROM pg_stat_activity WHERE query LIKE 'LOCK TABLE%' AND state = 'active'"
            )
            return bool(rows)

        await eventually(waits)
        answer = await client.post(f"/api/jobs/{job['id']}/cancel", params={"wait_s": 15})
        assert answer.json()["outcome"] == "stopped"
        assert _command_lines(b"pg_dump", folder) == []
        assert _dumps(folder) == []
    assert _SECRET not in capsys.readouterr().out


def _command_lines(program: bytes, folder: Path) -> list[bytes]:
    """Find the processes of this name that are told of our folder."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = path.read_bytes()
        except OSError:
            continue
        if program in line.partition(b"\0")[0] and str(folder).encode() in line:
            found.append(line)
    return found
