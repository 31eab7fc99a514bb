"""deploy/postgresql: a site works as the role that is made for it, and that role can do no more."""

import re
import subprocess
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import pytest

from app.migrate import FOLDER, load_migrations, migrate
from deploy.local.binaries import find_postgres
from jobs.stores.database import Database
from tests.support.files import publish, sync_rows
from tests.support.running import ran_now
from tests.support.servers import Servers
from tests.support.site import end_of, environment, running_web, running_worker, submit

SCRIPTS = Path(__file__).parents[2] / "deploy/postgresql"
DATABASE = "least"
ROWS = (("A1", "x", 2, "1.50", "2026-03-01 10:00:00"), ("A2", "x", 5, "1.50", "2026-03-02 11:00:00"))

FORBIDDEN = (
    "DROP TABLE jobs",
    "ALTER TABLE jobs ADD COLUMN x integer",
    "ALTER TABLE audit DISABLE TRIGGER audit_is_kept",
    "TRUNCATE jobs",
    "CREATE TABLE x (y integer)",
    "CREATE INDEX x ON jobs (owner)",
    "CREATE SCHEMA x",
    "CREATE ROLE x",
    "DROP FUNCTION prune_audit(integer, integer)",
    "UPDATE audit SET actor = 'nobody'",
    "SELECT set_config('switchyard.prunes_audit', 'yes', false); DELETE FROM audit",
    "INSERT INTO schema_migrations (number, name, sha256) VALUES (9999, 'x', 'x')",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Urls:
    """Of one database, by the two roles."""

    owner: str
    app: str


@pytest.fixture
async def urls(servers: Servers) -> AsyncIterator[Urls]:
    """Make roles and database as the guide does, and the schema as the owner; drop all in the end."""
    urls = Urls(
        owner=servers.url_of(DATABASE).replace("user=switchyard", "user=switchyard_owner"),
        app=servers.url_of(DATABASE).replace("user=switchyard", "user=switchyard_app"),
    )
    roles = re.sub(
        r"(DATABASE|connect) switchyard\b", rf"\1 {DATABASE}", (SCRIPTS / "roles.sql").read_text(encoding="utf-8")
    )
    try:
        psql(servers.postgres.url, roles, "--set=owner_password=a'b", "--set=app_password=c")
        pool = await Database.open(urls.owner, size=1, patience_s=10, answer_s=30)
        await migrate(pool, load_migrations(FOLDER))
        await pool.close()
        psql(urls.owner, (SCRIPTS / "audit.sql").read_text(encoding="utf-8"))
        yield urls
    finally:
        psql(servers.postgres.url, f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")
        psql(servers.postgres.url, "DROP ROLE IF EXISTS switchyard_owner; DROP ROLE IF EXISTS switchyard_app")


def psql(url: str, script: str, *options: str) -> None:
    """Run a script by PostgreSQL's own program, up to the first fault, which is raised."""
    command = [str(find_postgres().folder / "psql"), "-X", "-q", "-v", "ON_ERROR_STOP=1", *options, url]
    done = subprocess.run(command, input=script, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr


async def test_a_site_works_as_its_role(urls: Urls, redis_url: str, tmp_path: Path) -> None:
    """Jobs, files, deeds that are written down, old entries that go, and a backup of all that."""
    environ = environment(
        database_url=urls.app,
        redis_url=redis_url,
        data_dir=tmp_path / "data",
        JOBS_TIMETABLE="prune_history=0 0 1 1 *; backup_database=0 0 1 1 *",
        JOBS_AUDIT_DAYS="1",
        JOBS_BACKUP_DIR=str(tmp_path / "backups"),
        JOBS_POSTGRES_BIN=str(find_postgres().folder),
    )
    (tmp_path / "backups").mkdir()
    async with running_web(environ) as client, running_worker(environ):
        job = await submit(client, "diag.fail", {"message": "no", "times": 9}, max_tries=1)
        assert (await end_of(client, job["id"]))["state"] == "failed"
        assert (await client.post(f"/api/jobs/{job['id']}/retry")).status_code == 202
        assert (await client.get("/api/audit")).json()["items"][0]["action"] == "job.retry"
        await publish(client)
        assert (await sync_rows(client, ROWS))["rows"]["inserted"] == len(ROWS)
        for schedule in ("prune_history", "backup_database"):
            assert (await ran_now(client, schedule))["state"] == "succeeded"
    assert len(list((tmp_path / "backups").glob("*.dump"))) == 1


async def test_its_role_can_do_no_more(urls: Urls) -> None:
    """Neither change the schema nor the past; the owner of the tables is none of the site's processes."""
    connection = await asyncpg.connect(urls.app)
    try:
        for statement in FORBIDDEN:
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(statement)
        await connection.execute(
            "INSERT INTO audit (at, actor, action, object_id, outcome, details)"
            " SELECT now() - make_interval(days => days), 'ann', 'job.cancel', '1', 'done', '{}'"
            " FROM generate_series(0, 3) AS days"
        )
        assert await connection.fetchval("SELECT prune_audit(0, 100)") == 3
        assert await connection.fetchval("SELECT count(*) FROM audit") == 1
    finally:
        await connection.close()
